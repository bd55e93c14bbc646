"""How an attempt to call a stranger ended. Importing this module costs nothing: it needs no HTTP."""

from dataclasses import dataclass, field
from typing import Literal

type ErrorClass = Literal[
    "blocked_target",  # the URL, or an address behind its name, is not allowed; nothing was sent
    "dns_error",  # the name has no address, or its servers did not say so in time
    "connect_error",  # no address accepted the connection
    "tls_error",  # certificate expired, not trusted, for another name; or no TLS 1.2 spoken
    "timeout",  # no complete head of a response by the deadline
    "reset",  # the receiver hung up before its head was complete
    "bad_response",  # the answer is not HTTP/1.x, is too large, or has a status outside 200 to 599
]


@dataclass(frozen=True)
class Body:
    """As much of a response's body as the caller asked for, never decompressed.

    `content_type` is the header as it was sent, "" for none. `is_whole` is false when the body is longer than the
    caller's limit, or did not end in time.
    """

    content: bytes = field(default=b"", repr=False)
    content_type: str = ""
    is_whole: bool = True


_EMPTY = Body()


@dataclass(frozen=True)
class Delivered:
    """A complete head with a status from 200 to 299; the fate of the body after it does not matter."""

    status: int
    excerpt: str
    duration_ms: int
    body: Body = _EMPTY


@dataclass(frozen=True)
class Refused:
    """A complete head with a status from 300 to 599. `retry_after`: seconds from now, as sent, no limit."""

    status: int
    excerpt: str
    duration_ms: int
    retry_after: int | None
    body: Body = _EMPTY


@dataclass(frozen=True)
class Unreachable:
    """The attempt got no complete head of a response.

    `detail` is for the webhook's owner: it holds no path, secret or address.
    """

    error: ErrorClass
    detail: str
    duration_ms: int


type Outcome = Delivered | Refused | Unreachable


class AttemptFailed(Exception):
    """The attempt is over without an answer. It is not an OSError, so that handlers of those let it pass."""

    def __init__(self, error: ErrorClass, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail

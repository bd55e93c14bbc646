"""The outcomes of one HTTP call to a receiver. This module imports no HTTP library, so importing it is cheap."""

from dataclasses import dataclass, field

from ferryman.outbound.error_class import ErrorClass


@dataclass(frozen=True)
class Body:
    """The start of a response's body, up to the caller's limits of bytes and seconds. It is never decompressed.

    `content_type` is the header as the receiver sent it, "" for none. `is_whole` is false when the body is longer than
    the caller's limit, breaks off, or does not end in time.
    """

    content: bytes = field(default=b"", repr=False)
    content_type: str = ""
    is_whole: bool = True


_EMPTY = Body()


@dataclass(frozen=True)
class Delivered:
    """The receiver answered with a complete head and a status from 200 to 299. Its body may have broken off.

    `excerpt` is the text of the body's first 1,024 bytes at most, without secrets and control characters.
    """

    status: int
    excerpt: str
    duration_ms: int
    body: Body = _EMPTY


@dataclass(frozen=True)
class Refused:
    """The receiver answered with a complete head and a status from 300 to 599. `excerpt` is as in Delivered.

    `retry_after` is the wait that the header Retry-After asks for, in seconds, without an upper limit; None without a
    readable header.
    """

    status: int
    excerpt: str
    duration_ms: int
    retry_after: int | None
    body: Body = _EMPTY


@dataclass(frozen=True)
class Unreachable:
    """The attempt got no usable head of a response; `error` says why.

    `detail` is a text for the webhook's owner. It contains no path, no secret, and no address that a name resolved to.
    """

    error: ErrorClass
    detail: str
    duration_ms: int


type Outcome = Delivered | Refused | Unreachable


class AttemptFailed(Exception):
    """An attempt ended without a usable answer. This is not an OSError, so `except OSError` does not catch it."""

    def __init__(self, error: ErrorClass, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail

"""Calls a receiver once and returns an Outcome, even if the receiver is slow, broken or hostile.

The guard (`adapter`) makes the call. This module turns its response or exception into an Outcome, whose excerpt
contains no secret.
"""

import email.utils
import re
import ssl
import time
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC
from functools import lru_cache
from typing import TypedDict, Unpack

import requests
from requests.structures import CaseInsensitiveDict

from ferryman import clock
from ferryman.outbound import adapter
from ferryman.outbound.adapter import DEADLINE_SECONDS, BoundedResponse, CallFailed, Limits
from ferryman.outbound.outcomes import Body, Delivered, Outcome, Refused, Unreachable
from ferryman.outbound.own_network import OwnNetworkDown
from ferryman.outbound.resolver import Resolve
from ferryman.outbound.ssrf_guard import AllowedTargets

EXCERPT_BYTES = 1024
EXCERPT_SECONDS = 1.0


class Options(TypedDict, total=False):
    """Optional settings of a call.

    `deadline_seconds` bounds the whole call, 8 by default. The outcome's body is the response's first
    `max_response_bytes` (1,024 by default), read for `response_seconds` (1 by default) after the head and never past
    the deadline. `resolve(host, port)` returns a name's addresses or raises OSError. `context` replaces the one of
    `tls.context()`. When no connection was made, `request` calls `own_network_is_down()`, which may take a second more.
    """

    deadline_seconds: float
    max_response_bytes: int
    response_seconds: float
    resolve: Resolve | None
    context: ssl.SSLContext | None
    own_network_is_down: Callable[[], bool]


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, allowed_targets: AllowedTargets, **options: Unpack[Options]
) -> Outcome:
    """Send `body` to `url` once, by POST, and return the outcome. Raises as `request` does."""
    return request("POST", url, body, headers, allowed_targets=allowed_targets, **options)


def request(
    method: str,
    url: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    allowed_targets: AllowedTargets,
    **options: Unpack[Options],
) -> Outcome:
    """Call `url` once and return the outcome, within the deadline.

    A failure of DNS, the network or the receiver is an outcome, too. Raises OwnNetworkDown when no connection was made
    and `own_network_is_down()` returns true. Raises ValueError for a mistake of the caller: headers that cannot be sent
    or would change the framing, or a TLS context that verifies no certificates.
    """
    started = time.monotonic()

    def elapsed_ms() -> int:
        return round((time.monotonic() - started) * 1000)

    try:
        response = _session(allowed_targets, _limits(options), options.get("resolve"), options.get("context")).send(
            _prepared(method, url, body, headers or {}),
            timeout=options.get("deadline_seconds", DEADLINE_SECONDS),
            allow_redirects=False,
            stream=True,
            verify=True,
            cert=None,
            proxies={},
        )
    except CallFailed as failed:
        if not failed.connected and options.get("own_network_is_down", _never)():
            raise OwnNetworkDown(f"Not even our own queue can be reached: {failed.detail}") from None
        return Unreachable(failed.error, failed.detail, elapsed_ms())
    assert isinstance(response, BoundedResponse)  # noqa: S101 - the guard is the session's one adapter
    return _outcome(response, elapsed_ms())


def _limits(options: Options) -> Limits:
    return Limits(options.get("max_response_bytes", EXCERPT_BYTES), options.get("response_seconds", EXCERPT_SECONDS))


@lru_cache(maxsize=32)
def _session(
    allowed_targets: AllowedTargets, limits: Limits, resolve: Resolve | None, context: ssl.SSLContext | None
) -> requests.Session:
    """A cached session for these settings. Building a session takes a tenth of a delivery's time."""
    return adapter.session(allowed_targets, limits, resolve=resolve, context=context)


def _prepared(method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> requests.PreparedRequest:
    """The request with `url` and `headers` unchanged. Raises ValueError for a header Content-Length.

    `Session.request` would parse the URL once more, and merge settings of the session, although there are none.
    """
    if any(name.lower() == "content-length" for name in headers):
        raise ValueError("The header Content-Length belongs to the transport.")
    prepared = requests.PreparedRequest()
    prepared.method = method
    prepared.url = url
    prepared.headers = CaseInsensitiveDict(headers)
    prepared.body = body
    return prepared


def _never() -> bool:
    return False


def _outcome(response: BoundedResponse, duration_ms: int) -> Outcome:
    status, headers = response.status_code, response.headers
    body = Body(response.content, headers.get("Content-Type", ""), response.is_whole)
    excerpt = _redacted(body.content[:EXCERPT_BYTES].decode("utf-8", "replace"))
    if status < 300:
        return Delivered(status, excerpt, duration_ms, body)
    return Refused(status, excerpt, duration_ms, _retry_after(headers.get("Retry-After", "")), body)


def _retry_after(value: str) -> int | None:
    """The wait of a Retry-After header (RFC 9110 section 10.2.3) in seconds. Neither a number nor a date gives None."""
    value = value.strip()
    if re.fullmatch("[0-9]{1,10}", value):
        return int(value)
    try:
        date = email.utils.parsedate_to_datetime(value[:64])
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0, round(date.timestamp() - clock.now()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


# Receivers echo requests, and error texts quote URLs. The text may end within a secret: `\Z`.
_SECRETS = re.compile(
    r"(?P<prefix>fm_live_|fm_test_|fmwh_|whsec_)[A-Za-z0-9+/=_-]+"
    r"|(?P<bearer>\bBearer[ \t]+)[^\s\"',;<>]+"
    r"|(?P<hook>/hooks\\?/)(?:[A-Za-z0-9]{32}|[A-Za-z0-9]+\Z)",
    re.IGNORECASE,
)


def _redacted(text: str) -> str:
    """`text` without control and invisible characters (but newline and tab), and without secrets."""
    visible = "".join(c for c in text if c in "\n\t" or unicodedata.category(c)[0] != "C")
    return _SECRETS.sub(lambda match: f"{match[match.lastgroup or 0]}[redacted]", visible)

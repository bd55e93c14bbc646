"""The guard: the transport adapter of every `requests` session that calls receivers.

For each call, the guard parses the URL, looks its host name up once, checks every address, opens a new connection to a
checked one, verifies TLS against the name, sends the request, and reads a bounded part of the response without
decompressing it. It follows no redirects. The deadline ends the whole call. The guard trusts neither the session that
it is mounted on nor the environment.
"""

import http.client
import io
import re
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, override

import requests
import urllib3
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from ferryman import tls
from ferryman.outbound import resolver, ssrf_guard
from ferryman.outbound.connections import GuardedHTTPConnection, GuardedHTTPSConnection
from ferryman.outbound.deadline import Deadline
from ferryman.outbound.error_class import ErrorClass
from ferryman.outbound.outcomes import AttemptFailed
from ferryman.outbound.resolver import Resolve
from ferryman.outbound.ssrf_guard import AllowedTargets, Target, TargetRefused

DEADLINE_SECONDS = 8.0
USER_AGENT = "Ferryman-Webhooks/1"

_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "expect", "te", "trailer", "upgrade"})
_HEADER_NAME = re.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile("[\x20-\x7e]*")
# identity: little is read of a response, and nothing is ever decompressed.
_OWN_HEADERS = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Connection": "close"}


@dataclass(frozen=True)
class Limits:
    """How much of a response is read: `response_bytes` of its body, during `response_seconds` after its head."""

    response_bytes: int
    response_seconds: float


class CallFailed(requests.RequestException):
    """A call got no usable response; `error` and `detail` say why.

    `connected` is false when our own network may be at fault: no address of a remote target accepted a connection.
    """

    def __init__(self, failure: AttemptFailed, *, connected: bool, request: requests.PreparedRequest) -> None:
        super().__init__(failure.detail, request=request)
        self.error: ErrorClass = failure.error
        self.detail = failure.detail
        self.connected = connected


class BoundedResponse(requests.Response):
    """A response whose body was read as far as its Limits allow. `is_whole` says whether that is the complete body."""

    is_whole = False


def session(
    allowed_targets: AllowedTargets,
    limits: Limits,
    *,
    resolve: Resolve | None = None,
    context: ssl.SSLContext | None = None,
) -> requests.Session:
    """A session that makes every call through a GuardedAdapter. Threads may share the session.

    The session follows no redirects, stores no cookies, and ignores proxies, .netrc and certificates of the
    environment. The `timeout` of a call is the deadline of the whole call, 8 s by default. Calls raise the exceptions
    of GuardedAdapter.
    """
    session = requests.Session()
    session.trust_env = False
    session.headers.clear()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    session.adapters.clear()
    guard = GuardedAdapter(allowed_targets, limits, resolve=resolve, context=context)
    session.mount("https://", guard)
    session.mount("http://", guard)
    return session


class GuardedAdapter(BaseAdapter):
    """Sends one request, if its target is allowed.

    Raises CallFailed for a forbidden target, and for a failure of DNS, the network or the receiver. Raises ValueError
    for a mistake of the caller: headers that cannot be sent or would change the framing, or TLS without verification.
    `resolve(host, port)` returns a name's addresses or raises OSError. `context` replaces `tls.context()`.
    """

    def __init__(
        self,
        allowed_targets: AllowedTargets,
        limits: Limits,
        *,
        resolve: Resolve | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__()
        if context and (context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname):
            raise ValueError("The TLS context does not verify, and the guard sends nothing without verification.")
        self._allowed_targets = allowed_targets
        self._limits = limits
        self._resolve = resolve
        self._context = context

    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> BoundedResponse:
        """Send `request` and read its response, all within `timeout` seconds, 8 for None.

        Raises CallFailed or ValueError. `stream` and `proxies` have no effect.
        """
        if verify is not True or cert:
            raise ValueError("The guard verifies every certificate and shows none of its own.")
        body = _body(request.body)
        headers = _headers(request.headers, body)
        try:
            target = ssrf_guard.parse(request.url or "", self._allowed_targets)
        except TargetRefused as refused:
            failure = AttemptFailed("blocked_target", str(refused))
            raise CallFailed(failure, connected=True, request=request) from None
        with closing(Deadline(DEADLINE_SECONDS if timeout is None else float(timeout))) as deadline:
            try:
                with closing(self._connection(target, deadline)) as connection:
                    return self._exchange(request, target, headers, body, connection, deadline)
            except (AttemptFailed, TargetRefused) as failed:
                connected = deadline.connected or target.is_loopback or isinstance(failed, TargetRefused)
                raise CallFailed(_explained(failed, deadline), connected=connected, request=request) from None

    @override
    def close(self) -> None:
        """Do nothing, because no connection outlives its call."""

    def _connection(self, target: Target, deadline: Deadline) -> GuardedHTTPConnection:
        addresses = resolver.addresses(target, self._resolve, deadline.remaining())
        checked = ssrf_guard.check(target, addresses, self._allowed_targets)
        if target.scheme == "https":
            return GuardedHTTPSConnection(target, checked, deadline, ssl_context=self._context or tls.context())
        return GuardedHTTPConnection(target, checked, deadline)

    def _exchange(
        self,
        request: requests.PreparedRequest,
        target: Target,
        headers: dict[str, str],
        body: bytes | None,
        connection: GuardedHTTPConnection,
        deadline: Deadline,
    ) -> BoundedResponse:
        connection.connect()
        deadline.stage = "while waiting for the response"
        stream: socket.socket = connection.sock
        try:
            connection.request(
                request.method or "GET",
                target.path_and_query,  # as the guard parsed it, not as another parser reads the URL
                body,
                headers,
                preload_content=False,
                decode_content=False,
            )
        except (BrokenPipeError, ConnectionResetError):
            pass  # a server that refuses a large body answers and then closes the connection
        except OSError:
            raise AttemptFailed("reset", "the connection broke while the request was sent") from None
        connection.timeout = deadline.remaining() or 0.001
        with closing(connection.getresponse()) as raw:
            content, is_whole = self._read(raw, stream, deadline)
        response = BoundedResponse()
        response.request = request
        response.url = target.url
        response.status_code = raw.status
        response.headers = CaseInsensitiveDict(raw.headers)
        response.encoding = "utf-8"  # fixed, because reading the charset from the header can raise
        response.raw = io.BytesIO(content)
        response.is_whole = is_whole
        return response

    def _read(self, raw: urllib3.HTTPResponse, stream: socket.socket, deadline: Deadline) -> tuple[bytes, bool]:
        """The start of the body, up to the limits of bytes and seconds, and whether it is the complete body."""
        limit = self._limits.response_bytes
        until = min(time.monotonic() + self._limits.response_seconds, deadline.at)
        if raw.chunked:
            deadline.end_at(until)  # one read of chunks reads the socket often, each time with a timeout
        body = b""
        with suppress(urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError):
            while len(body) <= limit and (left := until - time.monotonic()) > 0:
                stream.settimeout(left)
                piece = raw.read1(limit + 1 - len(body), decode_content=False)
                if not piece:
                    return body, time.monotonic() < until
                body += piece
        return body[:limit], False


def _body(body: object) -> bytes | None:
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    raise ValueError("The guard sends bodies of a known length only: bytes or text.")


def _headers(given: Mapping[str, str | bytes], body: bytes | None) -> dict[str, str]:
    """The headers to send, with our own. Raises ValueError for one that cannot be sent or would change the framing."""
    headers = {}
    for name, value in given.items():
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if name.lower() == "content-length" and text == str(len(body or b"")):
            continue  # requests set it, and urllib3 will set the same
        if name.lower() in _FRAMING:
            raise ValueError(f"The header {name} belongs to the transport.")
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(text)):
            raise ValueError(f"The header {name!r} cannot be sent: only printable ASCII can.")
        headers[name.lower()] = (name, text)
    headers |= {name.lower(): (name, text) for name, text in _OWN_HEADERS.items()}
    return dict(headers.values())


def _explained(failure: AttemptFailed | TargetRefused, deadline: Deadline) -> AttemptFailed:
    """The failure to report: a `timeout` if the deadline has passed, unless the target was refused or DNS failed."""
    if isinstance(failure, TargetRefused):
        return AttemptFailed("blocked_target", str(failure))
    if deadline.remaining() > 0 or failure.error == "dns_error":
        return failure
    detail = f"no complete response within {deadline.seconds:g} s; time ran out {deadline.stage}"
    return AttemptFailed("timeout", detail)

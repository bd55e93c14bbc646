"""One POST to a receiver, which may be slow, broken or hostile: whatever it does comes back as an outcome.

Order: parse the URL, look its name up once, check every address, connect to a checked one, TLS on the name,
no redirects, a bounded read, a new connection each time. The whole of it is over at the deadline.
"""

import email.utils
import http.client
import io
import logging
import re
import socket
import ssl
import threading
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC
from http import HTTPStatus
from typing import Any, Literal

import urllib3
from urllib3.connection import HTTPSConnection

from ferryman import clock, tls
from ferryman.pipeline import targets
from ferryman.pipeline.targets import Target, TargetPolicy, TargetRefused

# urllib3 logs the receiver's path, which may hold its secret: at DEBUG always, at WARNING for bad headers.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)

DEADLINE_SECONDS = 8.0
EXCERPT_BYTES = 1024
EXCERPT_SECONDS = 1.0
MAX_HEAD_BYTES = 65536
USER_AGENT = "Ferryman-Webhooks/1"

type ErrorClass = Literal[
    "blocked_target",  # the URL, or an address behind its name, is not allowed; nothing was sent
    "dns_error",  # the name has no address, or its servers did not say so in time
    "connect_error",  # no address accepted the connection
    "tls_error",  # certificate expired, not trusted, for another name; or no TLS 1.2 spoken
    "timeout",  # no complete head of a response by the deadline
    "reset",  # the receiver hung up before its head was complete
    "bad_response",  # what came is not HTTP/1.x, too large, or has a status outside 200 to 599
]
type Resolve = Callable[[str, int], Iterable[str]]


@dataclass(frozen=True)
class Delivered:
    """A complete head with a status from 200 to 299; what became of the body after it does not matter."""

    status: int
    excerpt: str
    duration_ms: int


@dataclass(frozen=True)
class Refused:
    """A complete head with a status from 300 to 599. `retry_after`: seconds from now, as sent, no limit."""

    status: int
    excerpt: str
    duration_ms: int
    retry_after: int | None


@dataclass(frozen=True)
class Unreachable:
    """No answer that counts. `detail` is for the webhook's owner; it holds no path, secret or address."""

    error: ErrorClass
    detail: str
    duration_ms: int


type Outcome = Delivered | Refused | Unreachable


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    policy: TargetPolicy,
    deadline_seconds: float = DEADLINE_SECONDS,
    resolve: Resolve | None = None,
    context: ssl.SSLContext | None = None,
) -> Outcome:
    """Send `body` to `url` once and say what came of it, `deadline_seconds` later at most.

    `resolve(host, port)` gives a name's addresses or raises OSError; `context` replaces `tls.context()`.
    Nothing that DNS, the network or the receiver does raises. ValueError means that the caller is wrong:
    headers that cannot be sent or would change the framing, or a context that does not verify.
    """
    started = time.monotonic()

    def elapsed_ms() -> int:
        return round((time.monotonic() - started) * 1000)

    sent_headers = _headers(headers)
    try:
        target = targets.parse(url, policy)
    except TargetRefused as refused:
        return Unreachable("blocked_target", str(refused), elapsed_ms())
    verifying = _verifying(context or tls.context()) if target.scheme == "https" else None

    with closing(_Guard(target, resolve or _getaddrinfo, started + deadline_seconds)) as guard:
        try:
            addresses = targets.check(target, guard.addresses(), policy)
            with closing(_Pool(target.host, target.port, guard=guard, addresses=addresses, tls=verifying)) as pool:
                return _exchange(pool, target, sent_headers, body, guard, elapsed_ms)
        except TargetRefused as refused:
            return Unreachable("blocked_target", str(refused), elapsed_ms())
        except _Failed as failed:
            if guard.remaining() > 0 or failed.error == "dns_error":
                return Unreachable(failed.error, failed.detail, elapsed_ms())
            detail = f"no complete response within {deadline_seconds:g} s; time ran out {guard.stage}"
            return Unreachable("timeout", detail, elapsed_ms())


def _verifying(context: ssl.SSLContext) -> ssl.SSLContext:
    if context.verify_mode != ssl.CERT_REQUIRED or not context.check_hostname:
        raise ValueError("The TLS context does not verify; there is no way to send without verification.")
    return context


_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "expect", "te", "trailer", "upgrade"})
_HEADER_NAME = re.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile("[\x20-\x7e]*")


def _headers(given: Mapping[str, str]) -> dict[str, str]:
    for name, value in given.items():
        if name.lower() in _FRAMING:
            raise ValueError(f"The header {name} belongs to the transport.")
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            raise ValueError(f"The header {name!r} cannot be sent: only printable ASCII can.")
    # identity: a kilobyte is read of the answer, and nothing is ever decompressed.
    ours = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Connection": "close"}
    overridden = {name.lower() for name in ours}
    return {name: value for name, value in given.items() if name.lower() not in overridden} | ours


def _getaddrinfo(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class _Failed(Exception):
    """The attempt is over. Not an OSError, so that it passes through urllib3 unwrapped."""

    def __init__(self, error: ErrorClass, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail


class _Guard:
    """One thread per attempt: it looks the name up, then shuts the connection down at the deadline.

    getaddrinfo has no time limit, and a socket's timeout begins anew with every byte that a receiver drips. A
    look-up that outlasts its attempt cannot be ended: its thread is left to the resolver's own limit.
    """

    def __init__(self, target: Target, resolve: Resolve, deadline: float) -> None:
        self.stage = "while connecting"
        self.wire: socket.socket | None = None  # what is read from, with its own timeout
        self._target = target
        self._resolve = resolve
        self._deadline = deadline
        self._answer: list[str] | Exception | None = None
        self._answered = threading.Event()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        threading.Thread(target=self._run, name="webhook-guard", daemon=True).start()

    def remaining(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def addresses(self) -> list[str]:
        self._answered.wait(self.remaining())
        host, answer = self._target.host, self._answer
        if answer is None:
            raise _Failed("dns_error", f"DNS gave no answer for {host} in time")
        if isinstance(answer, (OSError, UnicodeError)):
            reason = answer.strerror if isinstance(answer, OSError) else None
            raise _Failed("dns_error", f"{host} could not be resolved: {reason or 'no usable answer'}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def watch(self, connection: socket.socket) -> None:
        # A duplicate, because the number of a file that urllib3 has closed may already be another attempt's.
        with self._lock:
            self._handle = connection.dup()

    def close(self) -> None:
        self._over.set()
        with self._lock:
            if self._handle:
                self._handle.close()
                self._handle = None

    def _run(self) -> None:
        try:
            host, port = self._target.host, self._target.port
            self._answer = [host] if self._target.is_address else list(self._resolve(host, port))
        except Exception as error:  # handed to the thread that waits for it
            self._answer = error
        self._answered.set()
        if not self._over.wait(self.remaining()):
            with self._lock, suppress(OSError):
                if self._handle:
                    self._handle.shutdown(socket.SHUT_RDWR)


class _Head:
    """The lines of a head, counted. An end of file is an error: http.client takes it for the blank line."""

    def __init__(self, source: io.BufferedIOBase) -> None:
        self.source = source
        self._size = 0

    def readline(self, limit: int | None = -1) -> bytes:
        line = self.source.readline(MAX_HEAD_BYTES - self._size + 1)
        if not line:
            raise http.client.RemoteDisconnected("end of file")
        self._size += len(line)
        if self._size > MAX_HEAD_BYTES:
            raise http.client.HTTPException(f"the head is larger than {MAX_HEAD_BYTES} bytes")
        return line


class _Response(http.client.HTTPResponse):
    _STATUS_LINE = re.compile(rb"(HTTP/1\.[0-9]) +([0-9]{3})(?:[ \t]([^\r\n]*))?\r?\n")
    fp: Any

    def begin(self) -> None:
        self.fp = head = _Head(self.fp)
        try:
            super().begin()
        except http.client.RemoteDisconnected:
            raise _Failed("reset", "the receiver hung up before its response head was complete") from None
        except ssl.SSLError as error:
            raise _Failed("tls_error", _tls_detail(error)) from None
        except OSError as error:
            raise _Failed("reset", error.strerror or "the connection broke") from None
        except (http.client.HTTPException, ValueError) as error:
            raise _Failed("bad_response", str(error)) from None
        finally:
            self.fp = head.source

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            match = self._STATUS_LINE.fullmatch(self.fp.readline())
            if not match:
                raise http.client.HTTPException("the status line is not HTTP/1.x")
            version, status, reason = match[1].decode(), int(match[2]), match[3] or b""
            if not 100 <= status < 200 or status == HTTPStatus.SWITCHING_PROTOCOLS:
                return version, status, reason.decode("iso-8859-1")
            # http.client skips 100 only, and takes 103 Early Hints for the answer (RFC 9110 section 15.2).
            while self.fp.readline() not in (b"\r\n", b"\n"):
                pass


class _Connection(HTTPSConnection):
    """Connects to checked addresses only. `host` stays the name: it is what TLS asks for and verifies."""

    response_class = _Response

    def __init__(
        self,
        host: str,
        port: int,
        *,
        guard: _Guard,
        addresses: list[str],
        tls: ssl.SSLContext | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(host, port, **kwargs)
        self._guard = guard
        self._addresses = addresses
        self._tls = tls

    def connect(self) -> None:
        # urllib3's own connect sets ALPN and verification on the shared context while other threads use it.
        plain = self._new_conn()
        self._guard.stage = "in the TLS handshake"
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain
        except OSError as error:
            plain.close()
            raise _Failed("tls_error", _tls_detail(error)) from None
        self.is_verified = True
        self._guard.wire = self.sock
        self._guard.stage = "while waiting for the response"

    def _new_conn(self) -> socket.socket:
        reason: str | None = None
        for tried, address in enumerate(self._addresses):
            share = self._guard.remaining() / (len(self._addresses) - tried)
            try:
                connection = socket.create_connection((address, self.port), share)
            except OSError as error:
                reason = "timed out" if isinstance(error, TimeoutError) else error.strerror
                continue
            self._guard.watch(connection)
            connection.settimeout(self._guard.remaining() or 0.001)
            # Head and body are two packets; Nagle would hold the second until the first is acknowledged.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection
        raise _Failed("connect_error", f"no connection to {self.host}:{self.port}: {reason or 'not possible'}")


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


def _exchange(
    pool: _Pool,
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    guard: _Guard,
    elapsed_ms: Callable[[], int],
) -> Outcome:
    try:
        # A pool knows no proxies, netrc and cookies; redirects and retries it leaves when told so.
        response = pool.urlopen(
            "POST",
            target.path_and_query,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            timeout=guard.remaining() or 0.001,
            preload_content=False,
            decode_content=False,
        )
    except urllib3.exceptions.InvalidHeader:
        raise _Failed("bad_response", "the receiver's Content-Length headers contradict each other") from None
    except urllib3.exceptions.HTTPError:
        raise _Failed("reset", "the connection broke while the request was sent") from None

    with closing(response):
        status = response.status
        if not 200 <= status <= 599:
            raise _Failed("bad_response", f"the status {status} is not one of a final response")
        retry_after = None if status < 300 else _retry_after(response.headers.get("Retry-After", ""))
        excerpt = _excerpt(response, guard)
    if status < 300:
        return Delivered(status, excerpt, elapsed_ms())
    return Refused(status, excerpt, elapsed_ms(), retry_after)


def _tls_detail(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted: {error.verify_message}"
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return f"no TLS connection: {reason or 'the receiver hung up'}"


def _retry_after(value: str) -> int | None:
    """The seconds of a Retry-After header, which is a number or a date (RFC 9110 section 10.2.3)."""
    value = value.strip()
    if re.fullmatch("[0-9]{1,10}", value):
        return int(value)
    try:
        date = email.utils.parsedate_to_datetime(value[:64])
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0, round(date.timestamp() - clock.now()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _excerpt(raw: urllib3.BaseHTTPResponse, guard: _Guard) -> str:
    """The first bytes of the body as text, or what came of them in a moment: the head has decided already."""
    until = time.monotonic() + min(EXCERPT_SECONDS, guard.remaining())
    body = b""
    with suppress(urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError):
        while len(body) < EXCERPT_BYTES and (left := until - time.monotonic()) > 0:
            if guard.wire:
                guard.wire.settimeout(left)
            piece = raw.read1(EXCERPT_BYTES - len(body), decode_content=False)
            if not piece:
                break
            body += piece
    return _redacted(body.decode("utf-8", "replace"))


# Receivers echo what they were sent, and errors quote URLs. The read may end within a secret: `\Z`.
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

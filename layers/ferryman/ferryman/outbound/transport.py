"""One POST to a receiver, which may be slow, broken or hostile: whatever it does comes back as an outcome.

Order: parse the URL, look its name up once, check every address, connect to a checked one, TLS on the name,
no redirects, a bounded read, a new connection each time. The whole of it is over at the deadline.
"""

import email.utils
import heapq
import http.client
import io
import itertools
import re
import socket
import ssl
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC
from http import HTTPStatus
from queue import Empty, SimpleQueue
from typing import Any, Literal

from ferryman import clock
from ferryman.outbound import own_network, targets, tls
from ferryman.outbound.targets import DEFAULT_PORTS, Target, TargetPolicy, TargetRefused

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
    own_network_is_down: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Send `body` to `url` once and say what came of it, `deadline_seconds` later at most.

    `resolve(host, port)` gives a name's addresses or raises OSError; `context` replaces `tls.context()`.
    Nothing that DNS, the network or the receiver does raises, with one exception: when no connection was made,
    and `own_network_is_down()`, which may take another second, it is `egress.OwnNetworkDown`. ValueError means that
    the caller is wrong: headers that cannot be sent or would change the framing, or a context that does not verify.
    """
    started = time.monotonic()

    def elapsed_ms() -> int:
        return round((time.monotonic() - started) * 1000)

    lines = _lines(headers)
    try:
        target = targets.parse(url, policy)
    except TargetRefused as refused:
        return Unreachable("blocked_target", str(refused), elapsed_ms())
    request = _request(target, lines, body)
    verifying = _verifying(context or tls.context()) if target.scheme == "https" else None

    with closing(_Guard(started + deadline_seconds)) as guard:
        try:
            addresses = targets.check(target, _addresses(target, resolve or _getaddrinfo, guard), policy)
            return _exchange(_connect(target, addresses, verifying, guard), request, guard, elapsed_ms)
        except TargetRefused as refused:
            return Unreachable("blocked_target", str(refused), elapsed_ms())
        except _Failed as failed:
            if not (guard.connected or target.is_loopback) and own_network_is_down():
                raise own_network.OwnNetworkDown(f"Not even our own queue can be reached: {failed.detail}") from None
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


# identity: a kilobyte is read of the answer, and nothing is ever decompressed.
_OWN_HEADERS = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Connection": "close"}


def _lines(given: Mapping[str, str]) -> list[str]:
    """The lines of the request's head that do not depend on the target."""
    for name, value in given.items():
        if name.lower() in _FRAMING:
            raise ValueError(f"The header {name} belongs to the transport.")
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            raise ValueError(f"The header {name!r} cannot be sent: only printable ASCII can.")
    headers = {name.lower(): (name, value) for name, value in (*given.items(), *_OWN_HEADERS.items())}
    return [f"{name}: {value}" for name, value in headers.values()]


def _request(target: Target, lines: list[str], body: bytes) -> bytes:
    host = f"[{target.host}]" if ":" in target.host else target.host
    port = "" if target.port == DEFAULT_PORTS[target.scheme] else f":{target.port}"
    first = [f"POST {target.path_and_query} HTTP/1.1", f"Host: {host}{port}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*first, *lines, "\r\n"]).encode("ascii") + body


# A look-up that outlasts its attempt cannot be ended, only waited for by nobody: a name that never answers must not
# gather threads. Two hundred attempts at a time may ask for one name, with as many of an earlier batch still hanging.
_MOST_LOOK_UPS_OF_A_NAME = 400
_look_ups: Counter[str] = Counter()
_look_ups_lock = threading.Lock()


def _look_up(resolve: Resolve, host: str, port: int) -> list[str]:
    with _look_ups_lock:
        if _look_ups[host] >= _MOST_LOOK_UPS_OF_A_NAME:
            raise _Failed("dns_error", f"DNS gave no answer for {host} in time, again and again")
        _look_ups[host] += 1
    try:
        return list(resolve(host, port))
    finally:
        with _look_ups_lock:
            _look_ups[host] -= 1
            if not _look_ups[host]:
                del _look_ups[host]


def _getaddrinfo(host: str, port: int) -> list[str]:
    return [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class _Failed(Exception):
    """The attempt is over. Not an OSError, so that what handles those lets it pass."""

    def __init__(self, error: ErrorClass, detail: str) -> None:
        super().__init__(detail)
        self.error = error
        self.detail = detail


class _Guard:
    """One attempt's time: when it is up, its connection is shut down.

    A socket's own timeout is not enough, because it begins anew with every byte that a receiver drips.
    """

    def __init__(self, deadline: float) -> None:
        self.stage = "while connecting"
        self.deadline = deadline
        self.is_over = False
        self._lock = threading.Lock()
        self._handle: socket.socket | None = None
        _watchdog.add(self)

    def remaining(self) -> float:
        return max(0.0, self.deadline - time.monotonic())

    @property
    def connected(self) -> bool:
        """Whether some address accepted a connection."""
        return self._handle is not None

    def watch(self, connection: socket.socket) -> None:
        # A duplicate, because the number of a file that has been closed may already be another attempt's.
        with self._lock:
            self._handle = connection.dup()

    def cut(self) -> None:
        with self._lock, suppress(OSError):
            if self._handle:
                self._handle.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with self._lock:
            if self._handle:
                self._handle.close()
                self._handle = None
        _watchdog.remove(self)


class _Watchdog:
    """One thread for all attempts of the process, for as long as there are any: it cuts those whose time is up."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, int, _Guard]] = []  # a heap
        self._numbers = itertools.count()
        self._attempts = 0
        self._runs = False

    def add(self, guard: _Guard) -> None:
        with self._changed:
            if not self._runs:
                threading.Thread(target=self._run, name="webhook-guard", daemon=True).start()
                self._runs = True
            self._attempts += 1
            heapq.heappush(self._waiting, (guard.deadline, next(self._numbers), guard))
            if self._waiting[0][2] is guard:
                self._changed.notify()

    def remove(self, guard: _Guard) -> None:
        with self._changed:
            guard.is_over = True
            self._attempts -= 1
            if not self._attempts:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._waiting and self._waiting[0][2].is_over:
                    heapq.heappop(self._waiting)
                if not self._attempts:
                    self._runs = False
                    return
                until = self._waiting[0][0] if self._waiting else None
                seconds = None if until is None else until - time.monotonic()
                if seconds is None or seconds > 0:
                    self._changed.wait(seconds)
                    continue
                guard = heapq.heappop(self._waiting)[2]
            guard.cut()


_watchdog = _Watchdog()


def _addresses(target: Target, resolve: Resolve, guard: _Guard) -> list[str]:
    """What the target's name stands for now; an address stands for itself."""
    if target.is_address:
        return [target.host]
    answer = _resolvers.ask(resolve, target, guard.remaining())
    if answer is None:
        raise _Failed("dns_error", f"DNS gave no answer for {target.host} in time")
    if isinstance(answer, (OSError, UnicodeError)):
        reason = answer.strerror if isinstance(answer, OSError) else None
        raise _Failed("dns_error", f"{target.host} could not be resolved: {reason or 'no usable answer'}")
    if isinstance(answer, Exception):
        raise answer
    return answer


type _Answer = list[str] | Exception
type _Question = tuple[Resolve, Target, SimpleQueue[_Answer]]


class _Resolvers:
    """Threads that look names up, because getaddrinfo has no time limit. A free one is used again.

    A look-up that outlasts its attempt cannot be ended: its thread is left to the resolver's own limit (`_look_up`),
    and others take its place.
    """

    _IDLE_SECONDS = 1.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[SimpleQueue[_Question]] = []

    def ask(self, resolve: Resolve, target: Target, seconds: float) -> _Answer | None:
        """The addresses, what the look-up raised, or None when `seconds` were not enough."""
        answer: SimpleQueue[_Answer] = SimpleQueue()
        with self._lock:
            questions = self._free.pop() if self._free else None
        if questions is None:
            questions = SimpleQueue()
            threading.Thread(target=self._run, args=(questions,), name="webhook-resolver", daemon=True).start()
        questions.put((resolve, target, answer))
        with suppress(Empty):
            return answer.get(timeout=seconds)
        return None

    def _run(self, questions: SimpleQueue[_Question]) -> None:
        while True:
            try:
                resolve, target, answer = questions.get(timeout=self._IDLE_SECONDS)
            except Empty:
                with self._lock:
                    if questions in self._free:
                        self._free.remove(questions)
                        return
                continue  # somebody took it at this moment
            try:
                found: _Answer = _look_up(resolve, target.host, target.port)
            except Exception as error:  # handed to the thread that waits for it
                found = error
            with self._lock:
                self._free.append(questions)
            answer.put(found)
            del resolve, target, answer, found


_resolvers = _Resolvers()


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
            self._check_lengths()
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

    def _check_lengths(self) -> None:
        lengths = {
            length.strip() for value in self.headers.get_all("Content-Length", []) for length in value.split(",")
        }
        if len(lengths) > 1:
            raise http.client.HTTPException("the receiver's Content-Length headers contradict each other")

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


def _connect(target: Target, addresses: list[str], verifying: ssl.SSLContext | None, guard: _Guard) -> socket.socket:
    """A connection to one of the checked addresses. TLS asks for the target's name and verifies it."""
    plain = _open(target, addresses, guard)
    guard.stage = "in the TLS handshake"
    try:
        connection = verifying.wrap_socket(plain, server_hostname=target.host) if verifying else plain
    except OSError as error:
        plain.close()
        raise _Failed("tls_error", _tls_detail(error)) from None
    guard.stage = "while waiting for the response"
    return connection


def _open(target: Target, addresses: list[str], guard: _Guard) -> socket.socket:
    reason: str | None = None
    for tried, address in enumerate(addresses):
        share = guard.remaining() / (len(addresses) - tried)
        try:
            connection = socket.create_connection((address, target.port), share)
        except OSError as error:
            reason = "timed out" if isinstance(error, TimeoutError) else error.strerror
            continue
        guard.watch(connection)
        connection.settimeout(guard.remaining() or 0.001)
        # Nagle would hold the end of a body until what was before it is acknowledged.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
    raise _Failed("connect_error", f"no connection to {target.host}:{target.port}: {reason or 'not possible'}")


def _exchange(connection: socket.socket, request: bytes, guard: _Guard, elapsed_ms: Callable[[], int]) -> Outcome:
    with closing(connection), closing(_Response(connection, method="POST")) as response:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered before it hung up, as servers do that refuse a large body
        except OSError:
            raise _Failed("reset", "the connection broke while the request was sent") from None
        response.begin()
        status = response.status
        if not 200 <= status <= 599:
            raise _Failed("bad_response", f"the status {status} is not one of a final response")
        retry_after = None if status < 300 else _retry_after(response.headers.get("Retry-After", ""))
        excerpt = _excerpt(response, connection, guard)
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


def _excerpt(response: _Response, connection: socket.socket, guard: _Guard) -> str:
    """The first bytes of the body as text, or what came of them in a moment: the head has decided already."""
    until = time.monotonic() + min(EXCERPT_SECONDS, guard.remaining())
    body = b""
    with suppress(http.client.HTTPException, OSError, ValueError):
        while len(body) < EXCERPT_BYTES and (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            piece = response.read1(EXCERPT_BYTES - len(body))
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

"""A client of AWS's JSON services: one signed POST a call, on connections that are kept.

It does what botocore's does with its standard retries, for a tenth of the CPU (decision 23): four tries with jitter
when AWS is not reached, breaks off, fails (5xx) or throttles; a read of at most five seconds; certificates verified;
DynamoDB's checksum checked. Requests and answers are AWS's JSON as it is: binary values are base64.

Endpoint, Region and credentials come from the variables that Lambda sets and that other SDKs read too.
"""

import json
import random
import select
import socket
import ssl
import time
import zlib
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ferryman import settings
from ferryman.aws.signature import Credentials, signed
from ferryman.errors import AwsRefused, AwsUnreachable, Misconfigured
from ferryman.outbound import tls

_TRIES = 4
_PAUSE_SECONDS = 0.1  # before the second try, at most; twice as much before each further one
_PATIENCE_SECONDS = 7.0  # for beginning another try: with its own time that is less than a request's 15 seconds
_CONNECT_SECONDS = 2.0
_READ_SECONDS = 5.0
_MAX_HEAD_BYTES = 65536
# Of the partitions of AWS that have a domain of their own, by how the names of their Regions begin.
_DOMAINS = {
    "cn-": "amazonaws.com.cn",
    "eusc-": "amazonaws.eu",
    "us-iso-": "c2s.ic.gov",
    "us-isob-": "sc2s.sgov.gov",
    "us-isof-": "csp.hci.ic.gov",
    "eu-isoe-": "cloud.adc-e.uk",
}


class _Broken(Exception):
    """What came is no whole answer."""


class _Closed(_Broken):
    """Nothing came at all."""


class Client:
    """One service. `call` may be used by many threads at once."""

    def __init__(self, service: str, target: str, version: str) -> None:
        """`target` is the prefix of X-Amz-Target, `version` that of AWS's JSON protocol."""
        self.service = service
        self._target = target
        self._media_type = f"application/x-amz-json-{version}"
        self._region = settings.optional("AWS_REGION") or settings.text("AWS_DEFAULT_REGION")
        self._credentials = Credentials.of_environment()
        self._secure, self._host, self._port = _endpoint(service, self._region)
        default = self._port == (443 if self._secure else 80)
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._host_header = host if default else f"{host}:{self._port}"
        self._idle: deque[socket.socket] = deque()

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """The answer to an operation such as `PutItem`. Raises AwsRefused for what AWS refused, AwsUnreachable when
        it gave no answer; then the call may have been carried out all the same."""
        body = json.dumps(request, separators=(",", ":")).encode()
        begun = time.monotonic()
        for tried in range(1, _TRIES + 1):
            try:
                status, content = self._exchange(operation, body)
                if status < 300:
                    return _object(content)
            except (OSError, _Broken) as error:
                self._forget()  # what broke this connection may have broken those that waited as long
                failure: AwsRefused | AwsUnreachable = AwsUnreachable(
                    f"{self.service} did not answer {operation}: {type(error).__name__}: {error}"
                )
            else:
                failure = _refusal(self.service, operation, status, content)
                if not failure.is_passing:
                    raise failure
            if tried == _TRIES or time.monotonic() - begun > _PATIENCE_SECONDS:
                raise failure
            time.sleep(random.random() * _PAUSE_SECONDS * 2 ** (tried - 1))  # noqa: S311
        raise AssertionError("unreachable")

    def connect(self) -> None:
        """Make a connection before the first call needs one; when that fails, the call tries again."""
        with suppress(OSError):
            self._idle.append(self._connected())

    def _exchange(self, operation: str, body: bytes) -> tuple[int, bytes]:
        """One try: status and body."""
        headers = {
            "content-type": self._media_type,
            "host": self._host_header,
            "x-amz-target": f"{self._target}.{operation}",
        }
        return self._request(signed(headers, body, self._credentials, self._region, self.service, time.time()), body)

    def _request(self, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        head = f"POST / HTTP/1.1\r\n{lines}content-length: {len(body)}\r\n\r\n"
        request = head.encode("latin-1") + body
        while (connection := self._taken()) is not None:
            # One that was closed while we wrote is no failure of AWS.
            with suppress(ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError, _Closed):
                return self._ask(connection, request)
        return self._ask(self._connected(), request)

    def _ask(self, connection: socket.socket, request: bytes) -> tuple[int, bytes]:
        kept = False
        try:
            connection.sendall(request)
            status, content, kept = _answer(connection)
        finally:
            if kept:
                self._idle.append(connection)
            else:
                connection.close()
        return status, content

    def _taken(self) -> socket.socket | None:
        """A kept connection that AWS has not closed meanwhile."""
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if _is_open(connection):
                return connection
            connection.close()

    def _forget(self) -> None:
        """Close the kept connections."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _connected(self) -> socket.socket:
        plain = socket.create_connection((self._host, self._port), _CONNECT_SECONDS)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made = tls.context().wrap_socket(plain, server_hostname=self._host) if self._secure else plain
        except BaseException:
            plain.close()
            raise
        made.settimeout(_READ_SECONDS)
        return made


def _endpoint(service: str, region: str) -> tuple[bool, str, int]:
    """Whether it speaks TLS, its host and its port. Raises Misconfigured for a URL that has not just these."""
    name = f"AWS_ENDPOINT_URL_{service.upper()}"
    name = name if settings.optional(name) else "AWS_ENDPOINT_URL"
    given = settings.optional(name)
    if not given:
        domain = next((at for prefix, at in _DOMAINS.items() if region.startswith(prefix)), "amazonaws.com")
        return True, f"{service}.{region}.{domain}", 443
    from urllib.parse import urlsplit  # seldom needed

    with suppress(ValueError):
        url = urlsplit(given)
        rest = url._replace(scheme="", netloc="", path=url.path.removeprefix("/"))
        if url.scheme in ("http", "https") and url.hostname and "@" not in url.netloc and not any(rest):
            secure = url.scheme == "https"
            return secure, url.hostname, url.port or (443 if secure else 80)
    raise Misconfigured(f"The environment variable {name} must be a URL such as https://host:port, without a path.")


def _is_open(connection: socket.socket) -> bool:
    """Whether a kept connection has not ended, and holds nothing that could be taken for the next answer."""
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    decrypted = isinstance(connection, ssl.SSLSocket) and connection.pending()
    if not decrypted and not poll.poll(0):
        return True
    connection.settimeout(0)
    try:
        connection.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        connection.settimeout(_READ_SECONDS)
        return True  # it was TLS's own, such as the tickets that follow a handshake
    except OSError:
        return False
    return False


def _answer(connection: socket.socket) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection can be used again. Raises _Broken, or OSError."""
    received = connection.recv(_MAX_HEAD_BYTES)
    if not received:
        raise _Closed("no answer came")
    while (end := received.find(b"\r\n\r\n")) < 0:
        piece = connection.recv(_MAX_HEAD_BYTES)
        if not piece or len(received) > _MAX_HEAD_BYTES:
            raise _Broken("the head of the answer does not end")
        received += piece
    first, *lines = received[:end].decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in [line.partition(":") for line in lines]}
    version, _, status_line = first.partition(" ")
    try:
        status, length = int(status_line[:3]), int(headers["content-length"])
    except (KeyError, ValueError):
        raise _Broken("the head of the answer has no status or no length") from None
    if status < 200 or length < 0 or "transfer-encoding" in headers:
        raise _Broken("the head of the answer is none that AWS gives")
    content = received[end + 4 :]
    if len(content) < length:
        whole = bytearray(content)
        while len(whole) < length:
            piece = connection.recv(length - len(whole))
            if not piece:
                raise _Broken("the answer breaks off")
            whole += piece
        content = bytes(whole)
    if (checksum := headers.get("x-amz-crc32")) and checksum != str(zlib.crc32(content)):
        raise _Broken("the answer does not have the checksum that it names")
    kept = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close" and len(content) == length
    return status, content[:length], kept


def _object(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content) if content else {}
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise _Broken("the answer is no JSON object")
    return answer


def _refusal(service: str, operation: str, status: int, content: bytes) -> AwsRefused:
    try:
        answer = _object(content)
    except _Broken:
        answer = {}
    code = str(answer.get("__type", "")).partition(":")[0].rpartition("#")[2]
    reasons = [str(reason.get("Code")) for reason in answer.get("CancellationReasons") or []]
    message = str(answer.get("message") or answer.get("Message") or "")
    # Of a signature that does not fit, the lines below the first repeat the request's head, with its session token.
    return AwsRefused(service, operation, status, code, message.partition("\n")[0], reasons, answer.get("Item"))

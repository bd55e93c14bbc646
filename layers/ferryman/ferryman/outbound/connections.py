"""urllib3's connections, to checked addresses only. `heads` reads the head of the response instead of http.client."""

import http.client
import io
import socket
import ssl
from typing import Any, override

from urllib3.connection import HTTPConnection, HTTPSConnection

from ferryman.outbound import heads
from ferryman.outbound.deadline import Deadline
from ferryman.outbound.outcomes import AttemptFailed
from ferryman.outbound.ssrf_guard import Target

_FRAMING = ("content-length", "transfer-encoding")


class _Response(http.client.HTTPResponse):
    """A response whose head is read by `heads`, and whose body is parsed by http.client."""

    fp: Any
    msg: Any

    @override
    def begin(self) -> None:
        try:
            head = heads.read(self.fp.readline)
        except ssl.SSLError as error:
            raise AttemptFailed("tls_error", _tls_detail(error)) from None
        except OSError as error:
            raise AttemptFailed("reset", error.strerror or "the connection broke") from None
        framing = "".join(f"{name}: {head.headers[name]}\r\n" for name in _FRAMING if name in head.headers)
        body, self.fp = self.fp, io.BytesIO(f"HTTP/1.1 {head.status} \r\n{framing}\r\n".encode("ascii"))
        try:
            super().begin()
        finally:
            self.fp = body
        for name, value in head.headers.items():
            if name not in _FRAMING:
                self.msg[name] = value


class GuardedHTTPConnection(HTTPConnection):
    """A connection to the first of `addresses` that accepts one. It is shut down at the `deadline`.

    The caller has checked the addresses. `host` stays the target's name, which the Host header, SNI and the check of
    the certificate use. A failure raises AttemptFailed.
    """

    response_class = _Response

    def __init__(self, target: Target, addresses: list[str], deadline: Deadline, **options: Any) -> None:
        super().__init__(target.host, target.port, **options)
        self._target = target
        self._addresses = addresses
        self._deadline = deadline

    @override
    def _new_conn(self) -> socket.socket:
        return _open(self._target, self._addresses, self._deadline)


class GuardedHTTPSConnection(GuardedHTTPConnection, HTTPSConnection):
    """A GuardedHTTPConnection over TLS. Its option `ssl_context` verifies the target's certificate."""

    @override
    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            raise AttemptFailed("tls_error", _tls_detail(error)) from None


def _open(target: Target, addresses: list[str], deadline: Deadline) -> socket.socket:
    reason: str | None = None
    for tried, address in enumerate(addresses):
        share = deadline.remaining() / (len(addresses) - tried)
        try:
            connection = socket.create_connection((address, target.port), share)
        except OSError as error:
            reason = "timed out" if isinstance(error, TimeoutError) else error.strerror
            continue
        deadline.watch(connection)
        connection.settimeout(deadline.remaining() or 0.001)
        # Nagle's algorithm would hold back the end of a body until the receiver acknowledges the part before.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        deadline.stage = "in the TLS handshake" if target.scheme == "https" else "while waiting for the response"
        return connection
    raise AttemptFailed("connect_error", f"no connection to {target.host}:{target.port}: {reason or 'not possible'}")


def _tls_detail(error: OSError) -> str:
    """A text that tells the webhook's owner why TLS failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted: {error.verify_message}"
    reason = error.reason if isinstance(error, ssl.SSLError) else error.strerror
    return f"no TLS connection: {reason or 'the receiver hung up'}"

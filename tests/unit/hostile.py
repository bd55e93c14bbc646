"""Receivers that misbehave, on loopback. Each behaviour is a function that gets a connected socket."""

import datetime
import ipaddress
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

type Behaviour = Callable[["Visit"], None]


@dataclass
class Visit:
    """One connection to a receiver."""

    socket: socket.socket
    closing: threading.Event

    def read_request(self) -> bytes:
        """Read a whole request, by its Content-Length. Returns its bytes, head and body."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._receive()
        head, _, body = received.partition(b"\r\n\r\n")
        lines = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lines[0].split(b":")[1]) if lines else 0
        while len(body) < length:
            body += self._receive()
        return head + b"\r\n\r\n" + body

    def _receive(self) -> bytes:
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the sender hung up")
        return piece

    def wait(self, seconds: float = 30.0) -> None:
        """Do nothing for `seconds`, or until the test is over."""
        self.closing.wait(seconds)


@dataclass
class Receiver:
    port: int
    scheme: str
    requests: list[bytes] = field(default_factory=list)
    server_names: list[str | None] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


@contextmanager
def receiver(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver on 127.0.0.1 that runs `behave` for every connection, in a thread of its own."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    made = Receiver(listener.getsockname()[1], "https" if tls else "http")
    closing = threading.Event()
    visits: list[threading.Thread] = []
    sockets: list[socket.socket] = []
    if tls:
        tls.sni_callback = lambda _socket, name, _context: made.server_names.append(name)

    def visit(connection: socket.socket) -> None:
        with suppress(OSError):
            if tls:
                connection = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                sockets.append(connection)
                connection.do_handshake()
            recorded = Visit(connection, closing)
            recorded.read_request = _recording(recorded.read_request, made.requests)  # type: ignore[method-assign]
            behave(recorded)
        with suppress(OSError):
            connection.close()

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                made.connections += 1
                sockets.append(connection)
                visits.append(threading.Thread(target=visit, args=(connection,), daemon=True))
                visits[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield made
    finally:
        closing.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for connection in sockets:
            with suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in visits:
            thread.join()
        for connection in sockets:
            connection.close()


def _recording(read: Callable[[], bytes], into: list[bytes]) -> Callable[[], bytes]:
    def recorded() -> bytes:
        into.append(read())
        return into[-1]

    return recorded


# --- behaviours -------------------------------------------------------------------------------------------


def answer(response: bytes) -> Behaviour:
    """A behaviour: read the request, send `response` unchanged, and close the connection."""

    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(response)

    return behave


def answer_and_hang(response: bytes) -> Behaviour:
    """A behaviour: read the request, send `response`, then keep the connection open without another byte."""

    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(response)
        visit.wait()

    return behave


def answer_and_reset(response: bytes) -> Behaviour:
    """A behaviour: read the request, send `response`, then reset the connection (RST)."""

    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(response)
        time.sleep(0.05)  # RST discards what the other side has not read yet
        visit.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def repeat(first: bytes, piece: bytes, pause: float = 0.0, times: int = 2**62) -> Behaviour:
    """A behaviour: read the request, send `first`, then `piece` `times` times, with a pause in seconds before each."""

    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.socket.sendall(first)
        for _ in range(times):
            if visit.closing.wait(pause):
                return
            visit.socket.sendall(piece)

    return behave


def hang(visit: Visit) -> None:
    """A behaviour: neither read nor answer."""
    visit.wait()


@contextmanager
def full_backlog() -> Iterator[Receiver]:
    """A port that completes no connection, because its backlog is full and no process accepts."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for connection in waiting:
            connection.setblocking(False)
            connection.connect_ex(listener.getsockname())
        time.sleep(0.05)
        yield Receiver(listener.getsockname()[1], "http")
        for connection in waiting:
            connection.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# --- certificates -----------------------------------------------------------------------------------------


class Authority:
    """A certificate authority that issues certificates for receivers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Hostile Test CA")])
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        self.certificate = (
            self._builder(self._name, self._key.public_key(), days=1)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def trusting(self) -> ssl.SSLContext:
        """A client's TLS context that trusts only this authority."""
        pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)

    def server(self, *names: str, days: int = 1, self_signed: bool = False) -> ssl.SSLContext:
        """A server's TLS context with a certificate for `names`, which expires in `days` days."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])
        issuer, signer = (subject, key) if self_signed else (self._name, self._key)
        certificate = (
            self._builder(subject, key.public_key(), days, issuer, signer)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .sign(signer, hashes.SHA256())
        )
        path = self._folder / f"{certificate.serial_number:x}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        days: int,
        issuer: x509.Name | None = None,
        signer: ec.EllipticCurvePrivateKey | None = None,
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        signing_key = (signer or self._key).public_key()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer or self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=10))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key), critical=False)
        )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)

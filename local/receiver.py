"""A small HTTP receiver for webhooks on the loopback interface: programmable answers, recorded requests.

As a program it is the receiver of the sample workspace of `make up`: it answers 500 at `/failing`, 200 elsewhere.
"""

import argparse
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Request:
    """One request as it arrived. `at` is in seconds since the epoch."""

    method: str
    path: str
    headers: Message
    body: bytes
    at: float


@dataclass(frozen=True)
class Answer:
    """An answer of the receiver.

    It comes after `delay` seconds; with `drip`, one byte of the body each `drip` seconds.
    """

    status: int = 200
    delay: float = 0
    drip: float = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"


class Receiver:
    """Listens from construction until `close()`, on a free port unless `port` is given.

    All methods may be called from any thread.
    """

    def __init__(self, port: int = 0) -> None:
        self._arrived = threading.Condition()
        self._requests: list[Request] = []
        self._answers: dict[str, list[Answer]] = {}
        self._closing = threading.Event()
        self._server = _Server(self, port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def url(self, path: str = "/") -> str:
        return f"http://localhost:{self._server.server_port}{path}"

    def answer(self, path: str, *answers: Answer | int) -> None:
        """Set the answers to requests for `path`, in this order; the last one repeats. A number stands for a status."""
        prepared = [Answer(status=item) if isinstance(item, int) else item for item in answers]
        with self._arrived:
            self._answers[path] = prepared or [Answer()]

    def requests(self, path: str | None = None) -> list[Request]:
        with self._arrived:
            return [request for request in self._requests if path in (None, request.path)]

    def wait_for(self, predicate: Callable[[Request], bool], timeout: float, *, count: int = 1) -> list[Request]:
        """Wait for `count` matching requests and return them. Raises TimeoutError after `timeout` seconds."""

        def matching() -> list[Request]:
            return [request for request in self._requests if predicate(request)]

        with self._arrived:
            if self._arrived.wait_for(lambda: len(matching()) >= count, timeout):
                return matching()
            raise TimeoutError(
                f"{len(matching())} of {count} expected requests arrived in {timeout:g} s;"
                f" all that arrived: {[f'{r.method} {r.path}' for r in self._requests] or 'none'}"
            )

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _receive(self, request: Request) -> Answer:
        with self._arrived:
            self._requests.append(request)
            self._arrived.notify_all()
            planned = self._answers.get(request.path, [Answer()])
            return planned.pop(0) if len(planned) > 1 else planned[0]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    allow_reuse_address = True

    def __init__(self, receiver: Receiver, port: int) -> None:
        self.receiver = receiver
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: a sender may close its connection before our answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _handle(self) -> None:
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        receiver = self.server.receiver
        answer = receiver._receive(Request(self.command, self.path, self.headers, body, time.time()))
        receiver._closing.wait(answer.delay)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if not answer.drip:
            self.wfile.write(answer.body)
        for position in range(len(answer.body) if answer.drip else 0):
            receiver._closing.wait(answer.drip)
            self.wfile.write(answer.body[position : position + 1])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _handle

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: the requests are recorded."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    receiver = Receiver(parser.parse_args().port)
    receiver.answer("/failing", Answer(500, body=b'{"error": "database is locked"}'))
    threading.Event().wait()


if __name__ == "__main__":
    main()

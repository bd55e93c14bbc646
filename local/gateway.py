"""A proxy at http://localhost:8080 that forwards every request to the HTTP API in MiniStack.

MiniStack serves an API below /_aws/execute-api/{api id}/{stage}; API Gateway serves it at the root, and so does this
proxy.
"""

import argparse
import http.client
import json
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

LARGEST_BODY = 10 * 1024 * 1024  # API Gateway's own limit
PATIENCE_SECONDS = 35  # API Gateway gives an integration 30
IDLE_SECONDS = 60  # less than MiniStack's 75, so that we never reuse a connection it is about to close
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

Answer = tuple[int, list[tuple[str, str]], bytes]


class BodyRefused(Exception):
    """A request has a body that API Gateway refuses. `status` is its answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Gateway(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, port: int, target: str) -> None:
        parts = urlsplit(target)
        self.upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.prefix = parts.path
        super().__init__(("127.0.0.1", port), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing when a client closes its connection."""


class _Upstream(http.client.HTTPConnection):
    """A connection that sends the request line unchanged. http.client itself would refuse some characters."""

    def _validate_path(self, url: str) -> None:
        pass

    def _encode_request(self, request: str) -> bytes:
        return request.encode("latin-1")


class Handler(BaseHTTPRequestHandler):
    """One client connection, with one connection of its own to MiniStack."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    server: Gateway
    upstream: _Upstream | None = None

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def finish(self) -> None:
        if self.upstream:
            self.upstream.close()
        super().finish()

    def _pass_on(self) -> None:
        try:
            status, headers, body = self._forward(self._body())
        except BodyRefused as refused:
            self.close_connection = True  # the rest of the body is still on its way
            status, headers, body = _gateway_message(refused.status, str(refused))
        except (OSError, http.client.HTTPException):
            status, headers, body = _stack_is_down()
        except ValueError:  # a header or path that cannot be repeated
            status, headers, body = _gateway_message(400, "Bad Request")
        if self.command == "OPTIONS" and status == 403 and b"CORS not configured" in body:
            # MiniStack answers preflights itself; API Gateway without CORS looks for a route and finds none.
            status, headers, body = _gateway_message(404, "Not Found")
        self._answer(status, headers, body)

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunked_body()
        try:
            length = int(self.headers.get("Content-Length", 0))
        except ValueError:
            raise BodyRefused(400, "Bad Request") from None
        if not 0 <= length <= LARGEST_BODY:
            raise BodyRefused(413 if length > 0 else 400, "Request Entity Too Large" if length > 0 else "Bad Request")
        return self.rfile.read(length)

    def _chunked_body(self) -> bytes:
        body = b""
        while True:
            try:
                size = int(self.rfile.readline(100).partition(b";")[0], 16)
            except ValueError:
                raise BodyRefused(400, "Bad Request") from None
            if size < 0 or len(body) + size > LARGEST_BODY:
                raise BodyRefused(413, "Request Entity Too Large")
            body += self.rfile.read(size)
            line = self.rfile.readline(100)
            while size == 0 and line not in (b"\r\n", b"\n", b""):  # trailers
                line = self.rfile.readline(8192)
            if size == 0:
                return body

    def _forward(self, body: bytes) -> Answer:
        if self.upstream is None:
            self.upstream = _Upstream(*self.server.upstream, timeout=PATIENCE_SECONDS)
        try:
            self.upstream.putrequest(
                self.command, self.server.prefix + self._raw_path(), skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in HOP_BY_HOP | {"content-length", "expect"}:
                    self.upstream.putheader(name, value.encode("latin-1", "replace"))
            if body or "Content-Length" in self.headers:
                self.upstream.putheader("Content-Length", str(len(body)))
            self.upstream.endheaders(body or None)
            answer = self.upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except (OSError, http.client.HTTPException, ValueError):
            self.upstream.close()
            self.upstream = None
            raise

    def _raw_path(self) -> str:
        """The path and query exactly as sent. `self.path` has lost doubled slashes."""
        target = self.requestline.split(" ")[1] if " " in self.requestline else self.path
        if target.startswith("/"):
            return target
        absolute = urlsplit(target)  # proxies may send the absolute form
        return (absolute.path or "/") + (f"?{absolute.query}" if absolute.query else "")

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: paths contain webhook secrets, and the functions log every request anyway."""


for _method in METHODS:
    setattr(Handler, f"do_{_method}", Handler._pass_on)


def _gateway_message(status: int, message: str) -> Answer:
    return status, [("Content-Type", "application/json")], json.dumps({"message": message}).encode()


def _stack_is_down() -> Answer:
    problem = {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "The embedded stack does not answer. Start it with `make up`.",
    }
    return 503, [("Content-Type", "application/problem+json")], json.dumps(problem).encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--target", required=True, help="where MiniStack serves the API's stage")
    arguments = parser.parse_args()
    Gateway(arguments.port, arguments.target).serve_forever()


if __name__ == "__main__":
    main()

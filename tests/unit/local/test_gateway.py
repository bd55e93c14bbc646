"""The gateway of the embedded stack forwards requests completely and adds nothing to the answers."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from local.gateway import LARGEST_BODY, Gateway
from local.processes import free_port
from local.receiver import Answer, Receiver

PREFIX = "/_aws/execute-api/abc/$default"


@pytest.fixture
def upstream() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def gateway(upstream: Receiver) -> Iterator[http.client.HTTPConnection]:
    yield from _connection(upstream.url(PREFIX))


def _connection(target: str) -> Iterator[http.client.HTTPConnection]:
    server = Gateway(0, target.replace("localhost", "127.0.0.1"))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    yield connection
    connection.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", "/v1/chats?limit=2&limit=3", "/hooks/a%2Fb%20c%25?q=%2B+", "//v1//x", "/é?ü"])
def test_method_and_raw_path_are_kept(
    gateway: http.client.HTTPConnection, upstream: Receiver, method: str, path: str
) -> None:
    gateway._validate_path = lambda url: None  # type: ignore[attr-defined]
    gateway._encode_request = lambda request: request.encode("utf-8")  # type: ignore[attr-defined]
    gateway.request(method, path)
    assert gateway.getresponse().read() == (b"" if method == "HEAD" else b"ok")
    [request] = upstream.requests()
    raw = request.path.encode("latin-1").decode("utf-8")
    assert (request.method, raw) == (method, PREFIX + path)


def test_headers_and_body_are_kept(gateway: http.client.HTTPConnection, upstream: Receiver) -> None:
    body = bytes(range(256))
    headers = {"Host": "localhost:8080", "X-Twice": "one, two", "Authorization": "Bearer x", "TE": "trailers"}
    gateway.request("POST", "/v1/x", body, headers)
    gateway.getresponse().read()
    [request] = upstream.requests()
    assert request.body == body
    assert dict(request.headers) == {
        "Host": "localhost:8080",
        "Accept-Encoding": "identity",
        "Content-Length": "256",
        "X-Twice": "one, two",
        "Authorization": "Bearer x",
    }


def test_the_answer_is_kept(gateway: http.client.HTTPConnection, upstream: Receiver) -> None:
    upstream.answer(f"{PREFIX}/gone", Answer(410, headers={"X-Request-Id": "req_1"}, body=b"\xff\x00"))
    gateway.request("GET", "/gone")
    answer = gateway.getresponse()
    assert (answer.status, answer.headers["X-Request-Id"], answer.read()) == (410, "req_1", b"\xff\x00")
    assert len(answer.headers.get_all("Date", [])) == 1


def test_one_connection_serves_many_requests(gateway: http.client.HTTPConnection, upstream: Receiver) -> None:
    for number in range(20):
        gateway.request("POST", f"/{number}", b"x" * number)
        assert gateway.getresponse().read() == b"ok"
    assert [request.path for request in upstream.requests()] == [f"{PREFIX}/{number}" for number in range(20)]


def test_chunked_bodies_arrive_whole(gateway: http.client.HTTPConnection, upstream: Receiver) -> None:
    gateway.request("POST", "/x", iter([b"one ", b"two ", b"three"]), encode_chunked=True)
    assert gateway.getresponse().read() == b"ok"
    assert upstream.requests()[0].body == b"one two three"


def test_the_largest_body_passes_and_a_larger_one_is_refused(
    gateway: http.client.HTTPConnection, upstream: Receiver
) -> None:
    gateway.request("POST", "/x", b"x" * LARGEST_BODY)
    assert gateway.getresponse().read() == b"ok"
    gateway.putrequest("POST", "/x")
    gateway.putheader("Content-Length", str(LARGEST_BODY + 1))
    gateway.endheaders()
    answer = gateway.getresponse()
    assert (answer.status, json.loads(answer.read())) == (413, {"message": "Request Entity Too Large"})
    assert len(upstream.requests()) == 1


@pytest.mark.parametrize("length", ["-1", "ten"])
def test_a_nonsensical_length_is_refused(gateway: http.client.HTTPConnection, length: str) -> None:
    gateway.putrequest("POST", "/x")
    gateway.putheader("Content-Length", length)
    gateway.endheaders()
    assert gateway.getresponse().status == 400


def test_a_stack_that_is_down_is_said_to_be_down() -> None:
    for connection in _connection(f"http://127.0.0.1:{free_port()}{PREFIX}"):
        connection.request("GET", "/v1/me")
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Content-Type"]) == (503, "application/problem+json")
        assert "make up" in json.loads(answer.read())["detail"]


def test_a_client_that_hangs_up_disturbs_nobody(gateway: http.client.HTTPConnection) -> None:
    with socket.create_connection((gateway.host, gateway.port)) as rude:
        rude.sendall(b"POST /x HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf")
    gateway.request("GET", "/")
    assert gateway.getresponse().status == 200

"""Whether our own network works, which is found out by connecting to the delivery queue's host."""

import socket
import threading
from collections.abc import Iterator
from queue import SimpleQueue

import pytest
from ferryman.outbound import own_network
from ferryman.outbound.own_network import Canary


@pytest.fixture
def host() -> Iterator[tuple[str, int, SimpleQueue[object]]]:
    """A host that accepts connections, and a queue with the address of each client."""
    came: SimpleQueue[object] = SimpleQueue()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                came.put(address)
                connection.close()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield "127.0.0.1", server.getsockname()[1], came
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_a_host_that_accepts_a_connection_answers(host: tuple[str, int, SimpleQueue[object]]) -> None:
    assert Canary().answers(host[0], host[1])


def test_the_canary_asks_once_for_many(host: tuple[str, int, SimpleQueue[object]]) -> None:
    canary = Canary()
    assert all(canary.answers(host[0], host[1]) for _ in range(20))
    assert host[2].get(timeout=10)
    assert host[2].empty()


def test_a_closed_port_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert not Canary().answers("127.0.0.1", port)


def test_an_unknown_name_does_not_answer() -> None:
    assert not Canary().answers("nobody.invalid", 443)


def test_a_look_up_that_hangs_is_not_waited_for_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = threading.Event()
    asked: list[object] = []

    def hang(*arguments: object, **_: object) -> list[object]:
        asked.append(arguments)
        hanging.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "late")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    monkeypatch.setattr(own_network, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(own_network, "_REMEMBERED_SECONDS", 0.0)
    canary = Canary()
    try:
        assert [canary.answers("queue.example.com", 443) for _ in range(3)] == [False] * 3
        assert len(asked) == 1
    finally:
        hanging.set()


def test_the_canary_asks_the_host_of_the_queue(
    host: tuple[str, int, SimpleQueue[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_network, "_canary", Canary())
    monkeypatch.setenv("DELIVERIES_QUEUE_URL", f"http://{host[0]}:{host[1]}/000000000000/deliveries")
    assert not own_network.is_down()
    assert host[2].get(timeout=10)

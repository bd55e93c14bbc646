"""Tells an outage of our own network from an unreachable receiver.

While our own DNS or network is broken, a failed attempt says nothing about its receiver. So when an attempt made no
connection, the canary tries to connect to the host of the delivery queue. That host is always up, and is reached over
the same network as the receivers.
"""

import socket
import threading
import time
from urllib.parse import urlsplit

from ferryman import settings
from ferryman.errors import RetryLater

PATIENCE_SECONDS = 1.0
_REMEMBERED_SECONDS = 5.0
_PORTS = {"https": 443, "http": 80}


class OwnNetworkDown(RetryLater):
    """Our own network is down. Nothing was sent to the receiver, so the delivery loses no attempt."""


class Canary:
    """Checks whether a host of ours can be looked up and connected to, at most once in five seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._answer = True
        self._asking: threading.Thread | None = None

    def answers(self, host: str, port: int) -> bool:
        """Whether the host accepted a connection now or in the last five seconds. Takes a second at most."""
        with self._lock:  # one thread asks, and the others wait for its answer
            if time.monotonic() - self._asked_at >= _REMEMBERED_SECONDS:
                self._answer = self._ask(host, port)
                self._asked_at = time.monotonic()
            return self._answer

    def _ask(self, host: str, port: int) -> bool:
        # In a thread, because a look-up has no time limit. While one hangs, no second one starts.
        if self._asking is not None and self._asking.is_alive():
            return False
        connected = threading.Event()

        def connect() -> None:
            try:
                socket.create_connection((host, port), PATIENCE_SECONDS).close()
            except OSError:
                return
            connected.set()

        self._asking = threading.Thread(target=connect, name="canary", daemon=True)
        self._asking.start()
        self._asking.join(PATIENCE_SECONDS)
        return connected.is_set()


_canary = Canary()


def is_down() -> bool:
    """Whether this process cannot connect to the host of the delivery queue.

    Takes a second at most. The result is cached for five seconds.
    """
    url = urlsplit(settings.text("DELIVERIES_QUEUE_URL"))
    return not _canary.answers(url.hostname or "", url.port or _PORTS[url.scheme])

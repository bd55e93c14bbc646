"""Whose fault it is that no receiver can be reached: theirs, or that of our own network.

While our resolver or our way out is broken, an attempt says nothing about its receiver. So, when no connection was
made, the host of the delivery queue is tried as well: it is always there, and the way to it is the receivers' way.
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
    """No receiver can be reached from here, and nothing was sent: there was no attempt."""


class Canary:
    """Whether a host of ours can be looked up and connected to; asked at most every five seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._answer = True
        self._asking: threading.Thread | None = None

    def answers(self, host: str, port: int) -> bool:
        with self._lock:  # one asks, and the others wait for what it hears
            if time.monotonic() - self._asked_at >= _REMEMBERED_SECONDS:
                self._answer = self._ask(host, port)
                self._asked_at = time.monotonic()
            return self._answer

    def _ask(self, host: str, port: int) -> bool:
        # In a thread, because a look-up has no time limit; while one hangs there is no second.
        if self._asking is not None and self._asking.is_alive():
            return False
        heard: list[bool] = []

        def connect() -> None:
            try:
                socket.create_connection((host, port), PATIENCE_SECONDS).close()
            except OSError:
                return
            heard.append(True)

        self._asking = threading.Thread(target=connect, name="canary", daemon=True)
        self._asking.start()
        self._asking.join(PATIENCE_SECONDS)
        return bool(heard)


_canary = Canary()


def is_down() -> bool:
    """Whether not even the delivery queue can be reached. Takes a second at most."""
    url = urlsplit(settings.text("DELIVERIES_QUEUE_URL"))
    return not _canary.answers(url.hostname or "", url.port or _PORTS[url.scheme])

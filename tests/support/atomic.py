"""Serialises calls to moto. moto checks a condition and writes in two steps, between which another thread can write."""

import threading
from typing import Any

_CALLING = threading.RLock()


def one_call_at_a_time(client: Any) -> None:
    """Let a client of `ferryman.aws.clients` wait until the call of another thread has ended.

    So writes are atomic as on AWS.
    """

    def called(*arguments: Any) -> Any:
        with _CALLING:
            return type(client)._make_api_call(client, *arguments)  # which tracing may have wrapped since

    client._make_api_call = called

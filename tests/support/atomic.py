"""One call to moto at a time: it checks a condition and writes in two steps, between which another thread fits."""

import threading
from typing import Any

_CALLING = threading.RLock()


def one_call_at_a_time(client: Any) -> None:
    """Let a client of `ferryman.aws.clients` meet a moto that is as atomic as AWS."""

    def called(*arguments: Any) -> Any:
        with _CALLING:
            return type(client)._make_api_call(client, *arguments)  # which tracing may have wrapped since

    client._make_api_call = called

"""Tests races without threads: another request runs between the reads and the commit of the request under test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ferryman.aws import clients as aws


@contextmanager
def meanwhile(*actions: Callable[[], Any], operation: str = "TransactWriteItems") -> Iterator[None]:
    """Run the actions, each directly before one of the next calls of `operation` in DynamoDB, by any code.

    The calls that an action makes count as well, so they can start the next action. The block fails if an action has
    not run at its end.
    """
    waiting = list(actions)
    client, event = aws.dynamodb(), f"before-call.dynamodb.{operation}"

    def act(**_: Any) -> None:
        if waiting:
            waiting.pop(0)()

    client.meta.events.register(event, act)
    try:
        yield
    finally:
        client.meta.events.unregister(event, act)
    assert not waiting, f"{len(waiting)} of {len(actions)} were never reached"

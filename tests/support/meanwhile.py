"""Races without threads: what another request does between the reads and the commit of the one under test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ferryman.aws import clients as aws


@contextmanager
def meanwhile(*actions: Callable[[], Any], operation: str = "TransactWriteItems") -> Iterator[None]:
    """Carry the actions out, one before each of the next calls of `operation`, whoever makes them.

    The actions' own calls count too, so an action may itself be met by the next. All must have been carried out
    when the block ends.
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

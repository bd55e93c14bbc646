"""Finds accepted messages that were never dispatched. The README says how.

Other packages import only these three functions.
"""

from collections.abc import Callable, Iterable

from ferryman import log
from ferryman.aws import dynamodb as store
from ferryman.pipeline.lost_messages import receipts, walk


def record_dispatch(message_ids: Iterable[str]) -> None:
    """Write receipts for messages that are dispatched, or that carry the mark by which the sweeper finds them."""
    for write in receipts.writing(message_ids):
        store.commit([write])


def is_recorded(message_id: str) -> bool:
    """Whether the message has a receipt."""
    return receipts.has(message_id)


def find(seconds_left: Callable[[], float]) -> tuple[list[store.Key], int]:
    """Mark the messages that were never dispatched. Returns their keys, and how many of the two looks (`walk`) failed.

    A look that fails halfway leaves marks on messages whose keys are not returned. The sweeper finds those messages by
    the index of marks.
    """
    keys: list[store.Key] = []
    failed = 0
    for look in (walk.SOON, walk.AGAIN):
        try:
            keys += walk.go_on(look, seconds_left)
        except Exception as error:
            failed += 1
            log.logger.exception("sweep.failed", extra={"error": type(error).__name__, "item": look.name})
    return keys, failed

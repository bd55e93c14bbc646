"""Goes through time, slice by slice, and marks each message without a receipt, so that the sweeper dispatches it.

A slice is old enough that no new message can appear in it. For each slice, the sweeper reads the message ids of the
chats that were active in it (`messages.activity`). A message with neither receipt nor mark is late. The sweeper gives
it the mark, then a receipt, and only then moves the cursor. So the next run repeats a slice that a crash interrupted,
and no message is lost.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import batched

from ferryman import clock, ids, log, metrics
from ferryman.aws import dynamodb as store
from ferryman.conversations.messages import activity
from ferryman.conversations.messages import table as messages
from ferryman.errors import Conflict
from ferryman.pipeline.lost_messages import receipts
from ferryman.pipeline.lost_messages.receipts import Cursor

_CONCURRENT = 10
_CHATS_AT_ONCE = 100
_MARKED_AT_ONCE = 100
_MOST_RECEIPTS = 200_000  # receipts in memory at a time; some 25 MB
_MOST_LATE = 1000  # late messages given to the caller; the index of marks finds the others
_STOP_BEFORE_SECONDS = 30
# The start of the first run. Every message that is older than the receipts has the mark.
_FIRST_RUN_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Look:
    """One of the sweeper's two passes over all messages: up to `behind_seconds` ago.

    The pass ends at a multiple of `step_seconds` since the epoch.
    """

    name: str
    behind_seconds: int
    step_seconds: int


# The first look comes when every message is stored if nothing goes wrong: at most 45 seconds after its id was made
# (`messages.PROMPT_SECONDS`, and the 15 seconds that a function of the API may run), while clocks differ by less than a
# minute. The second look finds messages after a delay of the index, of a clock or of a put. DynamoDB refuses a request
# that was signed more than a quarter of an hour ago.
SOON = Look("soon", behind_seconds=120, step_seconds=1)
AGAIN = Look("again", behind_seconds=3600, step_seconds=activity.PERIOD_SECONDS)


class _OutOfTime(Exception):
    """The sweeper's time is short, so its next run goes on. Every message marked so far has a receipt, too."""


@dataclass
class _Step:
    """A slice of time, from `begin` to before `end` in epoch seconds.

    `accounted` are the ids with a receipt, and `late` the keys of messages that were marked.
    """

    begin: int
    end: int
    accounted: set[str]
    seconds_left: Callable[[], float]
    late: list[store.Key] = field(default_factory=list)

    def mark_late(self, chat: str) -> None:
        """Mark the messages of one chat that are not accounted for. Raises _OutOfTime."""
        missing = (one for one in messages.unmarked(chat, self.begin, self.end) if one not in self.accounted)
        for batch in batched(missing, _MARKED_AT_ONCE, strict=False):
            keys = [{"chat": chat, "message_id": message_id} for message_id in batch]
            for key in keys:
                with suppress(Conflict):  # the message is gone, or another run was faster
                    messages.late(key)
            for write in receipts.writing(one for one in batch if ids.is_id(ids.MESSAGE, one)):
                store.commit([write])
            self.late += keys[: max(0, _MOST_LATE - len(self.late))]
            if self.seconds_left() < _STOP_BEFORE_SECONDS:
                raise _OutOfTime


def go_on(look: Look, seconds_left: Callable[[], float]) -> Iterator[store.Key]:
    """Continue a look at its cursor. Yields the keys of late messages, already marked; at most a thousand a slice.

    Stops when less than half a minute is left, and when another run of the sweeper moved the cursor.
    """
    until = int(clock.now() - look.behind_seconds)
    until -= until % look.step_seconds
    at = receipts.cursor(look.name) or Cursor(look.name, until - _FIRST_RUN_SECONDS)
    while at.at < until and seconds_left() >= _STOP_BEFORE_SECONDS:
        try:
            to, late = _step(at, until, seconds_left)
            store.commit([receipts.moving(at, to)])
        except _OutOfTime:
            break
        except Conflict:
            return
        yield from late
        at = replace(to, moves=at.moves + 1)
    if at.at < until:
        metrics.highest("SweeperBehind", until - at.at)
        log.warning("sweep.behind", look=look.name, seconds=until - at.at)


def _step(at: Cursor, until: int, seconds_left: Callable[[], float]) -> tuple[Cursor, list[store.Key]]:
    """Mark the late messages of the next slice. Returns the cursor behind it, and the keys of the late messages.

    A slice in which nobody posted is up to an hour long.
    """
    end = min(until, at.until or until, _multiple_after(at.at, activity.PERIOD_SECONDS))
    active = messages.active_chats(at.at, end)
    if not active:
        hour = min(until, _multiple_after(at.at, activity.HOUR_SECONDS))
        return Cursor(at.name, hour if hour > end and not messages.is_active(end, hour) else end), []
    accounted, end = _receipts(at.at, end)
    chats = sorted(chat for chat in active if chat > (at.chat or ""))
    step = _Step(at.at, end, accounted, seconds_left)
    with ThreadPoolExecutor(max_workers=_CONCURRENT) as pool:
        for batch in batched(chats, _CHATS_AT_ONCE, strict=False):
            list(pool.map(step.mark_late, batch))
            if batch[-1] != chats[-1] and seconds_left() < _STOP_BEFORE_SECONDS:
                return Cursor(at.name, at.at, end, batch[-1]), step.late
    return Cursor(at.name, end), step.late


def _receipts(begin: int, end: int) -> tuple[set[str], int]:
    """The ids with a receipt of messages made from `begin` on, and the time up to which these ids are complete.

    That time is `end`, or earlier if there are too many ids.
    """
    message_ids: set[str] = set()
    for minute in range(begin - begin % receipts.MINUTE_SECONDS, end, receipts.MINUTE_SECONDS):
        message_ids |= receipts.of_minute(minute)
        if len(message_ids) >= _MOST_RECEIPTS:
            return message_ids, min(end, minute + receipts.MINUTE_SECONDS)
    return message_ids, end


def _multiple_after(at: int, seconds: int) -> int:
    return at - at % seconds + seconds

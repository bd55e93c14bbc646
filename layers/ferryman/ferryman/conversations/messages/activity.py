"""Which chats were active when: the sweeper's way to every message, for next to nothing.

The first message that a process puts into a chat in ten minutes carries `active`, the hash key of a sparse index; its
range key is the message's id. So each message is either in the index, or comes after a message of its chat and its ten
minutes that is in the index and was stored before. A process forgets its entries when it ends, which costs one more
entry.
"""

import zlib
from collections import OrderedDict

from ferryman import clock, ids

PERIOD_SECONDS = 600
HOUR_SECONDS = 3600  # a multiple of the period
SHARDS = 8
_MOST_KNOWN = 10_000


class Known:
    """The chats that this process has put into the index, with their latest entry; the oldest are forgotten."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, str] = OrderedDict()

    def has(self, chat: str, message_id: str) -> bool:
        """Whether the index holds an earlier message of the same chat and the same ten minutes."""
        entry = self._entries.get(chat, "")
        return bool(entry) and _period(entry) == _period(message_id) and entry < message_id

    def learn(self, chat: str, message_id: str) -> None:
        self._entries[chat] = message_id
        self._entries.move_to_end(chat)
        if len(self._entries) > _MOST_KNOWN:
            self._entries.popitem(last=False)

    def cache_clear(self) -> None:
        """Forget everything, as a new process does."""
        self._entries.clear()


known = Known()


def _period(message_id: str) -> int:
    return int(ids.made_at(message_id) // PERIOD_SECONDS)


def entry(chat: str, message_id: str) -> str:
    """The value of `active`: the hour, and one of eight shards, so that no partition of the index becomes hot."""
    return f"{_hour(ids.made_at(message_id))}/{zlib.crc32(chat.encode()) % SHARDS}"


def entries(at: float) -> list[str]:
    """All values of `active` in the hour of `at` (epoch seconds)."""
    return [f"{_hour(at)}/{shard}" for shard in range(SHARDS)]


def _hour(at: float) -> str:
    return clock.iso(at)[:13]

"""The index of active chats, by which the sweeper finds all messages at little cost.

In every ten minutes, the first message that a process puts into a chat carries `active`, the hash key of a sparse
index; the range key is the message's id. So for each message, the index has the message itself, or an earlier message
of the same chat and ten minutes, which was stored before it. A process that starts knows no entries, so it adds its
own.
"""

import zlib
from collections import OrderedDict

from ferryman import clock, ids

PERIOD_SECONDS = 600
HOUR_SECONDS = 3600  # a multiple of the period
SHARDS = 8
_MOST_KNOWN = 10_000


class Known:
    """The chats for which this process added an entry to the index, with the message id of the latest entry.

    Beyond 10,000 chats, the oldest are dropped.
    """

    def __init__(self) -> None:
        self._entries: OrderedDict[str, str] = OrderedDict()

    def has(self, chat: str, message_id: str) -> bool:
        """Whether this process added an entry for an earlier message of the same chat in the same ten minutes."""
        entry = self._entries.get(chat, "")
        return bool(entry) and _period(entry) == _period(message_id) and entry < message_id

    def learn(self, chat: str, message_id: str) -> None:
        self._entries[chat] = message_id
        self._entries.move_to_end(chat)
        if len(self._entries) > _MOST_KNOWN:
            self._entries.popitem(last=False)

    def cache_clear(self) -> None:
        """Drop all entries, as in a new process."""
        self._entries.clear()


known = Known()


def _period(message_id: str) -> int:
    return int(ids.made_at(message_id) // PERIOD_SECONDS)


def entry(chat: str, message_id: str) -> str:
    """The value of a message's `active`: its hour, and one of eight shards that spread the load on the index."""
    return f"{_hour(ids.made_at(message_id))}/{zlib.crc32(chat.encode()) % SHARDS}"


def entries(at: float) -> list[str]:
    """All values of `active` in the hour of `at` (epoch seconds)."""
    return [f"{_hour(at)}/{shard}" for shard in range(SHARDS)]


def _hour(at: float) -> str:
    return clock.iso(at)[:13]

"""The table `receipts`: (minute, receipt_id) → ids of messages that are accounted for.

A message is accounted for once it is dispatched or marked `undispatched`. The key `minute` is the minute in which the
ids were made, and one of four shards: `2026-11-21T10:40/3`. All workspaces share the table, because it contains only
ids, and no route reads it. Writing a receipt twice changes nothing.

The partition `cursor` has the sweeper's cursors: all messages older than a cursor are accounted for.
"""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import batched, groupby

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict

TABLE = "receipts"
MINUTE_SECONDS = 60
SHARDS = 4
IDS_AN_ITEM = 28  # a kilobyte, so one write unit
# Longer than any caller needs receipts: parked records are kept for 14 days.
KEPT_SECONDS = 15 * 86_400


def writing(message_ids: Iterable[str]) -> list[store.Write]:
    """The writes of receipts for these messages: one item for every 28 ids of a minute."""
    writes = []
    expires = int(clock.now()) + KEPT_SECONDS
    for minute, of_minute in groupby(sorted(set(message_ids)), _minute_of):
        for batch in batched(of_minute, IDS_AN_ITEM, strict=False):
            receipt_id = ids.new(ids.RECEIPT)
            item = {
                "minute": f"{minute}/{zlib.crc32(receipt_id.encode()) % SHARDS}",
                "receipt_id": receipt_id,
                "ids": batch,
                "expires_at_epoch": expires,
            }
            writes.append(store.put(TABLE, item))
    return writes


def of_minute(at: float) -> set[str]:
    """The ids of messages that have a receipt and were made in the minute of `at` (epoch seconds)."""
    return {
        message_id
        for shard in range(SHARDS)
        for item in store.query_all(
            TABLE,
            "#minute = :minute",
            {":minute": f"{_minute(at)}/{shard}"},
            names={"#minute": "minute"},
            only=("ids",),
        )
        for message_id in item["ids"]
    }


def has(message_id: str) -> bool:
    return message_id in of_minute(ids.made_at(message_id))


def _minute_of(message_id: str) -> str:
    return _minute(ids.made_at(message_id))


def _minute(at: float) -> str:
    return clock.iso(at)[:16]


@dataclass(frozen=True, slots=True)
class Cursor:
    """The progress of the Look `name`. All messages made before `at` are accounted for.

    In the chats up to `chat`, those made before `until` are accounted for, too. Times are in epoch seconds. `moves`
    counts the moves, to detect another run's.
    """

    name: str
    at: int
    until: int | None = None
    chat: str | None = None
    moves: int = 0


def cursor(name: str) -> Cursor | None:
    item = store.get(TABLE, _cursor(name))
    if item is None:
        return None
    until = int(clock.seconds(item["slice_until"])) if "slice_until" in item else None
    return Cursor(name, int(clock.seconds(item["accounted_until"])), until, item.get("slice_chat"), item["moves"])


def moving(now: Cursor, to: Cursor) -> store.Write:
    """The write that moves a cursor from `now` to `to`. Refused with Conflict if another run of the sweeper did so."""
    item = {
        **_cursor(now.name),
        "accounted_until": clock.iso(to.at),
        "moves": now.moves + 1,
        **({"slice_until": clock.iso(to.until)} if to.until is not None else {}),
        **({"slice_chat": to.chat} if to.chat is not None else {}),
    }
    return store.put(
        TABLE,
        item,
        condition="attribute_not_exists(receipt_id) OR moves = :moves",
        values={":moves": now.moves},
        refused=Conflict("Another run of the sweeper moved the cursor."),
    )


def _cursor(name: str) -> store.Key:
    return {"minute": "cursor", "receipt_id": name}

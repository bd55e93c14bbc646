"""Ids: a prefix for the type and a ULID, `msg_01J…`. They are unique without coordination, and sort by time.

A ULID is 48 bits of milliseconds and 80 random bits in Crockford's base 32 (https://github.com/ulid/spec).
"""

import hashlib
import os
import re
import zlib

from ferryman import clock

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {character: value for value, character in enumerate(_CROCKFORD)}
_ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}"

WORKSPACE = "wsp"
USER = "usr"
CHAT = "cht"
MESSAGE = "msg"
TOKEN = "tok"  # noqa: S105 - an id's prefix
INCOMING_WEBHOOK = "inc"
WEBHOOK = "whk"
EVENT = "evt"
DELIVERY = "dlv"
REPLAY = "rpl"
SESSION = "ses"
INVITATION = "inv"
AUDIT = "aud"
APPLICATION = "app"
APPLICATION_REQUEST = "req"
CONTEXT = "ctx"
NOTIFICATION = "ntf"
RECEIPT = "rct"
CONNECTION = "con"
COMMAND = "cmd"


def _encode(milliseconds: int, rest: int) -> str:
    number = (milliseconds << 80) | rest
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in reversed(range(0, 130, 5)))


def _decode(text: str) -> int:
    number = 0
    for character in text:
        number = number * 32 + _VALUES[character]
    return number


def new(prefix: str) -> str:
    """A new random id. Call it in the handler, not at import, because a restored snapshot would repeat the id."""
    return f"{prefix}_{_encode(int(clock.now() * 1000), int.from_bytes(os.urandom(10)))}"


def new_many(prefix: str, count: int) -> list[str]:
    """New ids of the same millisecond in ascending order: each is one greater than the id before it."""
    now, first = int(clock.now() * 1000), int.from_bytes(os.urandom(10)) >> 1
    return [f"{prefix}_{_encode(now, first + number)}" for number in range(count)]


def derived(prefix: str, at: str, *parts: str) -> str:
    """An id computed from `parts` and the ISO time `at`.

    The same arguments give the same id, so retries create one object.
    """
    return f"{prefix}_{_encode(int(clock.seconds(at) * 1000), _digest(parts))}"


def _digest(parts: tuple[str, ...]) -> int:
    return int.from_bytes(hashlib.sha256("\x1f".join(parts).encode()).digest()[:10])


# A message's id begins with its time and goes on with the first characters of its chat's id, without the leading zero
# that each has until the year 3084. The chat can be looked up by them (`chats.table.ids_beginning`).
_OF_CHAT = slice(1, 12)
_RANDOM_BITS = 25  # of a message's id: what is left


def new_in_chat(chat_id: str, count: int = 1) -> list[str]:
    """New ids for messages of a chat, in ascending order: each is one greater than the id before it."""
    first = int.from_bytes(os.urandom(4)) % (2**_RANDOM_BITS - count + 1)
    return [_in_chat(chat_id, int(clock.now() * 1000), first + number) for number in range(count)]


def derived_in_chat(chat_id: str, at: str, *parts: str) -> str:
    """An id for a message of a chat, computed from `parts` and the ISO time `at`.

    The same arguments give the same id.
    """
    return _in_chat(chat_id, int(clock.seconds(at) * 1000), _digest(parts) % 2**_RANDOM_BITS)


def _in_chat(chat_id: str, milliseconds: int, rest: int) -> str:
    return f"{MESSAGE}_{_encode(milliseconds, _decode(ulid(chat_id)[_OF_CHAT]) << _RANDOM_BITS | rest)}"


def beginning_of_chat(message_id: str) -> str:
    """The first sixteen characters of the id of a message's chat, computed from the message's id.

    Meaningless for a message's id that was not made for a chat: by `new`, or by release 0.1.0.
    """
    return f"{CHAT}_0{ulid(message_id)[10:21]}"


def floor(prefix: str, at: str) -> str:
    """The smallest possible id of the ISO time `at`, for ranges over sorted ids."""
    return f"{prefix}_{_encode(max(0, int(clock.seconds(at) * 1000)), 0)}"


def made_at(id_: str) -> float:
    """The time when an id was created, in epoch seconds. Raises ValueError for a text that is not an id."""
    text = ulid(id_)
    if not re.fullmatch(_ULID, text):
        raise ValueError(f"{id_} is not an id")
    return _decode(text[:10]) / 1000


def ulid(id_: str) -> str:
    """An id without its prefix, as in other products' URLs."""
    return id_.rpartition("_")[2]


def pattern(prefix: str) -> str:
    """The regular expression that ids of this type match, for the API's schemas."""
    return f"^{prefix}_{_ULID}$"


def delivery(event_id: str, webhook_id: str) -> str:
    """The id of the delivery of an event to a webhook. It consists of their ids, which `of_delivery` gives back."""
    return f"{DELIVERY}_{event_id.removeprefix(EVENT + '_')}{webhook_id.removeprefix(WEBHOOK + '_')}"


DELIVERY_PATTERN = f"^{DELIVERY}_({_ULID})({_ULID})$"


def of_delivery(delivery_id: str) -> tuple[str, str] | None:
    """The event's id and the webhook's id in a delivery's id; None for any other text."""
    match = re.fullmatch(DELIVERY_PATTERN, delivery_id)
    return (f"{EVENT}_{match[1]}", f"{WEBHOOK}_{match[2]}") if match else None


def event_made_at(delivery_id: str) -> float:
    """The time when a delivery's event happened, in epoch seconds.

    Raises ValueError for a text that is not a delivery's id.
    """
    parts = of_delivery(delivery_id)
    if parts is None:
        raise ValueError(f"{delivery_id} is not the id of a delivery")
    return made_at(parts[0])


def is_id(prefix: str, text: str) -> bool:
    return re.fullmatch(f"{prefix}_{_ULID}", text) is not None


SHARDS = 8


def shard(key: str) -> str:
    """The partition of `key` in a sparse index: a number below `SHARDS`, as text. Equal keys get the same number."""
    return str(zlib.crc32(key.encode()) % SHARDS)

"""The table `messages`: (chat, message_id) → message, where chat is `<workspace_id>/<chat_id>`.

Its stream is the outbox: accepting a message is this one put, and the stream invokes the dispatcher.
A message with buttons has a second item, `<workspace_id>/buttons/<message_id>`, that says which chat it is in.
`undispatched` is the key of a sparse index; an item has it from the put until its event was dispatched.
"""

import zlib
from collections.abc import Iterable

from ferryman import store
from ferryman.errors import Conflict, NotFound
from ferryman.messages.model import Message

TABLE = "messages"
UNDISPATCHED_INDEX = "undispatched"
SHARDS = 8


def shard(key: str) -> str:
    """Spreads the sparse index over several partitions."""
    return str(zlib.crc32(key.encode()) % SHARDS)


def key(workspace_id: str, chat_id: str, message_id: str) -> store.Key:
    return {"chat": f"{workspace_id}/{chat_id}", "message_id": message_id}


def get(workspace_id: str, chat_id: str, message_id: str) -> Message:
    item = store.get(TABLE, key(workspace_id, chat_id, message_id))
    if item is None or item.get("deleted_at"):
        raise NotFound("There is no such message.")
    return Message.from_item(item)


def unchanged(keys: Iterable[tuple[str, str, str]]) -> list[Message]:
    """Those of (workspace_id, chat_id, message_id) that are as they were posted."""
    found = store.get_many(TABLE, [key(*parts) for parts in keys])
    return [Message.from_item(item) for item in found if "text" in item and item["revision"] == 1]


def page(
    workspace_id: str, chat_id: str, limit: int, after: store.Key | None, *, livemode: bool
) -> tuple[list[Message], store.Key | None]:
    """Live or test messages, newest first, without the deleted ones."""
    found = store.page(
        TABLE,
        "chat = :chat",
        {":chat": f"{workspace_id}/{chat_id}", ":livemode": livemode},
        where="attribute_not_exists(deleted_at) AND livemode = :livemode",
        newest_first=True,
        limit=limit,
        after=after,
    )
    return [Message.from_item(item) for item in found.items], found.last_key


def creating(message: Message) -> store.Write:
    message.undispatched = shard(message.message_id)
    item = {**message.to_item(), **key(message.workspace_id, message.chat_id, message.message_id)}
    return store.put(TABLE, item, condition="attribute_not_exists(message_id)")


def marking(message: Message) -> store.Write:
    """Makes a message with buttons findable by its id alone."""
    item = {**_mark(message.workspace_id, message.message_id), "chat_id": message.chat_id}
    return store.put(TABLE, item)


def chat_of(workspace_id: str, message_id: str) -> str:
    """The chat of a message with buttons."""
    item = store.get(TABLE, _mark(workspace_id, message_id))
    if item is None:
        raise NotFound("There is no such message with buttons.")
    return str(item["chat_id"])


def _mark(workspace_id: str, message_id: str) -> store.Key:
    return {"chat": f"{workspace_id}/buttons/{message_id}", "message_id": message_id}


def changing(message: Message, **changes: object) -> store.Write:
    """Set attributes and raise the revision; refused when somebody changed or deleted it in between."""
    return store.set_values(
        TABLE,
        key(message.workspace_id, message.chat_id, message.message_id),
        {**changes, "revision": message.revision + 1},
        condition="revision = :before AND attribute_not_exists(deleted_at)",
        values={":before": message.revision},
        refused=Conflict("The message was changed by somebody else at the same moment. Read it again, then retry."),
    )


def dispatched(message_key: store.Key) -> None:
    """Take the item out of the sweeper's index."""
    store.commit([store.update(TABLE, message_key, "REMOVE undispatched", condition="attribute_exists(chat)")])

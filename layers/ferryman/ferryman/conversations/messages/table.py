"""The table `messages`: (chat, message_id) → message, where chat is `<workspace_id>/<chat_id>`.

Its stream is the outbox: accepting a message is this one put, and the stream invokes the dispatcher.
A message with buttons has a second item, `<workspace_id>/buttons/<message_id>`, that says which chat it is in.

That its event was dispatched is written in `receipts`. The sweeper finds what has no receipt by two sparse indexes:
`active` lists the chats in which something was posted (`messages.activity`), and `undispatched` the late messages, and
those that cannot be found in that way, until they are dispatched.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import batched

from ferryman import clock, ids, settings
from ferryman.aws import dynamodb as store
from ferryman.conversations.messages import activity
from ferryman.conversations.messages.model import Message
from ferryman.errors import Conflict, NotFound

TABLE = "messages"
UNDISPATCHED_INDEX = "undispatched"
ACTIVE_INDEX = "active"
_ACTIVE = "active = :entry AND message_id BETWEEN :low AND :high"
# An id that is older than that when its message is put might be where the sweeper has been already.
PROMPT_SECONDS = 30
_CHATS_AT_ONCE = 100
_TRIES = 4  # ids of one message, each taken once in 33 million times if another of the chat is made at the same moment
_FRAME_BYTES = 2_500  # of a message: names of fields, and the handles that it mentions


class IdTaken(store.Exists):
    """Another message of the chat, made in the same millisecond, has this id."""


def key(workspace_id: str, chat_id: str, message_id: str) -> store.Key:
    return {"chat": f"{workspace_id}/{chat_id}", "message_id": message_id}


def get(workspace_id: str, chat_id: str, message_id: str) -> Message:
    item = store.get_kept(TABLE, key(workspace_id, chat_id, message_id))
    if item is None or item.get("deleted_at"):
        raise NotFound("The message does not exist.")
    return Message.from_item(item)


def chat_among(workspace_id: str, chat_ids: Iterable[str], message_id: str, *, consistent: bool = True) -> str | None:
    """The one of these chats that the message is in, or None: one batch read for each hundred of them."""
    for batch in batched(chat_ids, _CHATS_AT_ONCE, strict=False):
        keys = [key(workspace_id, chat_id, message_id) for chat_id in batch]
        for item in store.get_many(TABLE, keys, consistent=consistent):
            return str(item["chat_id"])
    return None


def as_posted(keys: set[tuple[str, str, str]], unreadable: set[str] | None = None) -> list[Message]:
    """The messages of these (workspace_id, chat_id, message_id) that are as they were posted, or were a moment ago.

    Read eventually consistent, for half the price; what such a read does not show yet is read again consistently.
    """
    shown = store.get_many(TABLE, [key(*parts) for parts in keys], consistent=False)
    seen = [{"chat": item["chat"], "message_id": item["message_id"]} for item in shown]
    missing = [its_key for its_key in (key(*parts) for parts in keys) if its_key not in seen]
    shown += store.get_many(TABLE, missing)
    as_they_were = [item for item in shown if "text" in item and item.get("revision") == 1]
    return list(store.read(Message, as_they_were, "message_id", unreadable).values())


def page(
    workspace_id: str, chat_id: str, limit: int, after: store.Key | None, *, livemode: bool, reader: str
) -> tuple[list[Message], store.Key | None]:
    """A page of live or test messages, newest first, and the key after which the next one begins; None ends the list.

    Leaves out deleted and expired messages, and private ones that `reader` (a user's id) neither wrote nor receives. A
    page can have fewer messages than `limit`, even none, before the end.
    """
    page = store.page(
        TABLE,
        "chat = :chat",
        {
            ":chat": f"{workspace_id}/{chat_id}",
            ":livemode": livemode,
            ":reader": reader,
            ":now": int(clock.now()),
        },
        where=f"attribute_not_exists(deleted_at) AND livemode = :livemode AND {store.KEPT} "
        "AND (attribute_not_exists(visible_to) OR visible_to = :reader OR user_id = :reader)",
        newest_first=True,
        key=("chat", "message_id"),
        limit=limit,
        after=after,
    )
    page = store.fitting(page, lambda item: key(workspace_id, chat_id, item["message_id"]), lambda _: _FRAME_BYTES)
    return [Message.from_item(item) for item in page.items], page.last_key


def between(workspace_id: str, chat_id: str, after: str, until: str, limit: int) -> tuple[list[Message], str | None]:
    """A chat's messages with ids behind `after` and before `until`, oldest first, the deleted ones too.

    Also returns the id after which to go on, when `limit` messages were read.
    """
    page = store.query(
        TABLE,
        "chat = :chat AND message_id BETWEEN :low AND :high",
        {":chat": f"{workspace_id}/{chat_id}", ":low": f"{after}.", ":high": until, ":now": int(clock.now())},
        where=store.KEPT,
        limit=limit,
    )
    last = page.last_key["message_id"] if page.last_key else None
    return [Message.from_item({"text": "", **item}) for item in page.items], last  # a deleted one has no text


def creating(message: Message, *, marked: bool = False) -> store.Write:
    """Store a new message; call `created` once that is done. Refused with IdTaken.

    A function that may run for so long that the sweeper could have walked past the message's id stores it `marked`.
    """
    its_key = key(message.workspace_id, message.chat_id, message.message_id)
    if marked or clock.now() - ids.made_at(message.message_id) > PROMPT_SECONDS:
        message.undispatched = ids.shard(message.message_id)
    elif not activity.known.has(its_key["chat"], message.message_id):
        message.active = activity.entry(its_key["chat"], message.message_id)
    message.expires_at_epoch = _kept_until(message)
    item = {**message.to_item(), **its_key}
    taken = IdTaken("Another message got the same id at the same moment. Send the request again.")
    return store.put(TABLE, item, condition="attribute_not_exists(message_id)", refused=taken)


def with_free_ids[T](messages: Sequence[Message], commit: Callable[[], T]) -> T:
    """Call `commit`, which stores these new messages, and return its result.

    If an id is taken, the messages get other ids and `commit` is called again, so it builds its writes each time.
    """
    for _ in range(_TRIES - 1):
        try:
            return commit()
        except IdTaken:
            chats = [message.chat_id for message in messages]
            new_ids = {chat_id: iter(ids.new_in_chat(chat_id, chats.count(chat_id))) for chat_id in set(chats)}
            for message in messages:
                message.message_id = next(new_ids[message.chat_id])
    return commit()


def created(message: Message) -> None:
    """Remember that this chat is in the index of active ones, so that its next messages need no entry of their own."""
    if message.active:
        activity.known.learn(f"{message.workspace_id}/{message.chat_id}", message.message_id)


def marking(message: Message) -> store.Write:
    """Store the item by which a message with buttons is found by its id alone."""
    item: store.Item = {**_mark(message.workspace_id, message.message_id), "chat_id": message.chat_id}
    if (until := _kept_until(message)) is not None:
        item["expires_at_epoch"] = until
    return store.put(TABLE, item)


def _kept_until(message: Message) -> int | None:
    return settings.kept_until("MESSAGE_RETENTION_DAYS", clock.seconds(message.created_at))


def chat_of(workspace_id: str, message_id: str) -> str:
    """The id of the chat that a message with buttons is in. Raises NotFound."""
    item = store.get_kept(TABLE, _mark(workspace_id, message_id))
    if item is None:
        raise NotFound("No message with buttons has this id.")
    return str(item["chat_id"])


def _mark(workspace_id: str, message_id: str) -> store.Key:
    return {"chat": f"{workspace_id}/buttons/{message_id}", "message_id": message_id}


def changing(message: Message, **changes: object) -> store.Write:
    """Set attributes and raise the revision. Refused with Conflict when the message was changed or deleted since."""
    return store.set_values(
        TABLE,
        key(message.workspace_id, message.chat_id, message.message_id),
        {**changes, "revision": message.revision + 1},
        condition="revision = :before AND attribute_not_exists(deleted_at)",
        values={":before": message.revision},
        refused=Conflict("The message was changed by somebody else at the same moment. Read it again, then retry."),
    )


def late(message_key: store.Key) -> None:
    """Mark a message for the sweeper, which then dispatches it. Raises Conflict when it is marked, or is gone."""
    store.commit(
        [
            store.update(
                TABLE,
                message_key,
                "SET undispatched = :shard",
                {":shard": ids.shard(message_key["message_id"])},
                condition="attribute_exists(chat) AND attribute_not_exists(undispatched)",
            )
        ]
    )


def dispatched(message_key: store.Key) -> None:
    """Take the sweeper's mark off a message."""
    store.commit([store.update(TABLE, message_key, "REMOVE undispatched", condition="attribute_exists(chat)")])


def active_chats(begin: float, end: float) -> set[str]:
    """The chats that can have messages made from `begin` to `end` (epoch seconds), within one period of ten minutes."""
    # The entry of a chat may come before `begin`, but not before its period.
    low, high = _range(begin - begin % activity.PERIOD_SECONDS, end)
    return {
        item["chat"]
        for entry in activity.entries(begin)
        for item in store.query_all(TABLE, _ACTIVE, _active(entry, low, high), index=ACTIVE_INDEX)
    }


def is_active(begin: float, end: float) -> bool:
    """Whether any chat has an entry from `begin` to `end` (epoch seconds), which are in one hour."""
    low, high = _range(begin, end)
    return any(
        store.query(TABLE, _ACTIVE, _active(entry, low, high), index=ACTIVE_INDEX, limit=1).items
        for entry in activity.entries(begin)
    )


def _active(entry: str, low: str, high: str) -> dict[str, str]:
    return {":entry": entry, ":low": low, ":high": high}


def unmarked(chat: str, begin: float, end: float) -> Iterator[str]:
    """The ids of a chat's messages without the mark that were made from `begin` to `end` (epoch seconds)."""
    low, high = _range(begin, end)
    items = store.query_all(
        TABLE,
        "chat = :chat AND message_id BETWEEN :low AND :high",
        {":chat": chat, ":low": low, ":high": high},
        only=("message_id", "undispatched"),
    )
    return (item["message_id"] for item in items if "undispatched" not in item)


def _range(begin: float, end: float) -> tuple[str, str]:
    return ids.floor(ids.MESSAGE, clock.iso(begin)), ids.floor(ids.MESSAGE, clock.iso(end))

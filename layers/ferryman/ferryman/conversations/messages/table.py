"""The table `messages`: (chat, message_id) → message, where chat is `<workspace_id>/<chat_id>`.

Its stream is the outbox: accepting a message is one put, and the stream invokes the dispatcher. A message with buttons
has a second item, `<workspace_id>/buttons/<message_id>`, that names its chat.

The dispatcher records in `receipts` which messages it dispatched. The sweeper finds messages without a receipt by two
sparse indexes. `active` lists the chats in which somebody posted (`messages.activity`). `undispatched` lists late
messages, and messages that `active` cannot find, until they are dispatched.
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
# If an id is older than this when its message is stored, the sweeper may already have passed the id.
PROMPT_SECONDS = 30
_CHATS_AT_ONCE = 100
_TRIES = 4  # ids per message; two messages of a chat in one millisecond collide once in 33 million times
_FRAME_BYTES = 2_500  # that the API adds to a message's attributes: names of fields, and handles


class IdTaken(store.Exists):
    """Another message of the chat, created in the same millisecond, has this id."""


def key(workspace_id: str, chat_id: str, message_id: str) -> store.Key:
    return {"chat": f"{workspace_id}/{chat_id}", "message_id": message_id}


def get(workspace_id: str, chat_id: str, message_id: str) -> Message:
    item = store.get_kept(TABLE, key(workspace_id, chat_id, message_id))
    if item is None or item.get("deleted_at"):
        raise NotFound("The message does not exist.")
    return Message.from_item(item)


def chat_among(workspace_id: str, chat_ids: Iterable[str], message_id: str, *, consistent: bool = True) -> str | None:
    """The id of the chat among `chat_ids` that contains the message, or None. One batch read for each hundred chats."""
    for batch in batched(chat_ids, _CHATS_AT_ONCE, strict=False):
        keys = [key(workspace_id, chat_id, message_id) for chat_id in batch]
        for item in store.get_many(TABLE, keys, consistent=consistent):
            return str(item["chat_id"])
    return None


def as_posted(keys: set[tuple[str, str, str]], unreadable: set[str] | None = None) -> list[Message]:
    """The messages with these (workspace_id, chat_id, message_id) that were neither edited nor deleted.

    The reads are eventually consistent, for half the price, so they may miss an edit of a moment ago. A message that
    such a read does not find is read again consistently. The ids of items that cannot be parsed are added to
    `unreadable`.
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
    """A page of live or test messages, newest first, and the key after which the next page begins, or None.

    Leaves out deleted and expired messages, and private ones that `reader` (a user's id) neither wrote nor receives. A
    page before the last can have fewer messages than `limit`, even none.
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
    """A chat's messages with ids greater than `after` and up to `until`, oldest first, including deleted ones.

    At most `limit` messages are read. Also returns the id after which to continue, or None when the last one was read.
    A deleted message has an empty text.
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
    """The write that stores a new message. If the id is taken, the commit raises IdTaken.

    Call `created` after the commit. With `marked`, the message carries the mark `undispatched`. Set it in a function
    that may run so long that the sweeper has passed the message's id when the message is stored.
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

    If an id is taken, the messages get new ids and `commit` is called again, so it must build its writes on each call.
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
    """Remember that the index of active chats has this message, so that the chat's next messages need no entry."""
    if message.active:
        activity.known.learn(f"{message.workspace_id}/{message.chat_id}", message.message_id)


def marking(message: Message) -> store.Write:
    """The write that stores the item by which `chat_of` finds a message with buttons."""
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
    """The write that sets attributes and raises the revision.

    If the message was changed or deleted after it was read, the commit raises Conflict.
    """
    return store.set_values(
        TABLE,
        key(message.workspace_id, message.chat_id, message.message_id),
        {**changes, "revision": message.revision + 1},
        condition="revision = :before AND attribute_not_exists(deleted_at)",
        values={":before": message.revision},
        refused=Conflict("The message was changed by somebody else at the same moment. Read it again, then retry."),
    )


def late(message_key: store.Key) -> None:
    """Set the mark `undispatched`, so that the sweeper dispatches the message.

    Raises Conflict if it is marked or gone.
    """
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
    """Remove the mark `undispatched` from a message."""
    store.commit([store.update(TABLE, message_key, "REMOVE undispatched", condition="attribute_exists(chat)")])


def active_chats(begin: float, end: float) -> set[str]:
    """The chats (`<workspace_id>/<chat_id>`) that can have messages from `begin` to `end`, by the index `active`.

    `begin` and `end` are epoch seconds within one period of ten minutes.
    """
    # A chat's entry can be older than `begin`, but not older than the period.
    low, high = _range(begin - begin % activity.PERIOD_SECONDS, end)
    return {
        item["chat"]
        for entry in activity.entries(begin)
        for item in store.query_all(TABLE, _ACTIVE, _active(entry, low, high), index=ACTIVE_INDEX)
    }


def is_active(begin: float, end: float) -> bool:
    """Whether the index `active` has any entry from `begin` to `end`, which are epoch seconds within one hour."""
    low, high = _range(begin, end)
    return any(
        store.query(TABLE, _ACTIVE, _active(entry, low, high), index=ACTIVE_INDEX, limit=1).items
        for entry in activity.entries(begin)
    )


def _active(entry: str, low: str, high: str) -> dict[str, str]:
    return {":entry": entry, ":low": low, ":high": high}


def unmarked(chat: str, begin: float, end: float) -> Iterator[str]:
    """The ids of messages in `chat` (`<workspace_id>/<chat_id>`) without the mark `undispatched`.

    Only messages that were created from `begin` to `end` (epoch seconds).
    """
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

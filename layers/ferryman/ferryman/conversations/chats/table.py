"""The table `chats`, keyed (workspace_id, entry). Four kinds of entry:

- `chat/<chat_id>`: the chat
- `member/<chat_id>/<user_id>`: a membership, to list a chat's members and to look up one
- `joined/<user_id>/<chat_id>`: the same membership, to list a user's chats
- `handle/<handle>`: reserves a handle for its chat
"""

from collections.abc import Iterable, Iterator

from ferryman.aws import dynamodb as store
from ferryman.conversations.chats.model import Chat, Member
from ferryman.errors import Conflict, NotFound

TABLE = "chats"
MAX_MEMBERS_AT_CREATION = 40  # each takes two writes, and a transaction has at most 100


def _key(workspace_id: str, entry: str) -> store.Key:
    return {"workspace_id": workspace_id, "entry": entry}


def _member(chat_id: str, user_id: str) -> str:
    return f"member/{chat_id}/{user_id}"


def _joined(user_id: str, chat_id: str) -> str:
    return f"joined/{user_id}/{chat_id}"


def get(workspace_id: str, chat_id: str) -> Chat:
    item = store.get(TABLE, _key(workspace_id, f"chat/{chat_id}"))
    if item is None:
        raise NotFound("The chat does not exist.")
    return Chat.from_item(item)


def id_of_handle(workspace_id: str, handle: str) -> str | None:
    """The id of the chat that has this handle now; None when no chat has it."""
    item = store.get(TABLE, _key(workspace_id, f"handle/{handle}"))
    return item["chat_id"] if item else None


def get_as_member(workspace_id: str, chat_id: str, user_id: str) -> tuple[Chat, bool]:
    """The chat and whether the user is a member, in one read. Raises NotFound when the chat does not exist."""
    items = store.get_many(
        TABLE, [_key(workspace_id, f"chat/{chat_id}"), _key(workspace_id, _member(chat_id, user_id))]
    )
    by_entry = {item["entry"]: item for item in items}
    if f"chat/{chat_id}" not in by_entry:
        raise NotFound("The chat does not exist.")
    return Chat.from_item(by_entry[f"chat/{chat_id}"]), _member(chat_id, user_id) in by_entry


def member(workspace_id: str, chat_id: str, user_id: str) -> Member | None:
    item = store.get(TABLE, _key(workspace_id, _member(chat_id, user_id)))
    return Member.from_item(item) if item else None


def memberships(workspace_id: str, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the (chat_id, user_id) `pairs` that are memberships now."""
    wanted = {_member(chat_id, user_id): (chat_id, user_id) for chat_id, user_id in pairs}
    items = store.get_many(TABLE, [_key(workspace_id, entry) for entry in wanted])
    return {wanted[item["entry"]] for item in items}


def existing(workspace_id: str, chat_ids: Iterable[str]) -> dict[str, Chat]:
    items = store.get_many(TABLE, [_key(workspace_id, f"chat/{chat_id}") for chat_id in chat_ids])
    return {item["chat_id"]: Chat.from_item(item) for item in items}


def page(workspace_id: str, limit: int, after: store.Key | None) -> tuple[list[Chat], store.Key | None]:
    """A page of all chats of the workspace, oldest first, and the key after which the next page begins, or None."""
    page = store.page(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": "chat/"},
        key=("workspace_id", "entry"),
        limit=limit,
        after=after,
    )
    return [Chat.from_item(item) for item in page.items], page.last_key


def page_of_user(
    workspace_id: str, user_id: str, limit: int, after: store.Key | None, also: str | None = None
) -> tuple[list[Chat], store.Key | None]:
    """A page of the chats of a user, oldest first, and the key after which the next page begins, or None.

    If `also` (a user's id) is given, only chats of which that user is a member, too.
    """

    def shared(items: list[store.Item]) -> list[store.Item]:
        if also is None:
            return items
        both = memberships(workspace_id, [(item["chat_id"], also) for item in items])
        return [item for item in items if (item["chat_id"], also) in both]

    page = store.page(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": f"joined/{user_id}/"},
        key=("workspace_id", "entry"),
        limit=limit,
        after=after,
        keep=shared,
    )
    chats = existing(workspace_id, [item["chat_id"] for item in page.items])
    return [chats[chat_id] for chat_id in sorted(chats)], page.last_key


def members(
    workspace_id: str, chat_id: str, limit: int, after: store.Key | None
) -> tuple[list[Member], store.Key | None]:
    page = store.page(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": f"member/{chat_id}/"},
        key=("workspace_id", "entry"),
        limit=limit,
        after=after,
    )
    return [Member.from_item(item) for item in page.items], page.last_key


class HandleTaken(Conflict):
    pass


def creating(chat: Chat) -> list[store.Write]:
    item = {**chat.to_item(), "entry": f"chat/{chat.chat_id}"}
    claimed = [_claiming_handle(chat, chat.handle)] if chat.handle else []
    return [store.put(TABLE, item, condition="attribute_not_exists(entry)"), *claimed]


def changing(before: Chat, after: Chat) -> list[store.Write]:
    item = {**after.to_item(), "entry": f"chat/{after.chat_id}"}
    writes = [store.put(TABLE, item, condition="updated_at = :before", values={":before": before.updated_at})]
    if before.handle != after.handle:
        if after.handle:
            writes.append(_claiming_handle(after, after.handle))
        if before.handle:
            writes.append(store.delete(TABLE, _key(before.workspace_id, f"handle/{before.handle}")))
    return writes


def telling(chat: Chat, application_ids: list[str], at: str) -> store.Write:
    """The write that stores which applications get the chat's messages.

    If the chat changed after it was read, the commit raises Conflict.
    """
    return store.set_values(
        TABLE,
        _key(chat.workspace_id, f"chat/{chat.chat_id}"),
        {"told_applications": application_ids or None, "updated_at": at},
        condition="updated_at = :before",
        values={":before": chat.updated_at},
        refused=Conflict("The chat was changed by somebody else at the same moment. Send the request again."),
    )


def _claiming_handle(chat: Chat, handle: str) -> store.Write:
    return store.put(
        TABLE,
        {**_key(chat.workspace_id, f"handle/{handle}"), "chat_id": chat.chat_id},
        condition="attribute_not_exists(entry)",
        refused=HandleTaken("Another chat of this workspace has this handle."),
    )


def adding(member: Member) -> list[store.Write]:
    return [
        store.put(TABLE, {**member.to_item(), "entry": _member(member.chat_id, member.user_id)}),
        store.put(TABLE, {**member.to_item(), "entry": _joined(member.user_id, member.chat_id)}),
    ]


def removing(workspace_id: str, chat_id: str, user_id: str) -> list[store.Write]:
    return [
        store.delete(
            TABLE,
            _key(workspace_id, _member(chat_id, user_id)),
            condition="attribute_exists(entry)",
            refused=NotFound("This user is not a member of the chat."),
        ),
        store.delete(TABLE, _key(workspace_id, _joined(user_id, chat_id))),
    ]


def leaving(workspace_id: str, chat_id: str, user_id: str) -> list[store.Write]:
    """The writes that remove a user from a chat. They do nothing if the user is not a member."""
    return [
        store.delete(TABLE, _key(workspace_id, _member(chat_id, user_id))),
        store.delete(TABLE, _key(workspace_id, _joined(user_id, chat_id))),
    ]


def joined(workspace_id: str, user_id: str) -> Iterator[str]:
    """The ids of all chats of which a user is a member."""
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": _joined(user_id, "")},
    )
    return (item["chat_id"] for item in items)


def ids_beginning(workspace_id: str, beginning: str) -> Iterator[str]:
    """The ids of the workspace's chats whose id begins with `beginning`."""
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": f"chat/{beginning}"},
        only=("chat_id",),
    )
    return (item["chat_id"] for item in items)


def open_now(workspace_id: str, chat_id: str) -> store.Write:
    """The check that the chat is active; otherwise the commit raises Conflict."""
    return store.check(
        TABLE,
        _key(workspace_id, f"chat/{chat_id}"),
        "active = :yes",
        {":yes": True},
        refused=Conflict("The chat is not active. Activate it first: PATCH /v1/chats/{id} with active: true."),
    )


def activity_unchanged(chat: Chat) -> store.Write:
    """The check that the chat's `active` is as it was read; otherwise the commit raises Conflict."""
    return store.check(
        TABLE, _key(chat.workspace_id, f"chat/{chat.chat_id}"), "active = :active", {":active": chat.active}
    )

"""Creating and editing chats, adding and removing members."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table
from ferryman.conversations.chats.access import get_visible
from ferryman.conversations.chats.model import Chat, Member
from ferryman.conversations.chats.schema import ChatIn, ChatPatch, ChatQuery
from ferryman.errors import Invalid, NotAllowed, NotFound
from ferryman.identity import authority, idempotency
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User

# (workspace id, user ids, title) → the writes that notify these users.
type Telling = Callable[[str, list[str], str], list[store.Write]]


def create(caller: Caller, wanted: ChatIn, telling: Telling, idempotency_key: IdempotencyKey | None = None) -> Chat:
    """Create a chat with the caller as its first member. `telling` returns the writes that notify the other members.

    Raises NotAllowed for a bot, Invalid for a member who does not exist, and HandleTaken if another chat has the handle
    that `wanted` names. A handle that is derived from the name is left out if it is taken.
    """
    if caller.role == "bot":
        raise NotAllowed("Bots cannot create chats. Ask a person to create one and add the bot to it.")
    now = clock.now_iso()
    chat = Chat(
        workspace_id=caller.workspace_id,
        chat_id=ids.new(ids.CHAT),
        name=wanted.name,
        type=wanted.type,
        handle=wanted.handle or _handle_of(wanted.name),
        external_id=wanted.external_id,
        created_by=caller.user_id,
        livemode=caller.livemode,
        created_at=now,
        updated_at=now,
    )
    members = list(dict.fromkeys([caller.user_id, *wanted.member_ids]))
    audited = audit.writes(caller, "chat.created", chat.chat_id, {"type": chat.type, "members": members})
    once_only = idempotency.writes(idempotency_key, chat.chat_id)
    writes = list(audited)
    added: list[User] = []
    for user_id in members:
        if user_id != caller.user_id:
            added.append(_known_user(caller.workspace_id, user_id))
        writes += table.adding(_member(caller, chat.chat_id, user_id, now))
    writes += _told(caller, added, f"You were added to the chat {chat.name}", telling)
    try:
        store.commit([*once_only, *table.creating(chat), *writes])
    except table.HandleTaken:
        if wanted.handle:
            raise
        chat.handle = None
        store.commit([*once_only, *table.creating(chat), *writes])
    return chat


def _handle_of(name: str) -> str | None:
    """The handle for a chat's name: `Build results` gives `build-results`. None if no letter or digit is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain)[:64].strip("-") or None


def page(caller: Caller, query: ChatQuery, after: store.Key | None) -> tuple[list[Chat], store.Key | None]:
    """A page of the chats that the caller may see, oldest first, and the key after which the next page begins, or None.

    If `query.user_id` is given, only chats of which that user is a member.
    """
    if caller.is_admin and query.user_id is None:
        return table.page(caller.workspace_id, query.limit, after)
    user_id = query.user_id or caller.user_id
    also = None if caller.is_admin or user_id == caller.user_id else caller.user_id
    return table.page_of_user(caller.workspace_id, user_id, query.limit, after, also=also)


def edit(caller: Caller, chat_id: str, patch: ChatPatch) -> Chat:
    """Change a chat. Returns the changed chat.

    Call `integrations.cascades.chats.edit` instead, which also opens or closes the chat's incoming webhooks. Raises
    NotFound, NotAllowed for a test credential in a live chat, HandleTaken, Invalid for a null where a value is needed,
    and Conflict if the chat changed after it was read.
    """
    before = get_visible(caller, chat_id)
    changes = patch.model_dump(exclude_unset=True)
    for name, value in changes.items():
        if value is None and name not in ("external_id", "handle"):
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    _require_may_change(caller, before)
    after = replace(before, **changes)
    if after != before:
        after.updated_at = clock.now_iso()
        details = {"changed": list(changes), "active": after.active}
        store.commit([*table.changing(before, after), *audit.writes(caller, "chat.edited", chat_id, details)])
    return after


def add_member(caller: Caller, chat_id: str, user_id: str, telling: Telling) -> tuple[Member, User]:
    """Add a user to a chat and notify them. Adding a member again changes nothing. Returns the membership and the user.

    Raises NotFound for an unknown chat or user, NotAllowed for a test credential in a live chat, and NotAllowed for a
    person in another person's private chat with an application.
    """
    chat = get_visible(caller, chat_id)
    _require_may_change(caller, chat)
    user = users.get(caller.workspace_id, user_id)
    member_before = table.member(caller.workspace_id, chat_id, user_id)
    if member_before is not None:
        return member_before, user
    if chat.application_id and user.role != "bot":
        raise NotAllowed("This is the private chat of one person with an application. Other people cannot be added.")
    member = _member(caller, chat_id, user_id, clock.now_iso())
    audited = audit.writes(caller, "member.added", chat_id, {"user_id": user_id})
    notifying = _told(caller, [user], f"You were added to the chat {chat.name}", telling)
    store.commit([*table.adding(member), users.present(caller.workspace_id, user_id), *audited, *notifying])
    return member, user


def remove_member(caller: Caller, chat_id: str, user_id: str, telling: Telling) -> None:
    """Remove a user from a chat and notify them. The user's webhooks then get no more events of the chat.

    Raises NotFound for an unknown chat and for a user who is not a member, and NotAllowed for a test credential in a
    live chat.
    """
    chat = get_visible(caller, chat_id)
    _require_may_change(caller, chat)
    audited = audit.writes(caller, "member.removed", chat_id, {"user_id": user_id})
    people = users.get_many(caller.workspace_id, [user_id])
    notifying = _told(caller, people, f"You were removed from the chat {chat.name}", telling)
    store.commit([*table.removing(caller.workspace_id, chat_id, user_id), *audited, *notifying])


def _told(caller: Caller, people: list[User], title: str, telling: Telling) -> list[store.Write]:
    """The writes that notify the people whom the caller added or removed: active people other than the caller.

    A test credential notifies nobody.
    """
    affected = [one.user_id for one in people if one.role != "bot" and one.active and one.user_id != caller.user_id]
    return telling(caller.workspace_id, affected, title) if affected and caller.livemode else []


def _require_may_change(caller: Caller, chat: Chat) -> None:
    """Raises NotAllowed for a test credential, unless a test credential created the chat."""
    authority.require_mode(caller, livemode=chat.livemode)


def _member(caller: Caller, chat_id: str, user_id: str, at: str) -> Member:
    return Member(
        workspace_id=caller.workspace_id,
        chat_id=chat_id,
        user_id=user_id,
        added_by=caller.user_id,
        added_at=at,
    )


def _known_user(workspace_id: str, user_id: str) -> User:
    try:
        return users.get(workspace_id, user_id)
    except NotFound:
        raise Invalid(f"The workspace has no user {user_id}.", "/member_ids") from None

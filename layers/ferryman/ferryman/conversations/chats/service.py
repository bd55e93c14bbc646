"""Creating and editing chats, and who belongs to them."""

import re
import unicodedata
from dataclasses import replace

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table
from ferryman.conversations.chats.access import get_visible
from ferryman.conversations.chats.model import Chat, Member
from ferryman.conversations.chats.schema import ChatIn, ChatPatch
from ferryman.errors import Invalid, NotAllowed, NotFound
from ferryman.identity import authority, idempotency
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users


def create(caller: Caller, wanted: ChatIn, idempotency_key: IdempotencyKey | None = None) -> Chat:
    """A new chat with the caller as its first member."""
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
    for user_id in members:
        if user_id != caller.user_id:
            _known_user(caller.workspace_id, user_id)
        writes += table.adding(_member(caller, chat.chat_id, user_id, now))
    try:
        store.commit([*once_only, *table.creating(chat), *writes])
    except table.HandleTaken:
        if wanted.handle:
            raise
        chat.handle = None
        store.commit([*once_only, *table.creating(chat), *writes])
    return chat


def _handle_of(name: str) -> str | None:
    """The handle that a chat's name suggests: `Build results` is `build-results`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain)[:64].strip("-") or None


def edit(caller: Caller, chat_id: str, patch: ChatPatch) -> Chat:
    """Rename a chat, or open and close it. `integrations.cascades.chats.edit` also tells its incoming webhooks."""
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


def add_member(caller: Caller, chat_id: str, user_id: str) -> Member:
    """Add a user to a chat; adding twice changes nothing."""
    _require_may_change(caller, get_visible(caller, chat_id))
    users.get(caller.workspace_id, user_id)
    known = table.member(caller.workspace_id, chat_id, user_id)
    if known is not None:
        return known
    member = _member(caller, chat_id, user_id, clock.now_iso())
    audited = audit.writes(caller, "member.added", chat_id, {"user_id": user_id})
    store.commit([*table.adding(member), users.present(caller.workspace_id, user_id), *audited])
    return member


def remove_member(caller: Caller, chat_id: str, user_id: str) -> None:
    """Take a user out of a chat. The user's webhooks for it deliver nothing more."""
    _require_may_change(caller, get_visible(caller, chat_id))
    audited = audit.writes(caller, "member.removed", chat_id, {"user_id": user_id})
    store.commit([*table.removing(caller.workspace_id, chat_id, user_id), *audited])


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


def _known_user(workspace_id: str, user_id: str) -> None:
    try:
        users.get(workspace_id, user_id)
    except NotFound:
        raise Invalid(f"The workspace has no user {user_id}.", "/member_ids") from None

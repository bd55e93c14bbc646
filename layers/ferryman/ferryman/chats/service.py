"""Creating and editing chats, and who belongs to them."""

from dataclasses import replace

from ferryman import clock, idempotency, ids, store
from ferryman.chats import table
from ferryman.chats.access import visible
from ferryman.chats.model import Chat, Member
from ferryman.chats.schema import ChatIn, ChatPatch
from ferryman.credentials.model import Caller
from ferryman.errors import Invalid, NotAllowed, NotFound
from ferryman.idempotency import Once
from ferryman.incoming_webhooks import service as incoming_webhooks
from ferryman.users import table as users


def create(caller: Caller, wanted: ChatIn, once: Once | None = None) -> Chat:
    """A new chat with the caller as its first member."""
    if caller.role == "bot":
        raise NotAllowed("Bots cannot create chats. Ask a person to create one and add the bot to it.")
    now = clock.now_iso()
    chat = Chat(
        workspace_id=caller.workspace_id,
        chat_id=ids.new(ids.CHAT),
        name=wanted.name,
        type=wanted.type,
        created_by=caller.user_id,
        created_at=now,
        updated_at=now,
    )
    writes = [*idempotency.writes(once, chat.chat_id), table.creating(chat)]
    for user_id in dict.fromkeys([caller.user_id, *wanted.member_ids]):
        if user_id != caller.user_id:
            _known_user(caller.workspace_id, user_id, "/member_ids")
        writes += table.adding(_member(caller, chat.chat_id, user_id, now))
    store.commit(writes)
    return chat


def edit(caller: Caller, chat_id: str, patch: ChatPatch) -> Chat:
    """Rename a chat, or open and close it. A closed chat's incoming webhooks refuse from the next request on."""
    before = visible(caller, chat_id)
    changes = patch.model_dump(exclude_unset=True)
    for name, value in changes.items():
        if value is None:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    after = replace(before, **changes)
    if after == before:
        return before
    after.updated_at = clock.now_iso()
    store.commit([table.changing(before, after)])
    if after.active != before.active:
        incoming_webhooks.follow_chat(after)
    return after


def add_member(caller: Caller, chat_id: str, user_id: str) -> Member:
    """Add a user to a chat; adding twice changes nothing."""
    chat = visible(caller, chat_id)
    _known_user(caller.workspace_id, user_id, "/user_id")
    member = _member(caller, chat.chat_id, user_id, clock.now_iso())
    if not table.memberships(caller.workspace_id, [(chat_id, user_id)]):
        store.commit(table.adding(member))
    return member


def remove_member(caller: Caller, chat_id: str, user_id: str) -> None:
    """Take a user out of a chat. The user's webhooks for it deliver nothing more."""
    visible(caller, chat_id)
    store.commit(table.removing(caller.workspace_id, chat_id, user_id))


def _member(caller: Caller, chat_id: str, user_id: str, at: str) -> Member:
    return Member(
        workspace_id=caller.workspace_id,
        chat_id=chat_id,
        user_id=user_id,
        added_by=caller.user_id,
        added_at=at,
    )


def _known_user(workspace_id: str, user_id: str, field: str) -> None:
    try:
        users.get(workspace_id, user_id)
    except NotFound:
        raise Invalid("There is no such user in this workspace.", field) from None

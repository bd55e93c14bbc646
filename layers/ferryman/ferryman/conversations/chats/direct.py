"""The private chat of two users, created when it is first needed."""

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table
from ferryman.conversations.chats.model import Chat, Member
from ferryman.errors import Conflict, NotFound


def chat_id(first: str, second: str) -> str:
    """The id of two users' private chat, derived from their ids, so that parallel requests create only one chat."""
    low, high = sorted((first, second))
    return ids.derived(ids.CHAT, clock.iso(max(ids.made_at(low), ids.made_at(high))), "direct", low, high)


def open_between(workspace_id: str, opened_by: str, other: str, *, livemode: bool) -> Chat:
    """The private chat of `opened_by` and `other`. Creates it, with both as members, if it is missing."""
    its_id = chat_id(opened_by, other)
    try:
        return table.get(workspace_id, its_id)
    except NotFound:
        pass
    now = clock.now_iso()
    chat = Chat(
        workspace_id=workspace_id,
        chat_id=its_id,
        name="Direct messages",
        type="private",
        created_by=opened_by,
        livemode=livemode,
        created_at=now,
        updated_at=now,
    )
    writes = table.creating(chat)
    for user_id in {opened_by, other}:
        member = Member(workspace_id=workspace_id, chat_id=its_id, user_id=user_id, added_by=opened_by, added_at=now)
        writes += table.adding(member)
    try:
        store.commit(writes)
    except Conflict:
        return table.get(workspace_id, its_id)  # a parallel request created the chat
    return chat

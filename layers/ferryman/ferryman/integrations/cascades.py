"""Cascades: everything else that ends, or begins again, when a chat closes or a person changes.

Each resource changes its own tables. This module brings the change into the resources that depend on it, before the
request is answered. The first of two edits at the same moment can come here last, so each function looks whether it
still has the newest state, and starts over if it does not. `bots.service.follow` does the same for a bot.
"""

from ferryman.conversations.chats import service as chats_service
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat
from ferryman.conversations.chats.schema import ChatPatch
from ferryman.identity.credentials.model import Caller
from ferryman.identity.sessions import service as sessions
from ferryman.identity.tokens import service as tokens
from ferryman.identity.users import service as users_service
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.identity.users.schema import UserPatch
from ferryman.integrations import ownership
from ferryman.integrations.bots import service as bots
from ferryman.integrations.incoming_webhooks import service as incoming_webhooks


def edit_chat(caller: Caller, chat_id: str, patch: ChatPatch) -> Chat:
    """Edit a chat. A closed chat's incoming webhooks refuse from the next request on."""
    chat = chats_service.edit(caller, chat_id, patch)
    if "active" in patch.model_fields_set:  # also when nothing changed: an earlier request may have failed halfway
        _follow_chat(chat)
    return chat


def edit_person(caller: Caller, user_id: str, patch: UserPatch) -> User:
    """Edit a person. A changed role or activity holds for tokens, sessions and all they own at once."""
    user = users_service.edit(caller, user_id, patch)
    if {"role", "active"} & patch.model_fields_set:  # also when nothing changed, as above
        _follow_person(user)
    return user


def _follow_chat(chat: Chat) -> None:
    while True:
        incoming_webhooks.follow_chat(chat)
        newest = chats.get(chat.workspace_id, chat.chat_id)
        if newest.active == chat.active:
            return
        chat = newest


def _follow_person(user: User) -> None:
    while True:
        tokens.follow_user(user)
        sessions.follow_user(user)
        ownership.follow(user, bots.follow)
        newest = users.get(user.workspace_id, user.user_id)
        if (newest.role, newest.active) == (user.role, user.active):
            return
        user = newest

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
from ferryman.integrations.incoming_webhooks import service as incoming_webhooks


def edit_chat(caller: Caller, chat_id: str, patch: ChatPatch) -> Chat:
    """Edit a chat. A closed chat's incoming webhooks refuse from the next request on."""
    chat = chats_service.edit(caller, chat_id, patch)
    if "active" in patch.model_fields_set:  # also when nothing changed: an earlier request may have failed halfway
        _follow_chat(chat)
    return chat


def _follow_chat(chat: Chat) -> None:
    while True:
        incoming_webhooks.follow_chat(chat)
        newest = chats.get(chat.workspace_id, chat.chat_id)
        if newest.active == chat.active:
            return
        chat = newest

"""Closes a chat's incoming webhooks when the chat is closed, and opens them with the chat."""

from ferryman.conversations.chats import service, table
from ferryman.conversations.chats.model import Chat
from ferryman.conversations.chats.schema import ChatPatch
from ferryman.identity.credentials.model import Caller
from ferryman.integrations.incoming_webhooks import service as incoming_webhooks


def edit(caller: Caller, chat_id: str, patch: ChatPatch) -> Chat:
    """Edit a chat. If this closes the chat, its incoming webhooks refuse the next request; opening opens them again.

    Raises as `chats.service.edit` does.
    """
    chat = service.edit(caller, chat_id, patch)
    if "active" in patch.model_fields_set:  # also when nothing changed: an earlier request may have failed halfway
        _follow(chat)
    return chat


def _follow(chat: Chat) -> None:
    while True:
        incoming_webhooks.follow_chat(chat)
        newest = table.get(chat.workspace_id, chat.chat_id)
        if newest.active == chat.active:
            return
        chat = newest

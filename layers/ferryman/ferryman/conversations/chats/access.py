"""The checks of which chats a caller may access."""

from ferryman.conversations.chats import table
from ferryman.conversations.chats.model import Chat
from ferryman.errors import Conflict, NotFound
from ferryman.identity.credentials.model import Caller


def get_visible(caller: Caller, chat_id: str) -> Chat:
    """The chat, if the caller belongs to it or holds admin:*. Raises NotFound for everybody else."""
    chat, is_member = table.get_as_member(caller.workspace_id, chat_id, caller.user_id)
    if not is_member and not caller.is_admin:
        raise NotFound("The chat does not exist.")
    return chat


def require_open(chat: Chat) -> None:
    if not chat.active:
        raise Conflict("The chat is not active. Activate it first: PATCH /v1/chats/{id} with active: true.")

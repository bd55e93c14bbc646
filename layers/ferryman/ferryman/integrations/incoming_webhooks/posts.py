"""A post to an incoming webhook, and the reasons why one is refused. Pure."""

from dataclasses import dataclass, field
from typing import Any

from ferryman.conversations.messages.attachments import Attachment
from ferryman.errors import Conflict, NotAllowed, NotFound


class UnknownHook(NotFound):
    """No incoming webhook has this secret."""


class HookDisabled(Conflict):
    """The webhook accepts nothing until it is enabled again."""


class PersonUnknown(NotFound):
    """Nobody active has this handle."""


class ChatUnknown(NotFound):
    """No chat has this handle."""


class ChatClosed(Conflict):
    """The chat takes no messages."""


class ChatLocked(NotAllowed):
    """The webhook posts to its own chat only."""


class OwnerGone(NotAllowed):
    """The webhook's owner was deactivated, so the webhook reaches no other chat."""


class OwnerNotInChat(NotAllowed):
    """The webhook's owner does not belong to the chat."""


@dataclass(slots=True, kw_only=True)
class Post:
    """A message as its sender wants it.

    Each of `parts` becomes a message with its text and attachments. `to` names another chat: `@handle` is a person,
    `handle` or `#handle` a chat.
    """

    parts: list[tuple[str, list[Attachment]]]
    to: str | None = None
    author_name: str | None = None
    author_avatar_url: str | None = None
    author_emoji: str | None = None
    props: dict[str, Any] | None = None
    priority: dict[str, Any] | None = field(default=None)

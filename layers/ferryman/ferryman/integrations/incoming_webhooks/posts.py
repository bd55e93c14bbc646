"""A post to an incoming webhook, and the reasons why one is refused. Pure."""

from dataclasses import dataclass, field
from typing import Any

from ferryman.conversations.messages.attachments import Attachment
from ferryman.errors import Conflict, NotAllowed, NotFound


class UnknownHook(NotFound):
    """No incoming webhook has this secret."""


class HookDisabled(Conflict):
    """The webhook is disabled: it accepts no posts until a user enables it again."""


class PersonUnknown(NotFound):
    """The post is for `@handle`, and no active user has this handle."""


class ChatUnknown(NotFound):
    """The post names another chat, and the workspace has no chat with this handle or id."""


class ChatClosed(Conflict):
    """The chat is closed."""


class ChatLocked(NotAllowed):
    """The post names another chat, but the webhook may post to its own chat only."""


class OwnerGone(NotAllowed):
    """The post names another chat, but the webhook's owner was deactivated."""


class OwnerNotInChat(NotAllowed):
    """The post names another chat, but the webhook's owner is not a member of that chat."""


@dataclass(slots=True, kw_only=True)
class Post:
    """The messages that a sender wants to post.

    Each of `parts` is the text and the attachments of one message. `to` names another chat than the webhook's own:
    `@handle` is the private chat with a person; `handle`, `#handle` or an id is a chat.
    """

    parts: list[tuple[str, list[Attachment]]]
    to: str | None = None
    author_name: str | None = None
    author_avatar_url: str | None = None
    author_emoji: str | None = None
    props: dict[str, Any] | None = None
    priority: dict[str, Any] | None = field(default=None)

"""Command: a word behind a slash that calls an application instead of being posted."""

from dataclasses import dataclass
from typing import Literal

from ferryman.aws import dynamodb as store
from ferryman.identity.permissions import Scope
from ferryman.integrations.owned import Owned

type Method = Literal["post", "get"]
NEEDS: Scope = "webhooks:write"  # the scope that the role of a command's owner must have
MAX_TRIGGER = 128
# Chat products have these commands themselves, so people do not expect that they call another program.
RESERVED = frozenset(
    {
        *("away", "code", "collapse", "dnd", "echo", "expand", "exportlink", "groupmsg", "header", "help"),
        *("invite", "invite_people", "join", "kick", "leave", "logout", "marketplace", "me", "msg"),
        *("mute", "offline", "online", "open", "purpose", "remove", "rename", "search", "settings"),
        *("share-channel", "secure-connection", "shortcuts", "shrug", "status", "test"),
    }
)


@dataclass(slots=True, kw_only=True)
class Command(store.Record, Owned):
    """A slash command and the URL that it calls, as an item of the table `commands`."""

    workspace_id: str
    command_id: str
    trigger: str  # without the slash, in lower case; unique among the workspace's live or test commands
    url: str
    method: Method = "post"
    livemode: bool
    created_by: str
    created_at: str
    updated_at: str
    owner_id: str | None = None  # the person to whom it was handed over; None: the creator owns it
    token: bytes  # sealed; sent with each request, so that the receiver can verify the sender
    token_version: int = 1
    name: str | None = None
    description: str | None = None
    autocomplete: bool = False  # whether clients suggest it while a person types
    autocomplete_hint: str | None = None
    autocomplete_description: str | None = None
    reply_name: str | None = None  # the author name of answers
    reply_avatar_url: str | None = None
    disabled_reason: str | None = None
    disabled_at: str | None = None

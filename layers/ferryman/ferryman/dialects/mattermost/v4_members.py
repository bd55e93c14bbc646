"""The members of a channel, the channels of a user, and users by lists of ids and names."""

from functools import partial
from typing import Any

from ferryman import ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat
from ferryman.dialects.mattermost import objects, v4
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.identity.users import table as users

_MOST_AT_ONCE = 100
_MOST_PAGES = 50
_NO_MEMBER = AppError(
    404, "app.channel.get_member.missing.app_error", "No channel member found for that user ID and channel ID."
)


def members(asked: Asked) -> list[dict[str, Any]]:
    """A page of a channel's members."""
    v4.require(asked.caller, "chats:read")
    chat = v4.channel_of(asked)
    members, _ = v4.page_of(asked, partial(chats.members, asked.caller.workspace_id, chat.chat_id))
    return [objects.member(member) for member in members]


def member(asked: Asked) -> dict[str, Any]:
    v4.require(asked.caller, "chats:read")
    chat = v4.channel_of(asked)
    user_id = asked.caller.user_id if asked.path["v4_user_id"] == "me" else asked.id("v4_user_id", ids.USER)
    member = chats.member(asked.caller.workspace_id, chat.chat_id, user_id)
    if member is None:
        raise _NO_MEMBER
    return objects.member(member)


def my_channels(asked: Asked) -> list[dict[str, Any]]:
    """The caller's channels, at most 5,000. Raises PERMISSIONS if the path names another user."""
    v4.require(asked.caller, "chats:read")
    v4.team_of(asked)
    if asked.path["v4_user_id"] not in ("me", objects.short(asked.caller.user_id)):
        raise v4.PERMISSIONS
    channels: list[Chat] = []
    after: store.Key | None = None
    for _ in range(_MOST_PAGES):
        page, after = chats.page_of_user(asked.caller.workspace_id, asked.caller.user_id, _MOST_AT_ONCE, after)
        channels += page
        if after is None:
            break
    return [objects.channel(chat) for chat in channels]


def users_by_ids(asked: Asked) -> list[dict[str, Any]]:
    v4.require(asked.caller, "users:read")
    wanted = [objects.full(ids.USER, one) for one in _texts(asked, "user_ids") if objects.is_id(one)]
    return [v4.shown_user(asked, one) for one in users.get_many(asked.caller.workspace_id, wanted)]


def users_by_names(asked: Asked) -> list[dict[str, Any]]:
    v4.require(asked.caller, "users:read")
    wanted = [one.lower() for one in _texts(asked, "usernames")]
    return [v4.shown_user(asked, one) for one in users.by_handles(asked.caller.workspace_id, wanted)]


def _texts(asked: Asked, name: str) -> list[str]:
    sent = asked.read()
    texts = [one for one in sent if isinstance(one, str) and one] if isinstance(sent, list) else []
    if not texts or len(texts) != len(sent) or len(texts) > _MOST_AT_ONCE:
        raise v4.invalid_body(name)
    return texts

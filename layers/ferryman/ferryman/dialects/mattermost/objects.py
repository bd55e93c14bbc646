"""The objects of Mattermost's API (users, teams, channels, posts and tokens), made from ours. Pure.

An id in that API is our id without its prefix, in lower case: 26 letters and digits. A team is the workspace, a channel
is a chat, and a post is a message.
"""

import json
import re
from typing import Any

from ferryman import clock, ids
from ferryman.conversations.chats.model import Chat, Member
from ferryman.conversations.messages import attachments
from ferryman.conversations.messages.model import Message
from ferryman.formats import triggers
from ferryman.identity.permissions import Role
from ferryman.identity.tokens.model import Token
from ferryman.identity.users.model import User
from ferryman.identity.workspaces.model import Workspace

_ID = re.compile("[a-z0-9]{26}")
_ROLES: dict[Role, str] = {
    "owner": "system_admin system_user",
    "admin": "system_admin system_user",
    "manager": "system_user",
    "hr_admin": "system_user",
    "staff": "system_user",
    "bot": "system_user",
}


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def short(id_: str) -> str:
    """One of our ids in Mattermost's form: without the prefix, in lower case."""
    return ids.ulid(id_).lower()


def full(prefix: str, text: str) -> str:
    """Our id for one of Mattermost's ids, with the prefix of its type. An object with this id need not exist."""
    return f"{prefix}_{text.upper()}"


def milliseconds(at: str | None) -> int:
    """An ISO time in epoch milliseconds; 0 for None."""
    return int(clock.seconds(at) * 1000) if at else 0


def user(of: User, *, own: bool) -> dict[str, Any]:
    """A user in Mattermost's form, with their e-mail address only if `own`."""
    shown = {
        "id": short(of.user_id),
        "create_at": milliseconds(of.created_at),
        "update_at": milliseconds(of.updated_at),
        "delete_at": 0 if of.active else milliseconds(of.updated_at),
        "username": username(of),
        "auth_data": "",
        "auth_service": "",
        "email": (of.email or "") if own else "",
        "nickname": of.name,
        "first_name": "",
        "last_name": "",
        "position": "",
        "roles": _ROLES[of.role],
        "locale": "en",
        "timezone": {"automaticTimezone": "", "manualTimezone": "", "useAutomaticTimezone": "true"},
    }
    if of.role == "bot":
        shown |= {"is_bot": True, "bot_description": of.about or ""}
    return shown


def username(of: User) -> str:
    """A user's handle, or their short id if they have no handle."""
    return of.handle or short(of.user_id)


def team_name(of: Workspace) -> str:
    return triggers.slug(of.name) or short(of.workspace_id)


def team(of: Workspace) -> dict[str, Any]:
    return {
        "id": short(of.workspace_id),
        "create_at": milliseconds(of.created_at),
        "update_at": milliseconds(of.created_at),
        "delete_at": 0,
        "display_name": of.name,
        "name": team_name(of),
        "description": "",
        "email": "",
        "type": "I",
        "company_name": "",
        "allowed_domains": "",
        "invite_id": "",
        "allow_open_invite": False,
    }


def channel(of: Chat) -> dict[str, Any]:
    """A chat as a channel. A group is a private channel (`P`), because only its members see it."""
    return {
        "id": short(of.chat_id),
        "create_at": milliseconds(of.created_at),
        "update_at": milliseconds(of.updated_at),
        "delete_at": 0 if of.active else milliseconds(of.updated_at),
        "team_id": short(of.workspace_id) if of.type == "group" else "",
        "type": "P" if of.type == "group" else "D",
        "display_name": of.name,
        "name": of.handle or short(of.chat_id),
        "header": "",
        "purpose": "",
        "last_post_at": 0,
        "total_msg_count": 0,
        "extra_update_at": 0,
        "creator_id": short(of.created_by),
    }


def member(of: Member) -> dict[str, Any]:
    return {
        "channel_id": short(of.chat_id),
        "user_id": short(of.user_id),
        "roles": "channel_user",
        "last_viewed_at": 0,
        "msg_count": 0,
        "mention_count": 0,
        "notify_props": {},
        "last_update_at": milliseconds(of.added_at),
        "scheme_user": True,
        "scheme_admin": False,
        "explicit_roles": "",
    }


def post(of: Message) -> dict[str, Any]:
    """A message as a post.

    If no user wrote it, `props` has the author's name and picture, and `user_id` is the id of its origin, such as the
    incoming webhook.
    """
    props: dict[str, Any] = json.loads(of.props) if of.props else {}
    if of.user_id is None:
        props |= {"from_webhook": "true", "override_username": of.author_name or ""}
        if of.author_avatar_url:
            props["override_icon_url"] = of.author_avatar_url
        if of.author_emoji:
            props["override_icon_emoji"] = of.author_emoji
        if of.webhook_title is not None:
            props["webhook_display_name"] = of.webhook_title
    boxes = attachments.shown(of.attachments)
    if boxes:
        props["attachments"] = [_without_nulls(box) for box in boxes]
        for box in props["attachments"]:
            if "actions" in box:
                box["actions"] = [_without_nulls(action) for action in box["actions"]]
    created = milliseconds(of.created_at)
    return {
        "id": short(of.message_id),
        "create_at": created,
        "update_at": milliseconds(of.edited_at) or created,
        "edit_at": milliseconds(of.edited_at),
        "delete_at": milliseconds(of.deleted_at),
        "is_pinned": False,
        "user_id": short(of.user_id or of.origin_id),
        "channel_id": short(of.chat_id),
        "root_id": "",
        "original_id": "",
        "message": of.text,
        "type": "slack_attachment" if boxes else "",
        "props": props,
        "hashtags": "",
        "pending_post_id": "",
        "reply_count": 0,
        "last_reply_at": 0,
        "participants": None,
        "metadata": {"priority": _priority(of)} if of.priority else {},
    }


def token(of: Token) -> dict[str, Any]:
    """A token as a personal access token, without its secret."""
    return {
        "id": short(of.token_id),
        "user_id": short(of.user_id),
        "description": of.description or of.name,
        "is_active": of.status == "active",
    }


def _priority(of: Message) -> dict[str, Any]:
    kept = json.loads(of.priority or "{}")
    return {
        "priority": kept.get("level", ""),
        "requested_ack": kept.get("acknowledge", False),
        "persistent_notifications": kept.get("persistent", False),
    }


def _without_nulls(box: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in box.items() if value not in (None, [])}

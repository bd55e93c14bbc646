"""Mattermost's API for bots and scripts, as calls of the core.

Refusals are AppErrors with Mattermost's literal texts.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from ferryman import ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import access, direct
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat
from ferryman.conversations.messages import attachments
from ferryman.conversations.messages import service as messages_service
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.model import Draft, Message
from ferryman.dialects.mattermost import objects, split
from ferryman.errors import Conflict, NotFound
from ferryman.formats import slack_attachments, slack_blocks
from ferryman.identity import permissions, plans
from ferryman.identity.credentials.model import Caller
from ferryman.identity.permissions import Scope
from ferryman.identity.sessions import service as sessions
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.identity.workspaces import table as workspaces
from ferryman.identity.workspaces.model import Workspace

MAX_PAGE = 200
_DEFAULT_PAGE = 60
_DEEPEST = 100_000  # items before a page, because each page is read from the beginning of its list
_PAGES_SINCE = 5


class AppError(Exception):
    """A refusal in Mattermost's form: its HTTP status, error id and message."""

    def __init__(self, status: int, error_id: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error_id = error_id


SESSION = AppError(401, "api.context.session_expired.app_error", "Invalid or expired session, please login again.")
PERMISSIONS = AppError(403, "api.context.permissions.app_error", "You do not have the appropriate permissions.")
FILES = AppError(501, "api.file.attachments.disabled.app_error", "File attachments have been disabled on this server.")
NO_USER = AppError(404, "app.user.missing_account.const", "Unable to find the user.")
_NO_TEAM = AppError(404, "app.team.get.find.app_error", "Unable to find the existing team.")
NO_CHANNEL = AppError(404, "app.channel.get.existing.app_error", "Unable to find the existing channel.")
TOO_LONG = AppError(400, "model.post.is_valid.msg.app_error", "Invalid message.")
ARCHIVED = AppError(400, "api.post.create_post.can_not_post_to_deleted.error", "Can not post to deleted channel.")
_THREAD = AppError(400, "api.post.create_post.root_id.app_error", "Invalid RootId parameter.")


def invalid_body(name: str) -> AppError:
    return AppError(400, "api.context.invalid_body_param.app_error", f"Invalid or missing {name} in request body.")


def invalid_parameter(name: str) -> AppError:
    return AppError(
        400, "api.context.invalid_url_param.app_error", f"Invalid or missing {name} parameter in request URL."
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """One authenticated request: the parameters of its path and query, and `read()`, which parses the body's JSON."""

    caller: Caller
    path: dict[str, str]
    query: dict[str, str]
    read: Callable[[], Any]

    def id(self, name: str, prefix: str) -> str:
        """Our id for the id in the path parameter `name`. Raises an AppError for a text that is not an id."""
        if not objects.is_id(self.path[name]):
            raise invalid_parameter(name)
        return objects.full(prefix, self.path[name])

    def number(self, name: str, default: int, most: int) -> int:
        text = self.query.get(name, "")
        return min(int(text), most) if re.fullmatch("[0-9]{1,15}", text) else default

    def window(self) -> tuple[int, int]:
        """The number of items before the requested page, and the size of the page.

        Raises an AppError for a page that begins after more than 100,000 items.
        """
        size = max(self.number("per_page", _DEFAULT_PAGE, MAX_PAGE), 1)
        start = self.number("page", 0, _DEEPEST + 1) * size
        if start > _DEEPEST:
            raise invalid_parameter("page")
        return start, size

    def object(self, name: str) -> dict[str, Any]:
        """The body, if it is an object. Raises an AppError otherwise, whose text calls the body `name`."""
        sent = self.read()
        if not isinstance(sent, dict):
            raise invalid_body(name)
        return sent


def page_of[T](
    asked: Asked,
    fetch: Callable[[int, store.Key | None], tuple[list[T], store.Key | None]],
    keep: Callable[[T], bool] = lambda _: True,
) -> tuple[list[T], bool]:
    """The items on the requested page, and whether another page follows.

    `fetch(limit, after)` reads the next items of the list and the key after which to continue. Items for which `keep`
    is false do not count.
    """
    start, size = asked.window()
    items: list[T] = []
    passed, after = 0, None
    while True:
        wanted = start + size + 1 - passed - len(items)
        part, after = fetch(min(wanted, MAX_PAGE + 1), after)
        kept = [one for one in part if keep(one)]
        skipped = min(start - passed, len(kept))
        passed += skipped
        items += kept[skipped:]
        if after is None or len(items) > size:
            return items[:size], len(items) > size


def text(name: str, sent: Mapping[str, Any], field: str) -> str:
    """A text field of a body; "" when it is missing or null.

    Raises an AppError for a field of another type, whose text calls the body `name`.
    """
    value = sent.get(field)
    if value is not None and not isinstance(value, str):
        raise invalid_body(name)
    return value or ""


# --- signing out ------------------------------------------------------------------------------------------------------


def logout(caller: Caller) -> None:
    """End the caller's session. An API token stays valid; its owner can revoke it."""
    if caller.kind == "session":
        sessions.end(caller, caller.credential_id)


# --- users ------------------------------------------------------------------------------------------------------------


def require(caller: Caller, scope: Scope) -> None:
    """Raises PERMISSIONS for a caller without the scope."""
    if not permissions.covers(caller.scopes, scope):
        raise PERMISSIONS


def require_integrations(caller: Caller, scope: Scope, disabled: AppError) -> None:
    """Raises PERMISSIONS for a caller without the scope, and `disabled` if the workspace's plan has no integrations."""
    require(caller, scope)
    if not plans.includes(caller.plan, plans.OF_INTEGRATIONS):
        raise disabled


def me(asked: Asked) -> dict[str, Any]:
    return objects.user(users.get(asked.caller.workspace_id, asked.caller.user_id), own=True)


def user(asked: Asked) -> dict[str, Any]:
    user_id = asked.id("v4_user_id", ids.USER)
    if user_id != asked.caller.user_id:
        require(asked.caller, "users:read")
    try:
        return shown_user(asked, users.get(asked.caller.workspace_id, user_id))
    except NotFound:
        raise NO_USER from None


def user_by_name(asked: Asked) -> dict[str, Any]:
    require(asked.caller, "users:read")
    name = asked.path["username"].lower()
    if objects.is_id(name):  # for a user without a handle, the API shows the id as the name
        for user in users.get_many(asked.caller.workspace_id, [objects.full(ids.USER, name)]):
            return shown_user(asked, user)
    for user in users.by_handles(asked.caller.workspace_id, [name]):
        return shown_user(asked, user)
    raise NO_USER


def user_by_email(asked: Asked) -> dict[str, Any]:
    require(asked.caller, "users:read")
    user = users.by_email(asked.caller.workspace_id, asked.path["email"])
    if user is None:
        raise NO_USER
    return shown_user(asked, user)


def shown_user(asked: Asked, user: User) -> dict[str, Any]:
    return objects.user(user, own=user.user_id == asked.caller.user_id or asked.caller.is_admin)


# --- teams and channels -----------------------------------------------------------------------------------------------


def my_teams(asked: Asked) -> list[dict[str, Any]]:
    return [objects.team(workspaces.get(asked.caller.workspace_id))]


def team(asked: Asked) -> dict[str, Any]:
    return objects.team(team_of(asked))


def team_of(asked: Asked) -> Workspace:
    """The caller's own workspace, if the path names it as the team; otherwise raises an AppError."""
    own = workspaces.get(asked.caller.workspace_id)
    if "team_id" in asked.path:
        if asked.id("team_id", ids.WORKSPACE) != own.workspace_id:
            raise _NO_TEAM
    elif asked.path["team_name"] not in (objects.team_name(own), objects.short(own.workspace_id)):
        raise _NO_TEAM
    return own


def channel_by_name(asked: Asked) -> dict[str, Any]:
    require(asked.caller, "chats:read")
    team_of(asked)
    name = asked.path["channel_name"].lower()
    chat_id = chats.id_of_handle(asked.caller.workspace_id, name)
    if chat_id is None:
        if not objects.is_id(name):
            raise NO_CHANNEL
        chat_id = objects.full(ids.CHAT, name)
    try:
        return objects.channel(access.get_visible(asked.caller, chat_id))
    except NotFound:
        raise NO_CHANNEL from None


def channel(asked: Asked) -> dict[str, Any]:
    require(asked.caller, "chats:read")
    return objects.channel(channel_of(asked))


def channel_of(asked: Asked) -> Chat:
    try:
        return access.get_visible(asked.caller, asked.id("channel_id", ids.CHAT))
    except NotFound:
        raise PERMISSIONS from None


def require_chat(caller: Caller, chat_id: str) -> Chat:
    """The chat, if the caller may see it; otherwise raises PERMISSIONS."""
    try:
        return access.get_visible(caller, chat_id)
    except NotFound:
        raise PERMISSIONS from None


def direct_channel(asked: Asked) -> dict[str, Any]:
    """Open the private chat of the two users in the body. One of them must be the caller."""
    require(asked.caller, "messages:write")
    pair = asked.read()
    if (
        not isinstance(pair, list)
        or len(pair) != 2
        or not all(isinstance(one, str) and objects.is_id(one) for one in pair)
    ):
        raise invalid_body("user_ids")
    members = {objects.full(ids.USER, one) for one in pair}
    if asked.caller.user_id not in members:
        raise PERMISSIONS
    people = users.get_many(asked.caller.workspace_id, members)
    if {one.user_id for one in people} != members:
        raise NO_USER
    other = next((one for one in members if one != asked.caller.user_id), asked.caller.user_id)
    caller = asked.caller
    return objects.channel(direct.open_between(caller.workspace_id, caller.user_id, other, livemode=caller.livemode))


# --- posts ------------------------------------------------------------------------------------------------------------


def posts(asked: Asked) -> dict[str, Any]:
    """A page of a channel's posts, newest first.

    With `since` (epoch milliseconds), the posts that were created or changed later.
    """
    require(asked.caller, "messages:read")
    chat = channel_of(asked)
    if since := asked.number("since", 0, 10**15):
        return _list_of(*_posts_since(asked, chat, since))
    page, has_next = page_of(asked, partial(_some_messages, asked.caller, chat))
    return _list_of([objects.post(message) for message in page], has_next)


def _posts_since(asked: Asked, chat: Chat, since: int) -> tuple[list[dict[str, Any]], bool]:
    """The posts that were created or changed after `since` (epoch milliseconds), and whether there may be more.

    Reads pages, newest first, until a post is older than `since`, at most 1,000 posts. So a change of an older post is
    found only if these pages contain the post.
    """
    posts: list[dict[str, Any]] = []
    after: store.Key | None = None
    for _ in range(_PAGES_SINCE):
        page, after = _some_messages(asked.caller, chat, MAX_PAGE, after)
        shown = [objects.post(message) for message in page]
        posts += [post for post in shown if post["update_at"] > since]
        if after is None or (shown and shown[-1]["create_at"] <= since):
            return posts, False
    return posts, True


def _some_messages(
    caller: Caller, chat: Chat, limit: int, after: store.Key | None
) -> tuple[list[Message], store.Key | None]:
    """A page of a chat's messages that the caller sees, newest first, and the key after which the next page begins."""
    return messages.page(
        caller.workspace_id, chat.chat_id, limit, after, livemode=caller.livemode, reader=caller.user_id
    )


def _list_of(shown: list[dict[str, Any]], has_next: bool) -> dict[str, Any]:
    return {
        "order": [one["id"] for one in shown],
        "posts": {one["id"]: one for one in shown},
        "next_post_id": "",
        "prev_post_id": "",
        "has_next": has_next,
    }


def create_post(asked: Asked, chain: list[str] | None) -> dict[str, Any]:
    require(asked.caller, "messages:write")
    sent = asked.read()
    if not isinstance(sent, dict):
        raise invalid_body("post")
    channel_id, message_text, root_id = (sent.get(name) or "" for name in ("channel_id", "message", "root_id"))
    if not isinstance(channel_id, str) or not objects.is_id(channel_id):
        raise invalid_body("channel_id")
    if not isinstance(message_text, str) or not isinstance(root_id, str):
        raise invalid_body("post")
    if sent.get("file_ids"):
        raise FILES
    if root_id:
        raise _THREAD
    kept, props = content_of(sent.get("props") or {})
    priority = _priority(sent.get("metadata"))
    if len(message_text) > split.MAX_TEXT or not (message_text.strip() or kept) or "\0" in message_text:
        raise TOO_LONG
    draft = Draft(text=message_text, attachments=attachments.dump(kept), props=props, priority=priority)
    try:
        message = messages_service.post(asked.caller, objects.full(ids.CHAT, channel_id), draft, chain=chain)
    except NotFound:
        raise PERMISSIONS from None
    except Conflict:
        raise ARCHIVED from None
    return objects.post(message)


def _priority(metadata: Any) -> str | None:
    """The priority in a post's metadata, as the JSON that a message stores, or None. Other metadata is ignored."""
    try:
        wanted = slack_attachments.object_of({"metadata": metadata}, "metadata").get("priority")
        if wanted is None:
            return None
        return json.dumps(slack_attachments.priority_of(slack_attachments.object_of({"priority": wanted}, "priority")))
    except slack_attachments.InvalidPayload:
        raise invalid_body("post") from None


def content_of(props: Any) -> tuple[list[attachments.Attachment], str | None]:
    """The attachments in a post's props, and the other props as the JSON that a message stores.

    Props that name the author are left out, because a client that sends a whole post back sends them, too. Raises an
    AppError for props of another shape and for too large ones.
    """
    if not isinstance(props, dict):
        raise invalid_body("props")
    try:
        boxes = slack_attachments.attachments_of(props)
    except (slack_attachments.InvalidPayload, slack_blocks.InvalidBlocks):
        raise invalid_body("props") from None
    others = {name: value for name, value in props.items() if name not in slack_attachments.RESERVED_PROPS}
    if attachments.size(boxes) + attachments.size(others) > attachments.MAX_BYTES:
        raise TOO_LONG
    return boxes, json.dumps(others, ensure_ascii=False) if others else None

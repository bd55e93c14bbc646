"""Mattermost's API for bots and scripts: /api/v4. One greedy route leads here; `ADDRESSES` tells the addresses apart.

Clients send JSON with any content type or none, so the content type is not checked. The handler takes a session or an
API token as `Authorization: Bearer …`, in upper or lower case. `mattermost_login` signs users in;
`mattermost_integrations` and `mattermost_bots` have the routes that need permissions which a function that posts must
not have.
"""

from contextlib import suppress
from functools import partial
from typing import Any

from ferryman import metrics
from ferryman.dialects.mattermost import v4, v4_members, v4_posts, v4_token_lists
from ferryman.dialects.mattermost.v4 import Asked
from ferryman.errors import NotAuthenticated
from ferryman.http import mattermost_cookies
from ferryman.http.greedy import Address, Addresses
from ferryman.http.mattermost import NOTHING, Answer, Routes, caller_of, describe, describe_all, limit, read, respond
from ferryman.identity.credentials.model import Caller
from ferryman.webhooks import loop_prevention

_ID = "01j00000000000000000000000"
_SAID = {"channel_id": _ID, "message": "Build passed"}
_POST = "/api/v4/posts/{v4_post_id}"
_CHANNEL = "/api/v4/channels/{channel_id}"
_TEAM, _TEAM_BY_NAME = "/api/v4/teams/{team_id}", "/api/v4/teams/name/{team_name}"

_ROUTES: Routes = {
    "GET /api/v4/users/me": ("Read your own user", 200, v4.me, None),
    "GET /api/v4/users/me/teams": ("List your teams: only the workspace", 200, v4.my_teams, None),
    "GET /api/v4/users/{v4_user_id}": ("Read a user", 200, v4.user, None),
    "GET /api/v4/users/username/{username}": ("Find a user by handle", 200, v4.user_by_name, None),
    "GET /api/v4/users/email/{email}": ("Find a user by e-mail address", 200, v4.user_by_email, None),
    "POST /api/v4/users/ids": ("Read users by their ids", 200, v4_members.users_by_ids, [_ID]),
    "POST /api/v4/users/usernames": ("Find users by their handles", 200, v4_members.users_by_names, ["ada"]),
    "GET /api/v4/users/{v4_user_id}/teams/{team_id}/channels": (
        "List your channels",
        200,
        v4_members.my_channels,
        None,
    ),
    f"GET {_TEAM}": ("Read the team, which is the workspace", 200, v4.team, None),
    f"GET {_TEAM_BY_NAME}": ("Find a team by name", 200, v4.team, None),
    f"GET {_TEAM}/channels/name/{{channel_name}}": (
        "Find a chat by its handle",
        200,
        v4.channel_by_name,
        None,
    ),
    f"GET {_TEAM_BY_NAME}/channels/name/{{channel_name}}": (
        "Find a chat by its handle and the team's name",
        200,
        v4.channel_by_name,
        None,
    ),
    "POST /api/v4/channels/direct": ("Open a private chat with somebody", 201, v4.direct_channel, [_ID, _ID]),
    f"GET {_CHANNEL}": ("Read a channel", 200, v4.channel, None),
    f"GET {_CHANNEL}/members": ("List a channel's members", 200, v4_members.members, None),
    f"GET {_CHANNEL}/members/{{v4_user_id}}": ("Read a member of a channel", 200, v4_members.member, None),
    f"GET {_CHANNEL}/posts": ("List a channel's posts", 200, v4.posts, None),
    f"GET {_POST}": ("Read a post", 200, v4_posts.read, None),
    f"PUT {_POST}": ("Change a post's text and props", 200, v4_posts.update, {"id": _ID, "message": "Build failed"}),
    f"PUT {_POST}/patch": ("Change a post's text and props", 200, v4_posts.patch, {"message": "Build failed"}),
    f"DELETE {_POST}": ("Delete a post", 200, v4_posts.delete, None),
    f"GET {_POST}/thread": ("Read a thread: always a single post", 200, v4_posts.thread, None),
    # The function for bots serves the other addresses of tokens. A route to it for this one would add a permission to
    # the stack.
    "GET /api/v4/users/tokens": ("List everybody's tokens", 200, v4_token_lists.page_of_everybody, None),
}
_LOGOUT = "POST /api/v4/users/logout"
_OTHERS = {
    "GET /api/v4/system/ping": describe("mattermost_ping", "Ask whether the API is up", 200, public=True),
    _LOGOUT: describe("mattermost_logout", "Sign out", 200, public=True),
    "POST /api/v4/posts": describe("mattermost_post", "Send a message", 201, example=_SAID),
    "POST /api/v4/files": describe("mattermost_files", "Upload a file: always refused", 201),
}
ADDRESSES = Addresses([*_ROUTES, *_OTHERS])
paths = describe_all("mattermost", _ROUTES)
for key, described in _OTHERS.items():
    method, path = key.split(" ")
    paths.setdefault(path, {})[method.lower()] = described


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    address = ADDRESSES.find(event["requestContext"]["http"]["method"], event["rawPath"])
    if address is None:
        return respond(event, _nothing)
    answer = respond(event | {"routeKey": address.key}, partial(_carry_out, address=address))
    if address.key == "POST /api/v4/posts":
        metrics.post_refused(answer["statusCode"])
    if address.key == _LOGOUT and mattermost_cookies.is_used(event) and mattermost_cookies.is_ours(event):
        answer["cookies"] = mattermost_cookies.cleared()
    return answer


def _nothing(_event: dict[str, Any]) -> Answer:
    raise NOTHING


def _carry_out(event: dict[str, Any], address: Address) -> Answer:
    if address.key == "GET /api/v4/system/ping":
        return 200, {"status": "OK"}, {}
    if address.key == _LOGOUT:
        with suppress(NotAuthenticated):  # signing out without a session is fine
            v4.logout(caller_of(event, enrolling=True))
        return 200, {"status": "OK"}, {}
    caller = caller_of(event)
    limits = limit(event, caller.credential_id)
    asked = Asked(caller, address.parameters, event.get("queryStringParameters") or {}, partial(read, event))
    if address.key == "POST /api/v4/files":
        raise v4.FILES
    if address.key == "POST /api/v4/posts":
        return 201, v4.create_post(asked, _chain(caller, event)), limits
    _, status, carry_out, _ = _ROUTES[address.key]
    return status, carry_out(asked), limits


def _chain(caller: Caller, event: dict[str, Any]) -> list[str] | None:
    return loop_prevention.of_callers_reply(caller, (event.get("headers") or {}).get("x-fm-delivery-id"))

"""Mattermost's API for bots and scripts: /api/v4. `mattermost_login` signs in.

Clients send JSON with any content type or none, so nothing is said of it. A session or an API token is taken as
`Authorization: Bearer …`, in whatever case that is written.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from ferryman import metrics
from ferryman.dialects.mattermost import v4
from ferryman.dialects.mattermost.v4 import Asked
from ferryman.errors import NotAuthenticated
from ferryman.http.mattermost import Answer, describe, limit, read, respond
from ferryman.http.needs import caller_of
from ferryman.identity.credentials.model import Caller
from ferryman.webhooks import loop_prevention

_READS: dict[str, tuple[str, Callable[[Asked], Any]]] = {
    "/api/v4/users/me": ("Read your own user", v4.me),
    "/api/v4/users/me/teams": ("List your teams: the workspace", v4.my_teams),
    "/api/v4/users/{v4_user_id}": ("Read a user", v4.user),
    "/api/v4/users/username/{username}": ("Find a user by handle", v4.user_by_name),
    "/api/v4/users/email/{email}": ("Find a user by e-mail address", v4.user_by_email),
    "/api/v4/teams/{team_id}": ("Read a team: the workspace", v4.team),
    "/api/v4/teams/name/{team_name}": ("Find a team by name", v4.team),
    "/api/v4/teams/{team_id}/channels/name/{channel_name}": (
        "Find a channel: a chat, by its handle",
        v4.channel_by_name,
    ),
    "/api/v4/teams/name/{team_name}/channels/name/{channel_name}": ("Find a channel by both names", v4.channel_by_name),
    "/api/v4/channels/{channel_id}": ("Read a channel", v4.channel),
    "/api/v4/channels/{channel_id}/posts": ("List a channel's posts", v4.posts),
}

_ID = "01j00000000000000000000000"
_POST = {"channel_id": _ID, "message": "Build passed"}
paths: dict[str, dict[str, Any]] = {
    path: {"get": describe(f"mattermost_{number}", summary, 200)}
    for number, (path, (summary, _)) in enumerate(_READS.items())
} | {
    "/api/v4/system/ping": {"get": describe("mattermost_ping", "Ask whether the API is up", 200, public=True)},
    "/api/v4/users/logout": {"post": describe("mattermost_logout", "Sign out", 200, public=True)},
    "/api/v4/channels/direct": {
        "post": describe("mattermost_direct", "Open a private chat with somebody", 201, example=[_ID, _ID])
    },
    "/api/v4/posts": {"post": describe("mattermost_post", "Send a message", 201, example=_POST)},
    "/api/v4/files": {"post": describe("mattermost_files", "Refused: files cannot be attached", 201)},
}


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    answer = respond(event, _carry_out)
    if event["routeKey"] == "POST /api/v4/posts":
        metrics.post_refused(answer["statusCode"])
    return answer


def _carry_out(event: dict[str, Any]) -> Answer:
    route = event["routeKey"]
    if route == "GET /api/v4/system/ping":
        return 200, {"status": "OK"}, {}
    if route == "POST /api/v4/users/logout":
        with suppress(NotAuthenticated):  # signing out without a session is fine
            v4.logout(caller_of(event))
        return 200, {"status": "OK"}, {}
    caller = caller_of(event)
    limits = limit(caller.credential_id)
    parameters, query = event.get("pathParameters") or {}, event.get("queryStringParameters") or {}
    asked = Asked(caller, parameters, query, partial(read, event))
    if route == "POST /api/v4/files":
        raise v4.FILES
    if route == "POST /api/v4/channels/direct":
        return 201, v4.direct_channel(asked), limits
    if route == "POST /api/v4/posts":
        return 201, v4.create_post(asked, _chain(caller, event)), limits
    return 200, _READS[route.partition(" ")[2]][1](asked), limits


def _chain(caller: Caller, event: dict[str, Any]) -> list[str] | None:
    return loop_prevention.of_callers_reply(caller, (event.get("headers") or {}).get("x-fm-delivery-id"))

"""Signing in as Mattermost's clients do it: POST /api/v4/users/login, and the shorter /api/v4/login.

It is a function of its own because only functions that sign people in may read the table of logins.
"""

import json
from typing import Any

from ferryman import settings
from ferryman.dialects.mattermost import v4_login
from ferryman.http import body, mattermost_cookies
from ferryman.http.mattermost import Answer, describe, limit, read, respond
from ferryman.http.needs import source_of

_EXAMPLE = {"login_id": "bot@example.com", "password": "correct horse battery staple"}
paths: dict[str, dict[str, Any]] = {
    "/api/v4/users/login": {
        "post": describe(
            "mattermost_login", "Sign in: the token is in the header `Token`", 200, public=True, example=_EXAMPLE
        )
    },
    "/api/v4/login": {
        "post": describe("mattermost_short_login", "Sign in at another path", 200, public=True, example=_EXAMPLE)
    },
}


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    answer = respond(event, _carry_out)
    if token := answer["headers"].get("Token"):
        seconds = settings.integer("SESSION_HOURS") * 3600
        answer["cookies"] = [f"MMSID={token}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Lax"]
        if mattermost_cookies.is_script(event):
            user_id = str(json.loads(answer["body"])["id"])
            answer["cookies"] += mattermost_cookies.signed_in(token, user_id, seconds)
    return answer


def _carry_out(event: dict[str, Any]) -> Answer:
    try:
        sent = read(event)
    except body.Unreadable:
        sent = None  # Mattermost treats it as a missing password
    user, token = v4_login.login(sent, source_of(event))
    return 200, user, {"Token": token, **limit(event, token)}

"""Mattermost's API for managing bots, personal access tokens, and incoming webhooks.

It is a function of its own because it writes credentials, which the function for posts must not do. Its greedy routes
lead here; `ADDRESSES` tells the addresses apart.
"""

from typing import Any

from ferryman.dialects.mattermost import v4_bots, v4_incoming, v4_tokens
from ferryman.http.greedy import Addresses
from ferryman.http.mattermost import Answer, Routes, ask, describe_all, respond

_ID = "01j00000000000000000000000"
_HOOK = "/api/v4/hooks/incoming/{incoming_hook_id}"
_NEW_HOOK = {"channel_id": _ID, "display_name": "Deployments", "username": "deploy"}
_BOT = "/api/v4/bots/{v4_bot_id}"
_NEW_BOT = {"username": "deploy", "display_name": "Deploy bot", "description": "Tells of deployments."}
_TOKENS = "/api/v4/users/{v4_user_id}/tokens"
_NEW_TOKEN = {"description": "CI"}
_ROUTES: Routes = {
    "POST /api/v4/hooks/incoming": ("Create an incoming webhook", 201, v4_incoming.create, _NEW_HOOK),
    "GET /api/v4/hooks/incoming": ("List incoming webhooks", 200, v4_incoming.page, None),
    f"GET {_HOOK}": ("Read an incoming webhook", 200, v4_incoming.read, None),
    f"PUT {_HOOK}": ("Change an incoming webhook", 201, v4_incoming.change, {**_NEW_HOOK, "id": _ID}),
    f"DELETE {_HOOK}": ("Delete an incoming webhook", 200, v4_incoming.delete, None),
    "POST /api/v4/bots": ("Create a bot", 201, v4_bots.create_bot, _NEW_BOT),
    "GET /api/v4/bots": ("List bots", 200, v4_bots.page_of_bots, None),
    f"GET {_BOT}": ("Read a bot", 200, v4_bots.read_bot, None),
    f"PUT {_BOT}": ("Change a bot", 200, v4_bots.change_bot, _NEW_BOT),
    f"POST {_BOT}/disable": ("Disable a bot", 200, v4_bots.disable_bot, None),
    f"POST {_BOT}/enable": ("Enable a bot", 200, v4_bots.enable_bot, None),
    f"POST {_BOT}/assign/{{v4_user_id}}": ("Give a bot to another person", 200, v4_bots.assign_bot, None),
    f"POST {_TOKENS}": ("Create a token of yours or of your bot", 200, v4_tokens.create, _NEW_TOKEN),
    f"GET {_TOKENS}": ("List your tokens or your bot's", 200, v4_tokens.page, None),
    "GET /api/v4/users/tokens/{v4_token_id}": ("Read a token", 200, v4_tokens.read, None),
    "POST /api/v4/users/tokens/revoke": ("Revoke a token", 200, v4_tokens.revoke, {"token_id": _ID}),
    "POST /api/v4/users/tokens/disable": ("Disable a token", 200, v4_tokens.disable, {"token_id": _ID}),
    "POST /api/v4/users/tokens/enable": ("Enable a token again", 200, v4_tokens.enable, {"token_id": _ID}),
}
ADDRESSES = Addresses(_ROUTES)
paths = describe_all("mattermost_bots", _ROUTES)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return respond(event, _carry_out)


def _carry_out(event: dict[str, Any]) -> Answer:
    key, asked, limits = ask(event, ADDRESSES)
    _, status, carry_out, _ = _ROUTES[key]
    return status, carry_out(asked), limits

"""Mattermost's API for integrations: outgoing webhooks, at /api/v4/hooks/outgoing.

A function of its own: it writes webhooks and seals their secrets, which the API for bots and scripts must not. Its
greedy routes lead here, and `ADDRESSES` says which address is meant.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from ferryman.dialects.mattermost import v4_outgoing
from ferryman.dialects.mattermost.v4 import Asked
from ferryman.http.greedy import Addresses
from ferryman.http.mattermost import NOTHING, Answer, describe, limit, read, respond
from ferryman.http.needs import caller_of

_HOOK = "/api/v4/hooks/outgoing/{outgoing_hook_id}"
_ID = "01j00000000000000000000000"
_EXAMPLE = {
    "team_id": _ID,
    "channel_id": _ID,
    "display_name": "Deployments",
    "trigger_words": ["deploy"],
    "callback_urls": ["https://ci.example.com/deploy"],
}
_ROUTES: dict[str, tuple[str, int, Callable[[Asked], Any], Any]] = {
    "POST /api/v4/hooks/outgoing": ("Create an outgoing webhook", 201, v4_outgoing.create, _EXAMPLE),
    "GET /api/v4/hooks/outgoing": ("List outgoing webhooks", 200, v4_outgoing.page, None),
    f"GET {_HOOK}": ("Read an outgoing webhook", 200, v4_outgoing.read, None),
    f"PUT {_HOOK}": ("Change an outgoing webhook", 200, v4_outgoing.change, {**_EXAMPLE, "id": _ID}),
    f"DELETE {_HOOK}": ("Delete an outgoing webhook", 200, v4_outgoing.delete, None),
    f"POST {_HOOK}/regen_token": ("Give an outgoing webhook a new token", 200, v4_outgoing.regenerate, None),
    # One of the clients sends a PUT.
    f"PUT {_HOOK}/regen_token": ("Give an outgoing webhook a new token", 200, v4_outgoing.regenerate, None),
}
ADDRESSES = Addresses(_ROUTES)
paths: dict[str, dict[str, Any]] = {}
for number, (key, (summary, success, _function, example)) in enumerate(_ROUTES.items()):
    method, path = key.split(" ")
    said = describe(f"mattermost_integrations_{number}", summary, success, example=example)
    paths.setdefault(path, {})[method.lower()] = said


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return respond(event, _carry_out)


def _carry_out(event: dict[str, Any]) -> Answer:
    caller = caller_of(event)
    limits = limit(caller.credential_id)
    address = ADDRESSES.find(event["requestContext"]["http"]["method"], event["rawPath"])
    if address is None:
        raise NOTHING
    asked = Asked(caller, address.parameters, event.get("queryStringParameters") or {}, partial(read, event))
    _, status, carry_out, _ = _ROUTES[address.key]
    return status, carry_out(asked), limits

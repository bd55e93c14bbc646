"""Mattermost's API for integrations: outgoing webhooks, commands, and clicks on buttons and menus.

It is a function of its own because it writes webhooks, seals secrets and calls the receivers of commands, which the
function for posts must not do. Its greedy routes lead here; `ADDRESSES` tells the addresses apart.
"""

from typing import Any

from ferryman import settings
from ferryman.dialects.mattermost import v4_actions, v4_commands, v4_outgoing
from ferryman.http.greedy import Addresses
from ferryman.http.mattermost import Answer, Routes, ask, describe, describe_all, read, respond

_HOOK = "/api/v4/hooks/outgoing/{outgoing_hook_id}"
_COMMAND = "/api/v4/commands/{v4_command_id}"
_TEAM = "/api/v4/teams/{team_id}/commands"
_EXECUTE = "POST /api/v4/commands/execute"
_ID = "01j00000000000000000000000"
_EXAMPLE = {
    "team_id": _ID,
    "channel_id": _ID,
    "display_name": "Deployments",
    "trigger_words": ["deploy"],
    "callback_urls": ["https://ci.example.com/deploy"],
}
_OF_COMMAND = {"team_id": _ID, "trigger": "deploy", "url": "https://ci.example.com/commands", "method": "P"}
_CHOICE = {"selected_option": "production"}
_RUN = {"channel_id": _ID, "command": "/deploy production"}
_ROUTES: Routes = {
    "POST /api/v4/hooks/outgoing": ("Create an outgoing webhook", 201, v4_outgoing.create, _EXAMPLE),
    "GET /api/v4/hooks/outgoing": ("List outgoing webhooks", 200, v4_outgoing.page, None),
    f"GET {_HOOK}": ("Read an outgoing webhook", 200, v4_outgoing.read, None),
    f"PUT {_HOOK}": ("Change an outgoing webhook", 200, v4_outgoing.change, {**_EXAMPLE, "id": _ID}),
    f"DELETE {_HOOK}": ("Delete an outgoing webhook", 200, v4_outgoing.delete, None),
    f"POST {_HOOK}/regen_token": ("Give an outgoing webhook a new token", 200, v4_outgoing.regenerate, None),
    # Some clients send PUT instead of POST.
    f"PUT {_HOOK}/regen_token": ("Give an outgoing webhook a new token", 200, v4_outgoing.regenerate, None),
    "POST /api/v4/commands": ("Create a command", 201, v4_commands.create, _OF_COMMAND),
    "GET /api/v4/commands": ("List commands", 200, v4_commands.page, None),
    f"GET {_COMMAND}": ("Read a command", 200, v4_commands.read, None),
    f"PUT {_COMMAND}": ("Change a command", 200, v4_commands.change, {**_OF_COMMAND, "id": _ID}),
    f"PUT {_COMMAND}/move": ("Move a command to a team", 200, v4_commands.move, {"team_id": _ID}),
    f"PUT {_COMMAND}/regen_token": ("Give a command a new token", 200, v4_commands.regenerate, None),
    f"DELETE {_COMMAND}": ("Delete a command", 200, v4_commands.delete, None),
    "POST /api/v4/posts/{v4_post_id}/actions/{action_id}": ("Click a button or menu", 200, v4_actions.click, _CHOICE),
    f"GET {_TEAM}/autocomplete": ("List the commands that are suggested", 200, v4_commands.autocomplete, None),
    f"GET {_TEAM}/autocomplete_suggestions": ("Suggest commands", 200, v4_commands.suggestions, None),
}
ADDRESSES = Addresses([*_ROUTES, _EXECUTE])
paths = describe_all("mattermost_integrations", _ROUTES)
paths["/api/v4/commands/execute"] = {"post": describe("mattermost_execute", "Run a command", 200, example=_RUN)}


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    return respond(event, _carry_out)


def _carry_out(event: dict[str, Any]) -> Answer:
    key, asked, limits = ask(event, ADDRESSES, _body)
    if key == _EXECUTE:
        origin = settings.optional("PUBLIC_URL") or f"https://{event['requestContext']['domainName']}"
        return 200, v4_commands.execute(asked, origin), limits
    _, status, carry_out, _ = _ROUTES[key]
    return status, carry_out(asked), limits


def _body(event: dict[str, Any]) -> Any:
    """The body as JSON. For a click it may be missing, as some clients send none; then it is an empty object."""
    is_click = event["rawPath"].startswith("/api/v4/posts/")
    return {} if is_click and not event.get("body") else read(event)

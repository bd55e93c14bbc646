"""The sample events in events/, unchanged or with ids of existing objects instead of the placeholders."""

import json
from typing import TYPE_CHECKING, Any

from tests.support import template
from tests.support.objects import Objects
from tools import openapi

if TYPE_CHECKING:
    from tests.integration.conftest import Workspace

TEXTS = {path.stem: path.read_text() for path in sorted((template.ROOT / "events").glob("*.json"))}
_CHAT = "cht_01JCXHZ5E0ABCDEFGHJKMNPQRS"


def sample(folder: str) -> dict[str, Any]:
    """The function's sample event. Its token and ids belong to no object."""
    event: dict[str, Any] = json.loads(TEXTS[folder])
    return event


def with_real_things(folder: str, workspace: "Workspace") -> dict[str, Any]:
    """The function's sample event with a token and ids of the workspace. Missing objects are created."""
    event, objects = sample(folder), Objects(workspace)
    text = TEXTS[folder].replace("<an API token>", workspace.token)
    parameters = event.get("pathParameters") or {}
    if "proxy" in parameters and (addresses := getattr(openapi.functions()[folder], "ADDRESSES", None)):
        parameters = addresses.find(event["requestContext"]["http"]["method"], event["rawPath"]).parameters
    for parameter, placeholder in parameters.items():
        if parameter != "proxy":  # a rest of an address, which names no thing
            text = text.replace(placeholder, objects.id(parameter))
    if "routeKey" in event and _CHAT in text:
        text = text.replace(_CHAT, objects.id("chat_id"))
    made: dict[str, Any] = json.loads(text)
    return made

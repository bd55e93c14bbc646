"""Requests to Mattermost's API for bots and scripts, for the tests."""

from typing import Any

from tests.integration.conftest import Workspace
from tests.support.mattermost import short
from tests.support.world import Answer
from tools import openapi

PASSWORD = "correct horse battery staple"
KEYS = ["id", "message", "detailed_error", "request_id", "status_code"]
ROUTES = [route for route in openapi.routes() if route.path.startswith("/api/v4/")]
OPEN = {"/api/v4/system/ping", "/api/v4/users/login", "/api/v4/login", "/api/v4/users/logout"}


def refused(answer: Answer) -> tuple[int, str]:
    """The status and the id of a refusal. Checks that all members of the AppError are there."""
    assert list(answer.json) == KEYS, answer.body
    assert (answer.json["status_code"], answer.json["request_id"]) == (answer.status, answer.headers["x-request-id"])
    assert answer.headers["content-type"] == "application/json"
    return answer.status, answer.json["id"]


def execute(workspace: Workspace, chat: str, command: str, **fields: Any) -> Any:
    return workspace.call("POST", "/api/v4/commands/execute", {"channel_id": short(chat), "command": command, **fields})

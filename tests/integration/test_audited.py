"""Every request that changes something leaves an audit record. The tests are generated from the routes."""

from typing import Any

import pytest
from ferryman.http.needs import PUBLIC

from tests.integration.conftest import Workspace
from tests.support.objects import Objects, path
from tests.support.world import World
from tools import openapi

# Messages, clicks and read marks are records themselves: they say who, when, and with which credential.
SAYS_SO_ITSELF = {
    "POST /v1/chats/{chat_id}/messages",
    "PATCH /v1/chats/{chat_id}/messages/{message_id}",
    "DELETE /v1/chats/{chat_id}/messages/{message_id}",
    "POST /v1/messages/{button_message_id}/callbacks",
    "POST /v1/me/notifications/{notification_id}/read",
}
# Written by each request, or read marks.
BESIDE = {"audit", "rates", "idempotency", "credentials", "receipts"}
CHANGING = {
    operation.key: operation
    for operation in openapi.routes()
    if operation.method != "GET"
    and operation.needs.scope is not PUBLIC
    and not operation.needs.session
    and operation.path.startswith("/v1/")
    and operation.key not in SAYS_SO_ITSELF
}


def written(world: World) -> dict[str, list[str]]:
    """The items of each table, without the times at which credentials were last used."""
    found: dict[str, list[str]] = {}
    for table, item in world.items():
        found.setdefault(table, []).append(repr({name: item[name] for name in item if not name.endswith("used_at")}))
    return {table: sorted(items) for table, items in found.items()}


@pytest.mark.parametrize("key", CHANGING)
def test_a_change_leaves_a_record(world: World, key: str) -> None:
    operation = CHANGING[key]
    made = world.bootstrap(key)
    owner = Workspace(world, made["workspace_id"], made["user_id"], made["token"])
    objects = Objects(owner)
    parameters, body = objects.ids(operation), objects.body(operation)
    body = body if operation.method != "PATCH" else {**(body or {}), **_a_change(operation.takes)}
    before = written(world)
    answer = owner.call(operation.method, path(operation, parameters), body)
    after = written(world)
    changed = {table for table in after if after[table] != before.get(table)}
    if answer.status >= 300 or not changed - _tables(BESIDE, changed):
        return
    assert any("audit" in table.lower() for table in changed), f"{key} changed {sorted(changed)}"


def _tables(names: set[str], tables: set[str]) -> set[str]:
    return {table for table in tables if any(table.lower().startswith(name) for name in names)}


def _a_change(model: Any) -> dict[str, Any]:
    fields = set(model.model_fields)
    return {"name": "Changed"} if "name" in fields else {"description": "Changed"} if "description" in fields else {}

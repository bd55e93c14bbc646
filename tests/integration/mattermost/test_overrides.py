"""Whether a post may name another author: a setting of the webhook, which the workspace's own setting overrules."""

from typing import Any

from tests.integration.conftest import Workspace
from tests.integration.mattermost.hooks import hook
from tests.support.world import World

SENT = {"text": "x", "username": "Robot", "icon_url": "https://img.example/r.png", "icon_emoji": ":ship:"}


def authors(one: Any) -> list[tuple[str, str | None, str | None]]:
    return [
        (message["author"]["name"], message["author"]["avatar_url"], message["author"]["emoji"])
        for message in one.messages()
    ]


def test_the_workspace_can_forbid_overrides_for_all_its_webhooks(
    world: World, workspace: Workspace, other: Workspace, later: Any
) -> None:
    one, foreign = hook(workspace), hook(other)
    named = ("Robot", "https://img.example/r.png", "ship")
    assert workspace.call("GET", "/v1/workspace").json["allows_overrides"] is True
    assert one.post(SENT).status == 200
    changed = workspace.call("PATCH", "/v1/workspace", {"allows_overrides": False})
    assert (changed.status, changed.json["allows_overrides"]) == (200, False)
    later(60)
    assert one.post(SENT).status == foreign.post(SENT).status == 200
    own = authors(one)[0]
    assert own[1:] == (None, None)
    assert own[0] != "Robot"
    assert authors(foreign) == [named]
    workspace.call("PATCH", "/v1/workspace", {"allows_overrides": True})
    later(120)
    assert one.post(SENT).status == 200
    assert authors(one) == [named, own, named]
    (record, *_) = workspace.call("GET", "/v1/audit").json["items"]
    assert (record["action"], record["details"]) == ("workspace.edited", {"changed": ["allows_overrides"]})


def test_a_webhook_that_forbids_overrides_does_so_whatever_the_workspace_says(workspace: Workspace) -> None:
    one = hook(workspace, allows_overrides=False)
    assert one.post(SENT).status == 200
    assert authors(one)[0][1:] == (None, None)


def test_only_a_live_administrator_changes_the_workspace(workspace: Workspace) -> None:
    body = {"allows_overrides": False}
    for by in (workspace.person("manager"), workspace.person("staff"), workspace.narrow("webhooks:write")):
        assert by.call("PATCH", "/v1/workspace", body).status == 403
    assert workspace.narrow("admin:*", environment="development").call("PATCH", "/v1/workspace", body).status == 403
    assert workspace.call("PATCH", "/v1/workspace", {"allows_overrides": None}).status == 422
    assert workspace.call("GET", "/v1/workspace").json["allows_overrides"] is True
    assert workspace.call("PATCH", "/v1/workspace", {}).status == 200

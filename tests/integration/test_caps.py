"""A cap holds when two requests count at the same time: both see one free place, and only one gets it."""

from typing import Any

import pytest
from ferryman.integrations.bots import callbacks, service
from ferryman.webhooks import personal

from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile


@pytest.fixture(params=["callbacks", "bot tokens", "personal webhooks"])
def capped(request: pytest.FixtureRequest, workspace: Workspace) -> tuple[str, int, dict[str, Any]]:
    """A list with a cap: the address of the list, the cap, and a body to create an entry."""
    if request.param == "personal webhooks":
        return "/v1/me/webhooks", personal.MAX_PERSONAL, {"url": "https://me.example.com/in"}
    bot = workspace.make("/v1/bots", {"name": "CI", "handle": "ci"})
    if request.param == "callbacks":
        return f"/v1/bots/{bot['id']}/callbacks", callbacks.MAX_CALLBACKS, {"url": "https://bots.example.com/in"}
    return f"/v1/bots/{bot['id']}/tokens", service.MAX_TOKENS, {}


def test_parallel_creates_do_not_exceed_a_cap(workspace: Workspace, capped: tuple[str, int, dict[str, Any]]) -> None:
    path, most, wanted = capped
    listed = "/v1/tokens?limit=100" if "tokens" in path else f"{path}?limit=100"

    def have() -> int:
        if "tokens" in path:
            return sum(item["user_id"] == path.split("/")[3] for item in workspace.call("GET", listed).json["items"])
        return len(workspace.call("GET", listed).json["items"])

    while have() < most - 1:
        workspace.make(path, wanted)
    inner: list[int] = []
    with meanwhile(lambda: inner.append(workspace.call("POST", path, wanted).status)):
        outer = workspace.call("POST", path, wanted)
    assert (inner, outer.status) == ([201], 409)
    assert have() == most


def test_parallel_creates_below_the_cap_are_all_carried_out(
    workspace: Workspace, capped: tuple[str, int, dict[str, Any]]
) -> None:
    path, _, wanted = capped
    inner: list[int] = []
    with meanwhile(*(lambda: inner.append(workspace.call("POST", path, wanted).status),) * 2):
        assert workspace.call("POST", path, wanted).status == 201
    assert inner == [201, 201]

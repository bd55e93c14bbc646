"""Pages of lists in Mattermost's API, which a client reads until it gets an empty one."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.conftest import Workspace
from tests.integration.mattermost.v4 import refused
from tests.support.mattermost import short

BOTS = "/api/v4/bots"


def pages(workspace: Workspace, path: str, size: int) -> Iterator[list[Any]]:
    """All pages of a list before the first empty page. Fails after a hundred pages."""
    separator = "&" if "?" in path else "?"
    for number in range(100):
        listed = workspace.call("GET", f"{path}{separator}page={number}&per_page={size}").json
        page = listed if isinstance(listed, list) else listed["order"]
        if not page:
            return
        yield page
    raise AssertionError("The list does not end.")


def test_each_post_is_on_one_page_however_many_there_are(workspace: Workspace) -> None:
    chat = workspace.chat()
    said = [workspace.make(f"/v1/chats/{chat}/messages", {"text": str(number)})["id"] for number in range(53)]
    path = f"/api/v4/channels/{short(chat)}/posts"
    assert [page[0] for page in pages(workspace, path, 1)] == [short(one) for one in reversed(said)]
    listed = workspace.call("GET", f"{path}?per_page=53").json
    assert (len(listed["order"]), listed["has_next"]) == (53, False)
    assert [workspace.call("GET", f"{path}?page={number}&per_page=26").json["has_next"] for number in range(3)] == [
        True,
        True,
        False,
    ]


def test_a_page_far_down_is_read_in_pieces(workspace: Workspace) -> None:
    chat = workspace.chat()
    for number in range(203):
        workspace.make(f"/v1/chats/{chat}/messages", {"text": str(number)})
    listed = workspace.call("GET", f"/api/v4/channels/{short(chat)}/posts?page=101&per_page=2").json
    assert [listed["posts"][one]["message"] for one in listed["order"]] == ["0"]


def test_bots_that_are_not_shown_leave_no_gap(workspace: Workspace) -> None:
    made = [workspace.make(BOTS, {"username": f"bot-{number}"})["user_id"] for number in range(7)]
    hidden = {made[number] for number in (0, 1, 2, 5)}
    for bot in hidden:
        assert workspace.call("POST", f"{BOTS}/{bot}/disable").status == 200
    seen = [bot for bot in made if bot not in hidden]
    listed = [[bot["user_id"] for bot in page] for page in pages(workspace, BOTS, 2)]
    assert listed == [seen[:2], seen[2:]]
    everybody = pages(workspace, f"{BOTS}?include_deleted=true", 3)
    assert [bot["user_id"] for page in everybody for bot in page] == made


def test_bots_without_an_active_owner_are_listed_alone(workspace: Workspace) -> None:
    keeper = workspace.person("admin", "bots:write", "bots:read")
    mine = [workspace.make(BOTS, {"username": f"mine-{number}"})["user_id"] for number in range(3)]
    theirs = [keeper.make(BOTS, {"username": f"theirs-{number}"})["user_id"] for number in range(3)]
    query = "only_orphaned=true&include_deleted=true"
    assert list(pages(workspace, f"{BOTS}?{query}", 2)) == []
    assert workspace.call("PATCH", f"/v1/users/{keeper.user_id}", {"active": False}).status == 200
    listed = [[bot["user_id"] for bot in page] for page in pages(workspace, f"{BOTS}?{query}", 2)]
    assert listed == [theirs[:2], theirs[2:]]
    assert workspace.call("GET", f"{BOTS}?only_orphaned=true").json == [], "they were disabled with their owner"
    assert [bot["user_id"] for bot in workspace.call("GET", BOTS).json] == mine


def test_members_have_pages(workspace: Workspace) -> None:
    chat = workspace.chat()
    for _ in range(2):
        person = workspace.person()
        assert workspace.call("PUT", f"/v1/chats/{chat}/members/{person.user_id}").status == 200
    listed = list(pages(workspace, f"/api/v4/channels/{short(chat)}/members", 2))
    assert [len(page) for page in listed] == [2, 1]
    assert len({one["user_id"] for page in listed for one in page}) == 3


@pytest.mark.parametrize(
    "path",
    [BOTS, "/api/v4/hooks/incoming", "/api/v4/hooks/outgoing", "/api/v4/users/tokens", "/api/v4/users/me/tokens"],
)
def test_a_page_that_is_too_far_down_is_refused(workspace: Workspace, path: str) -> None:
    assert workspace.call("GET", f"{path}?page=500&per_page=200").json == []
    for page in (501, 10**14):
        answer = workspace.call("GET", f"{path}?page={page}&per_page=200")
        assert refused(answer) == (400, "api.context.invalid_url_param.app_error")

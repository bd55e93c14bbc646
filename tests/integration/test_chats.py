"""Chats: their members, who can see them, and what ends when a chat is closed."""

from typing import Any

import pytest
from ferryman.conversations.chats.table import MAX_MEMBERS_AT_CREATION

from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.refusals import failing, refused
from tests.support.world import World

EVERY_SCOPE = ("chats:read", "chats:write", "messages:read", "messages:write", "users:read")


def members(workspace: Workspace, chat: str) -> list[str]:
    answer = workspace.call("GET", f"/v1/chats/{chat}/members?limit=100")
    assert answer.status == 200, answer.body
    return sorted(member["user_id"] for member in answer.json["items"])


def hook(workspace: Workspace, chat: str) -> str:
    made = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})
    return str(made["url"]).removeprefix("https://api.test")


# --- creating ---------------------------------------------------------------------------------------------


def test_the_creator_of_a_chat_is_its_first_member(workspace: Workspace) -> None:
    grace = workspace.person("staff", *EVERY_SCOPE)
    chat = workspace.make("/v1/chats", {"name": "Builds", "type": "private", "member_ids": [grace.user_id]})
    assert (chat["name"], chat["type"], chat["active"], chat["created_by"]) == (
        "Builds",
        "private",
        True,
        workspace.user_id,
    )
    assert workspace.call("GET", f"/v1/chats/{chat['id']}").json == chat
    assert members(workspace, chat["id"]) == sorted([workspace.user_id, grace.user_id])
    assert grace.call("GET", f"/v1/chats/{chat['id']}").json == chat


def test_naming_somebody_twice_or_oneself_changes_nothing(workspace: Workspace) -> None:
    grace = workspace.person("staff")
    chat = workspace.chat(member_ids=[grace.user_id, workspace.user_id, grace.user_id])
    assert members(workspace, chat) == sorted([workspace.user_id, grace.user_id])


@pytest.mark.parametrize("stranger", ["unknown", "foreign"])
def test_a_member_must_be_of_the_workspace(workspace: Workspace, other: Workspace, stranger: str) -> None:
    user_id = other.user_id if stranger == "foreign" else "usr_01JZZZZZZZ0123456789ABCDEF"
    answer = workspace.call("POST", "/v1/chats", {"name": "Builds", "member_ids": [user_id]})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/member_ids")
    assert workspace.call("GET", "/v1/chats").json["items"] == []


@pytest.mark.parametrize("wrong", ["", "ada", "email/ada@example.com", "usr_" + "x" * 2_000, None, 1])
def test_a_member_is_named_by_an_id(workspace: Workspace, wrong: Any) -> None:
    answer = workspace.call("POST", "/v1/chats", {"name": "Builds", "member_ids": [wrong]})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/member_ids/0")


def test_a_chat_begins_with_a_limited_number_of_members(workspace: Workspace) -> None:
    named = [f"usr_01JZZZZZZZ0123456789{number:06}" for number in range(MAX_MEMBERS_AT_CREATION + 1)]
    answer = workspace.call("POST", "/v1/chats", {"name": "Builds", "member_ids": named})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/member_ids")
    assert str(MAX_MEMBERS_AT_CREATION) in answer.json["detail"]


# --- seeing -----------------------------------------------------------------------------------------------


def test_a_narrow_token_sees_the_chats_of_its_user_only(workspace: Workspace) -> None:
    grace = workspace.person("staff", *EVERY_SCOPE)
    hers = str(grace.make("/v1/chats", {"name": "Hers"})["id"])
    ours = workspace.chat("Ours", member_ids=[grace.user_id])
    workspace.chat("Mine")
    assert [chat["id"] for chat in grace.call("GET", "/v1/chats").json["items"]] == [hers, ours]
    names = [chat["name"] for chat in workspace.call("GET", "/v1/chats").json["items"]]
    assert names == ["Hers", "Ours", "Mine"]


def test_an_owners_narrow_token_passes_the_same_checks(workspace: Workspace) -> None:
    """Only the scope admin:* skips the checks of single objects; the role of the owner does not."""
    grace = workspace.person("staff", *EVERY_SCOPE)
    hers = grace.make("/v1/chats", {"name": "Hers"})["id"]
    assert workspace.call("GET", f"/v1/chats/{hers}").status == 200
    narrow = workspace.narrow(*EVERY_SCOPE)
    for method, target, body in (
        ("GET", f"/v1/chats/{hers}", None),
        ("PATCH", f"/v1/chats/{hers}", {"name": "X"}),
        ("GET", f"/v1/chats/{hers}/members", None),
        ("PUT", f"/v1/chats/{hers}/members/{workspace.user_id}", None),
        ("GET", f"/v1/chats/{hers}/messages", None),
        ("POST", f"/v1/chats/{hers}/messages", {"text": "x"}),
    ):
        assert narrow.call(method, target, body).status == 404
    assert narrow.call("GET", "/v1/chats").json["items"] == []


def test_the_list_filters_by_member(workspace: Workspace) -> None:
    """An admin sees all chats of a bot, other users only those to which they belong too. No page is empty."""
    grace = workspace.person("staff", "chats:read")
    bot = workspace.make("/v1/bots", {"name": "Deploys", "handle": "deploys"})["id"]
    shared = [workspace.chat(f"Shared {number}", member_ids=[grace.user_id, bot]) for number in range(2)]
    hidden = [workspace.chat(f"Hidden {number}", member_ids=[bot]) for number in range(3)]
    later = workspace.chat("Later", member_ids=[grace.user_id, bot])
    without = workspace.chat("Without the bot", member_ids=[grace.user_id])

    def listed(by: Workspace, filters: str) -> list[str]:
        answer = by.call("GET", f"/v1/chats?{filters}")
        assert answer.status == 200, answer.body
        return [chat["id"] for chat in answer.json["items"]]

    assert listed(workspace, f"user_id={bot}") == [*shared, *hidden, later]
    assert listed(grace, f"user_id={bot}") == [*shared, later]
    assert listed(grace, f"user_id={grace.user_id}") == listed(grace, "") == [*shared, later, without]
    assert listed(grace, f"user_id={workspace.user_id}") == [*shared, later, without]
    assert listed(workspace, "user_id=usr_01JZZZZZZZ0123456789ABCDEF") == []
    assert workspace.call("GET", "/v1/chats?user_id=deploys").json["errors"][0]["pointer"] == "user_id"

    pages, cursor = [], ""
    for _ in range(3):
        page = grace.call("GET", f"/v1/chats?user_id={bot}&limit=1{cursor}").json
        pages.append([chat["id"] for chat in page["items"]])
        cursor = f"&cursor={page['next_cursor']}"
    assert pages == [[one] for one in (*shared, later)]
    assert page["next_cursor"] is None


def test_the_chats_of_a_stranger_are_nobodys(workspace: Workspace, other: Workspace) -> None:
    theirs = other.chat()
    assert theirs in [chat["id"] for chat in other.call("GET", f"/v1/chats?user_id={other.user_id}").json["items"]]
    assert workspace.call("GET", f"/v1/chats?user_id={other.user_id}").json["items"] == []


# --- members ----------------------------------------------------------------------------------------------


def test_adding_twice_changes_nothing(workspace: Workspace) -> None:
    chat, grace = workspace.chat(), workspace.person("staff", *EVERY_SCOPE)
    url = f"/v1/chats/{chat}/members/{grace.user_id}"
    first = workspace.call("PUT", url)
    assert first.status == 200
    assert first.json["added_by"] == workspace.user_id
    again = grace.call("PUT", url)
    assert (again.status, again.json) == (200, first.json)
    assert members(workspace, chat) == sorted([workspace.user_id, grace.user_id])


def test_who_was_removed_sees_the_chat_no_more_at_the_next_call(workspace: Workspace) -> None:
    chat, grace = workspace.chat(), workspace.person("staff", *EVERY_SCOPE)
    url = f"/v1/chats/{chat}/members/{grace.user_id}"
    assert workspace.call("PUT", url).status == 200
    assert grace.call("GET", f"/v1/chats/{chat}").status == 200
    assert workspace.call("DELETE", url).status == 204
    assert grace.call("GET", f"/v1/chats/{chat}").status == 404
    assert grace.call("POST", f"/v1/chats/{chat}/messages", {"text": "x"}).status == 404
    assert grace.call("GET", "/v1/chats").json["items"] == []
    again = workspace.call("DELETE", url)
    assert (again.status, again.json["detail"]) == (404, "This user is not a member of the chat.")


# --- editing and closing ----------------------------------------------------------------------------------


def test_a_field_that_is_left_out_stays(workspace: Workspace) -> None:
    made = workspace.make("/v1/chats", {"name": "Builds"})
    url = f"/v1/chats/{made['id']}"
    assert workspace.call("PATCH", url, {}).json == made
    assert workspace.call("PATCH", url, {"name": "Builds", "active": True}).json == made
    edited = workspace.call("PATCH", url, {"name": "Releases"}).json
    assert edited == made | {"name": "Releases", "updated_at": edited["updated_at"]}


@pytest.mark.parametrize("field", ["name", "active"])
def test_a_required_field_of_a_chat_cannot_be_removed(workspace: Workspace, field: str) -> None:
    answer = workspace.call("PATCH", f"/v1/chats/{workspace.chat()}", {field: None})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, f"/{field}")


def test_a_closed_chat_takes_nothing_from_the_next_call_on_until_it_is_opened(
    world: World, workspace: Workspace
) -> None:
    chat = workspace.chat()
    url = hook(workspace, chat)
    sending: list[tuple[str, Any]] = [(f"/v1/chats/{chat}/messages", {"text": "x"}), (url, {"text": "x"})]
    assert workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False}).status == 200
    for target, body in sending:
        answer = workspace.call("POST", target, body)
        assert answer.status == 409
        assert "not active" in answer.json["detail"]
    refused = workspace.call("POST", "/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})
    assert refused.status == 409
    assert workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"] == []
    assert workspace.call("PATCH", f"/v1/chats/{chat}", {"active": True}).status == 200
    assert [workspace.call("POST", target, body).status for target, body in sending] == [201, 200]


def test_closing_that_failed_halfway_is_completed_by_sending_it_again(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    urls = [hook(workspace, chat) for _ in range(3)]
    assert workspace.call("GET", "/v1/me").status == 200
    with failing("TransactWriteItems", refused("TransactWriteItems", "ThrottlingException"), after=2):
        assert workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False}).status == 503
    assert workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False}).status == 200
    assert {world.call("POST", url, json_body={"text": "x"}).status for url in urls} == {409}


def test_the_newest_of_two_simultaneous_switches_reaches_the_urls(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    url, target = hook(workspace, chat), f"/v1/chats/{chat}"
    assert workspace.call("GET", "/v1/me").status == 200
    with meanwhile(lambda: None, lambda: workspace.call("PATCH", target, {"active": True})):
        assert workspace.call("PATCH", target, {"active": False}).status == 200
    assert workspace.call("GET", target).json["active"] is True
    assert world.call("POST", url, json_body={"text": "x"}).status == 200


def test_an_incoming_webhook_that_is_made_while_its_chat_closes_is_refused_or_closed(workspace: Workspace) -> None:
    chat = workspace.chat()
    with meanwhile(lambda: workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False})):
        answer = workspace.call("POST", "/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})
    assert answer.status == 409
    assert workspace.call("GET", "/v1/incoming-webhooks").json["items"] == []

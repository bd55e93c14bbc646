"""Managing an incoming webhook: its author's name and picture, a new URL, the list of a chat."""

import json
from typing import Any

import jsonschema
import pytest
from ferryman.events import catalogue

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.world import World

type Made = dict[str, Any]

OF_USERS = {"handle": None, "is_bot": None, "deleted": None}
AVATAR = "https://cdn.example.com/ci.png"


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return workspace.chat()


@pytest.fixture
def hook(workspace: Workspace, chat: str) -> Made:
    made: Made = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI", "avatar_url": AVATAR})
    return made


def post(world: World, hook: Made, text: str = "Build passed") -> int:
    return world.call("POST", hook["url"].removeprefix("https://api.test"), json_body={"text": text}).status


def address(hook: Made) -> str:
    return f"/v1/incoming-webhooks/{hook['id']}"


def authors(workspace: Workspace, chat: str) -> list[Made]:
    """The authors of all messages, oldest first."""
    items = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    return [item["author"] for item in reversed(items)]


# --- the author -------------------------------------------------------------------------------------------


def test_name_and_picture_are_the_author_in_the_api_and_in_events(
    world: World, workspace: Workspace, chat: str, hook: Made, receiver: Receiver
) -> None:
    wanted = {"url": receiver.url("/in"), "events": ["message.created", "message.updated"], "chat_ids": [chat]}
    workspace.make("/v1/webhooks", wanted)
    assert hook["avatar_url"] == AVATAR
    assert post(world, hook) == 200
    author = {"type": "incoming_webhook", "id": hook["id"], "name": "CI", "avatar_url": AVATAR, "emoji": None}
    assert authors(workspace, chat) == [author | OF_USERS]
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    edited = workspace.call("PATCH", f"/v1/chats/{chat}/messages/{message['id']}", {"text": "Build passed!"})
    assert edited.json["author"] == author | OF_USERS

    world.pump()
    bodies = [json.loads(request.body) for request in receiver.requests("/in")]
    assert {body["type"] for body in bodies} == {"message.created", "message.updated"}
    for body in bodies:
        assert body["data"]["message"]["author"] == author
        jsonschema.validate(body, catalogue.schema(body["type"]))


def test_without_a_picture_there_is_none(world: World, workspace: Workspace, chat: str) -> None:
    hook = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})
    assert hook["avatar_url"] is None
    assert post(world, hook) == 200
    assert authors(workspace, chat)[0]["avatar_url"] is None


def test_an_edited_author_holds_from_the_next_message_on(
    world: World, workspace: Workspace, chat: str, hook: Made
) -> None:
    assert post(world, hook) == 200
    edited = workspace.call("PATCH", address(hook), {"name": "Deploys"})
    assert (edited.status, edited.json["name"], edited.json["avatar_url"]) == (200, "Deploys", AVATAR)
    assert edited.json["updated_at"] > hook["updated_at"]
    assert edited.json == workspace.call("GET", address(hook)).json
    assert post(world, hook) == 200
    workspace.call("PATCH", address(hook), {"avatar_url": None})
    assert post(world, hook) == 200
    assert [(author["name"], author["avatar_url"]) for author in authors(workspace, chat)] == [
        ("CI", AVATAR),
        ("Deploys", AVATAR),
        ("Deploys", None),
    ]


def test_an_edit_that_changes_nothing_writes_nothing(world: World, workspace: Workspace, hook: Made) -> None:
    before = workspace.call("GET", address(hook)).json
    rows = world.rows()
    for patch in ({}, {"name": "CI"}, {"avatar_url": AVATAR}):
        assert workspace.call("PATCH", address(hook), patch).json == before
    assert world.rows() == rows


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"name": None}, "/name"),
        ({"name": " "}, "/name"),
        ({"name": "a" * 101}, "/name"),
        ({"avatar_url": "http://cdn.example.com/a.png"}, "/avatar_url"),
        ({"avatar_url": "https://169.254.169.254/a.png"}, "/avatar_url"),
        ({"avatar_url": "javascript:alert(1)"}, "/avatar_url"),
        ({"chat_id": "cht_01J00000000000000000000000"}, "/chat_id"),
        ({"livemode": False}, "/livemode"),
        ({"secret_hash": "0"}, "/secret_hash"),
    ],
)
def test_a_bad_edit_is_refused_with_the_field(
    world: World, workspace: Workspace, hook: Made, patch: Made, pointer: str
) -> None:
    answer = workspace.call("PATCH", address(hook), patch)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)
    if pointer in ("/name", "/avatar_url") and patch != {"name": None}:
        again = {"chat_id": hook["chat_id"], "name": "CI", **patch}
        assert workspace.call("POST", "/v1/incoming-webhooks", again).status == 422


def test_two_edits_at_the_same_moment_leave_record_and_url_of_one_mind(
    world: World, workspace: Workspace, chat: str, hook: Made
) -> None:
    with meanwhile(lambda: workspace.call("PATCH", address(hook), {"name": "First"})):
        second = workspace.call("PATCH", address(hook), {"name": "Second"})
    assert second.status == 409
    assert workspace.call("GET", address(hook)).json["name"] == "First"
    assert post(world, hook) == 200
    assert authors(workspace, chat)[0]["name"] == "First"


# --- a new URL --------------------------------------------------------------------------------------------


def test_a_regenerated_url_replaces_the_old_one_at_once(
    world: World, workspace: Workspace, chat: str, hook: Made
) -> None:
    assert post(world, hook) == 200
    answer = workspace.call("POST", f"{address(hook)}/regenerate")
    assert answer.status == 200
    new = answer.json
    assert new["url"] != hook["url"]
    assert (new["id"], new["name"], new["avatar_url"], new["chat_id"]) == (hook["id"], "CI", AVATAR, chat)
    assert (post(world, hook), post(world, new)) == (404, 200)
    assert authors(workspace, chat)[1] == {
        "type": "incoming_webhook",
        "id": hook["id"],
        "name": "CI",
        "avatar_url": AVATAR,
        "emoji": None,
        **OF_USERS,
    }
    read = workspace.call("GET", address(hook))
    assert new["url"].rpartition("/")[2].encode() not in read.body

    # And again: only the newest works.
    newest = workspace.call("POST", f"{address(hook)}/regenerate").json
    assert [post(world, one) for one in (hook, new, newest)] == [404, 404, 200]
    assert workspace.call("PATCH", address(hook), {"name": "Deploys"}).status == 200
    assert post(world, newest) == 200
    assert authors(workspace, chat)[-1]["name"] == "Deploys"
    assert workspace.call("DELETE", address(hook)).status == 204
    assert post(world, newest) == 404
    assert workspace.call("POST", f"{address(hook)}/regenerate").status == 404


def test_regenerating_twice_at_the_same_moment_gives_one_url(world: World, workspace: Workspace, hook: Made) -> None:
    first: list[Made] = []

    def other() -> None:
        first.append(workspace.call("POST", f"{address(hook)}/regenerate").json)

    with meanwhile(other):
        second = workspace.call("POST", f"{address(hook)}/regenerate")
    assert second.status == 409
    assert (post(world, hook), post(world, first[0])) == (404, 200)


def test_revoking_while_the_url_is_regenerated_leaves_no_url_behind(
    world: World, workspace: Workspace, hook: Made
) -> None:
    made: list[Made] = []

    def other() -> None:
        made.append(workspace.call("POST", f"{address(hook)}/regenerate").json)

    with meanwhile(other):
        assert workspace.call("DELETE", address(hook)).status == 409
    assert workspace.call("DELETE", address(hook)).status == 204
    assert (post(world, hook), post(world, made[0])) == (404, 404)


def test_regenerating_while_it_is_revoked_makes_no_url(world: World, workspace: Workspace, hook: Made) -> None:
    with meanwhile(lambda: workspace.call("DELETE", address(hook))):
        assert workspace.call("POST", f"{address(hook)}/regenerate").status == 409
    assert post(world, hook) == 404
    assert not [item for table, item in world.items() if table == "CredentialsTable" and hook["id"] in str(item)]


def test_a_closed_chats_url_stays_closed_when_it_is_regenerated(
    world: World, workspace: Workspace, chat: str, hook: Made
) -> None:
    assert workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False}).status == 200
    new = workspace.call("POST", f"{address(hook)}/regenerate").json
    assert (post(world, hook), post(world, new)) == (404, 409)
    assert workspace.call("PATCH", f"/v1/chats/{chat}", {"active": True}).status == 200
    assert post(world, new) == 200


def test_a_chat_that_closes_while_the_url_is_regenerated_takes_nothing(
    world: World, workspace: Workspace, chat: str, hook: Made
) -> None:
    with meanwhile(lambda: workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False})):
        assert workspace.call("POST", f"{address(hook)}/regenerate").status == 409
    assert post(world, hook) == 409
    new = workspace.call("POST", f"{address(hook)}/regenerate").json
    assert post(world, new) == 409


def test_a_mark_of_use_does_not_keep_from_editing(world: World, workspace: Workspace, hook: Made) -> None:
    """A post writes the time of use between the edit's read and its write. Both succeed."""
    with meanwhile(lambda: post(world, hook)):
        assert workspace.call("PATCH", address(hook), {"name": "Deploys"}).status == 200
    read = workspace.call("GET", address(hook)).json
    assert read["name"] == "Deploys"
    assert read["last_used_at"] is not None


# --- who may ----------------------------------------------------------------------------------------------


def test_only_members_of_the_chat_and_admins_may_edit_and_regenerate(
    world: World, workspace: Workspace, chat: str, hook: Made
) -> None:
    manager = workspace.person("manager", "webhooks:read", "webhooks:write")
    unknown = "/v1/incoming-webhooks/inc_01J00000000000000000000000"
    for method, path, body in (("PATCH", "", {"name": "Mine"}), ("POST", "/regenerate", None)):
        answer = manager.call(method, address(hook) + path, body)
        assert (answer.status, answer.json["detail"]) == (
            404,
            manager.call(method, unknown + path, body).json["detail"],
        )
    assert post(world, hook) == 200
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{manager.user_id}").status == 200
    assert manager.call("PATCH", address(hook), {"name": "Ours"}).status == 200
    assert manager.call("POST", f"{address(hook)}/regenerate").status == 200
    reader = workspace.narrow("webhooks:read")
    assert reader.call("PATCH", address(hook), {"name": "Mine"}).status == 403
    assert reader.call("POST", f"{address(hook)}/regenerate").status == 403


def test_the_list_can_be_of_one_chat(workspace: Workspace, other: Workspace, chat: str, hook: Made) -> None:
    second_chat = workspace.chat("Deploys")
    second = workspace.make("/v1/incoming-webhooks", {"chat_id": second_chat, "name": "CD"})

    def listed(by: Workspace, chat_id: str) -> list[str]:
        return [item["id"] for item in by.call("GET", f"/v1/incoming-webhooks?chat_id={chat_id}").json["items"]]

    assert listed(workspace, chat) == [hook["id"]]
    assert listed(workspace, second_chat) == [second["id"]]
    manager = workspace.person("manager", "webhooks:read")
    assert workspace.call("PUT", f"/v1/chats/{second_chat}/members/{manager.user_id}").status == 200
    assert (listed(manager, chat), listed(manager, second_chat)) == ([], [second["id"]])
    # A foreign chat and one that is not there look the same.
    assert listed(other, chat) == listed(workspace, "cht_01J00000000000000000000000") == []
    assert workspace.call("GET", "/v1/incoming-webhooks?chat_id=builds").status == 422


def test_changes_are_audited_without_the_url(workspace: Workspace, hook: Made) -> None:
    workspace.call("PATCH", address(hook), {"name": "Deploys"})
    new = workspace.call("POST", f"{address(hook)}/regenerate").json
    workspace.call("DELETE", address(hook))
    answer = workspace.call("GET", f"/v1/audit?target={hook['id']}")
    assert sorted(record["action"] for record in answer.json["items"]) == [
        "incoming_webhook.created",
        "incoming_webhook.edited",
        "incoming_webhook.regenerated",
        "incoming_webhook.revoked",
    ]
    for one in (hook, new):
        assert one["url"].rpartition("/")[2].encode() not in answer.body


@pytest.mark.parametrize("field", ["title", "description"])
def test_a_field_that_the_url_does_not_post_with_is_edited(workspace: Workspace, field: str) -> None:
    made = workspace.make("/v1/incoming-webhooks", {"chat_id": workspace.chat(), "name": "CI"})
    answer = workspace.call("PATCH", f"/v1/incoming-webhooks/{made['id']}", {field: "Another"})
    assert (answer.status, answer.json[field]) == (200, "Another"), answer.body

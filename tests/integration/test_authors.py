"""Members of a chat see the author of each message, with name, handle and avatar, even of a deleted bot."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.conftest import Workspace
from tests.integration.fchat.applications import App
from tests.support.world import World

type Made = dict[str, Any]
AVATAR = "https://cdn.example.com/bot.png"


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return workspace.chat()


@pytest.fixture
def bot(workspace: Workspace, chat: str) -> Made:
    made: Made = workspace.make("/v1/bots", {"name": "Deploy bot", "handle": "deploy-bot", "avatar_url": AVATAR})
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{made['id']}").status == 200
    return made


@pytest.fixture
def say(workspace: Workspace, chat: str, bot: Made) -> Callable[[], str]:
    def said() -> str:
        own = Workspace(workspace.world, workspace.workspace_id, bot["id"], bot["token"])
        return str(own.make(f"/v1/chats/{chat}/messages", {"text": "Deployed"})["id"])

    return said


def author(caller: Workspace, chat: str) -> Made:
    """The author of the chat's only message. Checks that the list and the single message show the same."""
    (listed,) = caller.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    read = caller.call("GET", f"/v1/chats/{chat}/messages/{listed['id']}").json
    assert read == listed
    found: Made = read["author"]
    return found


def test_a_bots_message_shows_its_card_to_everybody_in_the_chat(
    workspace: Workspace, chat: str, bot: Made, say: Callable[[], str]
) -> None:
    say()
    reader = workspace.person("staff", "messages:read")
    assert reader.call("GET", f"/v1/chats/{chat}/messages").status == 404
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{reader.user_id}").status == 200
    card = {
        "type": "user",
        "id": bot["id"],
        "name": "Deploy bot",
        "handle": "deploy-bot",
        "avatar_url": AVATAR,
        "emoji": None,
        "is_bot": True,
        "deleted": False,
    }
    assert author(reader, chat) == card
    assert workspace.call("PATCH", f"/v1/bots/{bot['id']}", {"name": "Shipper", "avatar_url": None}).status == 200
    assert author(reader, chat) == card | {"name": "Shipper", "avatar_url": None}


def test_the_answer_to_a_post_knows_only_the_id(workspace: Workspace, chat: str) -> None:
    said = workspace.make(f"/v1/chats/{chat}/messages", {"text": "Hello"})["author"]
    assert (said["type"], said["id"]) == ("user", workspace.user_id)
    assert {said[name] for name in ("name", "handle", "avatar_url", "is_bot", "deleted")} == {None}


def test_a_deleted_bot_keeps_a_tombstone_for_its_messages(
    world: World, workspace: Workspace, other: Workspace, chat: str, bot: Made, say: Callable[[], str]
) -> None:
    message = say()
    assert workspace.call("PATCH", f"/v1/bots/{bot['id']}", {"about": "Ships what is green."}).status == 200
    before = author(workspace, chat)
    assert workspace.call("DELETE", f"/v1/bots/{bot['id']}").status == 204
    assert author(workspace, chat) == before | {"deleted": True, "avatar_url": None}

    # Nothing but name and handle is kept, and in the bot's own workspace alone.
    kept = [item for table, item in world.items() if table == "UsersTable" and {"S": bot["id"]} == item.get("user_id")]
    (tombstone,) = kept
    assert set(tombstone) == {"workspace_id", "entry", "user_id", "name", "handle", "deleted_at"}
    assert tombstone["workspace_id"] == {"S": workspace.workspace_id}
    assert other.call("GET", f"/v1/chats/{chat}/messages/{message}").status == 404

    # The tombstone is neither a user nor a bot, and its handle is free.
    assert workspace.call("GET", f"/v1/users/{bot['id']}").status == 404
    assert workspace.call("GET", f"/v1/users/deleted%2F{bot['id']}").status == 404
    assert bot["id"] not in [user["id"] for user in workspace.call("GET", "/v1/users?limit=100").json["items"]]
    again = workspace.make("/v1/bots", {"name": "Second", "handle": "deploy-bot"})
    (found,) = workspace.call("GET", "/v1/users?handle=deploy-bot").json["items"]
    assert found["id"] == again["id"]
    shown = author(workspace, chat)
    assert (shown["id"], shown["name"], shown["deleted"]) == (bot["id"], "Deploy bot", True)


def test_a_bot_that_an_earlier_release_deleted_is_shown_as_deleted(
    workspace: Workspace, chat: str, bot: Made, say: Callable[[], str]
) -> None:
    from ferryman.aws import dynamodb as store

    say()
    assert workspace.call("DELETE", f"/v1/bots/{bot['id']}").status == 204
    with workspace.world.inside("bots"):
        key = {"workspace_id": workspace.workspace_id, "entry": f"deleted/{bot['id']}"}
        store.commit([store.delete("users", key)])
    shown = author(workspace, chat)
    assert (shown["id"], shown["name"], shown["is_bot"], shown["deleted"]) == (bot["id"], None, True, True)


def test_a_deactivated_person_stays_the_author(workspace: Workspace, chat: str) -> None:
    grace = workspace.person("staff", "messages:write")
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{grace.user_id}").status == 200
    grace.make(f"/v1/chats/{chat}/messages", {"text": "Bye"})
    before = author(workspace, chat)
    assert (before["name"], before["is_bot"], before["deleted"]) == ("Staff", False, False)
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"active": False}).status == 200
    assert author(workspace, chat) == before


def test_a_removed_webhook_and_application_stay_the_author(workspace: Workspace) -> None:
    builds = workspace.chat("Builds", external_id="group-1")
    hook = workspace.make("/v1/incoming-webhooks", {"chat_id": builds, "name": "CI", "avatar_url": AVATAR})
    posted = workspace.world.call(
        "POST", "/hooks/" + hook["url"].rpartition("/")[2], json_body={"text": "Build passed"}
    )
    assert posted.status == 200
    before = author(workspace, builds)
    assert (before["name"], before["avatar_url"], before["is_bot"]) == ("CI", AVATAR, None)
    assert workspace.call("DELETE", f"/v1/incoming-webhooks/{hook['id']}").status == 204
    assert author(workspace, builds) == before

    deploys = workspace.chat("Deploys", external_id="group-2")
    application = App(workspace, app_name="deployer", chat_id=deploys)
    posted = application.post({"text": "Deployed"})
    assert posted.status == 200, posted.body
    before = author(workspace, deploys)
    assert (before["type"], before["name"], before["is_bot"]) == ("application", "deployer", None)
    assert workspace.call("DELETE", f"/v1/applications/{application.id}").status == 204
    assert author(workspace, deploys) == before


def test_members_have_names_handles_and_avatars(workspace: Workspace, chat: str, bot: Made) -> None:
    reader = workspace.person("staff", "chats:read")
    added = workspace.call("PUT", f"/v1/chats/{chat}/members/{reader.user_id}").json
    members = {one["user_id"]: one for one in reader.call("GET", f"/v1/chats/{chat}/members").json["items"]}
    assert members[reader.user_id] == added
    shown = ("name", "handle", "avatar_url", "is_bot", "deleted")
    assert [members[bot["id"]][name] for name in shown] == ["Deploy bot", "deploy-bot", AVATAR, True, False]
    assert [added[name] for name in shown] == ["Staff", None, None, False, False]
    assert "email" not in added
    assert set(members) == {workspace.user_id, reader.user_id, bot["id"]}

"""The notifications that Ferryman itself sends: about disabled webhooks, and about an account that others changed."""

import pytest

from local.receiver import Answer, Receiver
from tests.integration.conftest import Workspace
from tests.support.world import World


def titles(person: Workspace) -> list[str]:
    return [item["title"] for item in person.call("GET", "/v1/me/notifications").json["items"]]


@pytest.mark.parametrize("status", [410, 500])
def test_owner_and_admins_are_told_of_a_webhook_that_was_disabled(
    world: World, workspace: Workspace, receiver: Receiver, status: int
) -> None:
    admin = workspace.person("admin", "notifications:read")
    manager = workspace.person("manager", "webhooks:write", "webhooks:read", "notifications:read")
    staff = workspace.person("staff", "notifications:read")
    chat = workspace.chat(member_ids=[manager.user_id, staff.user_id])
    body = {"url": receiver.url("/gone"), "events": ["message.created"], "chat_ids": [chat], "name": "CI"}
    webhook = manager.make("/v1/webhooks", body)
    receiver.answer("/gone", *[Answer(status=status)] * 12)
    for _ in range(1 if status == 410 else 3):
        workspace.make(f"/v1/chats/{chat}/messages", {"text": "x"})
        world.pump()
    shown = manager.call("GET", f"/v1/webhooks/{webhook['id']}").json
    assert shown["state"] == "disabled"
    world.invoke("notifier", {})
    for person in (workspace, admin, manager):
        assert titles(person)[0] == "The webhook CI was disabled"
    assert titles(staff) == ["You were added to the chat Builds"]
    item = manager.call("GET", "/v1/me/notifications").json["items"][0]
    reason = str(shown["disabled_reason"])
    assert item["body"].startswith(f"{reason[0].upper()}{reason[1:]}. ")


def test_only_the_person_is_told_of_a_personal_webhook(world: World, workspace: Workspace, receiver: Receiver) -> None:
    grace = workspace.person("staff", "me:webhooks", "notifications:read")
    grace.make("/v1/me/webhooks", {"url": receiver.url("/mine")})
    receiver.answer("/mine", Answer(status=410))
    workspace.make("/v1/notifications", {"type": "system", "title": "Hello", "user_ids": [grace.user_id]})
    for _ in range(3):
        world.invoke("notifier", {})
        world.pump()
    assert sorted(titles(grace))[0] == "Hello"
    assert len(titles(grace)) == 2 and any("was disabled" in title for title in titles(grace))
    assert titles(workspace) == []


def test_somebody_whose_address_another_changes_is_told(world: World, workspace: Workspace, receiver: Receiver) -> None:
    """The user gets the notification in the inbox and at the personal webhook, which do not use the e-mail address."""
    grace = workspace.person("staff", "me:webhooks", "notifications:read")
    grace.make("/v1/me/webhooks", {"url": receiver.url("/mine")})
    changed = workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"email": "elsewhere@example.com"})
    assert changed.status == 200, changed.body
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"name": "Grace H."}).status == 200
    world.invoke("notifier", {})
    world.pump()
    told = "The e-mail address of your account was changed to elsewhere@example.com"
    assert titles(grace) == [told]
    assert [told in request.body.decode() for request in receiver.requests("/mine")] == [True]
    assert titles(workspace) == []


def test_nobody_is_told_of_their_own_change(world: World, workspace: Workspace) -> None:
    mine = workspace.call("PATCH", f"/v1/users/{workspace.user_id}", {"email": "new@example.com"})
    assert mine.status == 200, mine.body
    world.invoke("notifier", {})
    assert titles(workspace) == []


def test_people_are_told_when_others_put_them_into_a_chat_or_take_them_out(world: World, workspace: Workspace) -> None:
    grace = workspace.person("staff", "notifications:read", "chats:write")
    bot = workspace.make("/v1/bots", {"name": "CI", "handle": "ci-told"})
    chat = workspace.chat("Builds", member_ids=[grace.user_id, bot["id"]])
    other = workspace.chat("News")
    for _ in range(2):
        assert workspace.call("PUT", f"/v1/chats/{other}/members/{grace.user_id}").status == 200
    assert workspace.call("DELETE", f"/v1/chats/{chat}/members/{grace.user_id}").status == 204
    assert grace.call("DELETE", f"/v1/chats/{other}/members/{grace.user_id}").status == 204
    world.invoke("notifier", {})
    assert titles(grace) == [
        "You were removed from the chat Builds",
        "You were added to the chat News",
        "You were added to the chat Builds",
    ]
    assert titles(workspace) == []


def test_a_test_credential_tells_nobody(world: World, workspace: Workspace) -> None:
    grace = workspace.person("staff", "notifications:read")
    tester = workspace.narrow("admin:*", environment="staging")
    tester.chat("Trial", member_ids=[grace.user_id])
    world.invoke("notifier", {})
    assert titles(grace) == []

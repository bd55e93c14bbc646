"""Messages, audit records and replays are invisible to every reader from the second of their expiry on."""

from collections.abc import Callable

import pytest
from ferryman import clock

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.world import World

DAY = 86_400
START = 1_790_000_000.0


@pytest.fixture
def go_to(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A function that sets the clock to so many seconds after START."""

    def moved(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: START + seconds)

    moved(0)
    return moved


def test_a_message_is_gone_after_its_days(world: World, workspace: Workspace, go_to: Callable[[float], None]) -> None:
    days = int(world.parameters["MessageRetentionDays"])
    messages = f"/v1/chats/{workspace.chat()}/messages"
    old = workspace.make(messages, {"text": "old"})
    go_to(DAY)
    new = workspace.make(messages, {"text": "new"})

    go_to(days * DAY - 1)
    assert [item["text"] for item in workspace.call("GET", messages).json["items"]] == ["new", "old"]
    assert workspace.call("PATCH", f"{messages}/{old['id']}", {"text": "edited"}).status == 200
    go_to(days * DAY)
    assert [item["text"] for item in workspace.call("GET", messages).json["items"]] == ["new"]
    assert workspace.call("GET", f"{messages}/{old['id']}").status == 404
    assert workspace.call("PATCH", f"{messages}/{old['id']}", {"text": "again"}).status == 404
    assert workspace.call("DELETE", f"{messages}/{old['id']}").status == 404
    assert workspace.call("GET", f"{messages}/{new['id']}").status == 200


def test_an_incoming_post_is_kept_as_long(world: World, workspace: Workspace, go_to: Callable[[float], None]) -> None:
    days = int(world.parameters["MessageRetentionDays"])
    chat = workspace.chat()
    hook = workspace.make("/v1/incoming-webhooks", {"name": "CI", "chat_id": chat})
    path = hook["url"].removeprefix("https://api.test")
    assert world.call("POST", path, json_body={"text": "Build passed"}).status == 200
    for seconds, count in ((days * DAY - 1, 1), (days * DAY, 0)):
        go_to(seconds)
        assert len(workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]) == count


def test_zero_days_are_for_ever(
    world: World, workspace: Workspace, go_to: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MessageRetentionDays", "AuditRetentionDays"):
        monkeypatch.setitem(world.parameters, name, "0")
    chat = workspace.chat()
    message = workspace.make(f"/v1/chats/{chat}/messages", {"text": "kept"})
    go_to(20 * 365 * DAY)
    assert workspace.call("GET", f"/v1/chats/{chat}/messages/{message['id']}").status == 200
    assert [item["action"] for item in workspace.call("GET", f"/v1/audit?target={chat}").json["items"]] == [
        "chat.created"
    ]


def test_a_record_of_the_audit_log_is_gone_after_its_days(
    world: World, workspace: Workspace, go_to: Callable[[float], None]
) -> None:
    days = int(world.parameters["AuditRetentionDays"])
    chat = workspace.chat()
    for seconds, count in ((days * DAY - 1, 1), (days * DAY, 0)):
        go_to(seconds)
        assert len(workspace.call("GET", f"/v1/audit?target={chat}").json["items"]) == count


def test_a_replay_is_kept_as_long_as_deliveries(
    world: World, workspace: Workspace, receiver: Receiver, go_to: Callable[[float], None]
) -> None:
    days = int(world.parameters["DeliveryRetentionDays"])
    fields = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [workspace.chat()]}
    replays = f"/v1/webhooks/{workspace.make('/v1/webhooks', fields)['id']}/replays"
    replay = workspace.make(replays, {"since": clock.iso(START - 60)}, status=202)
    world.pump()
    go_to(days * DAY - 1)
    assert [item["id"] for item in workspace.call("GET", replays).json["items"]] == [replay["id"]]
    go_to(days * DAY)
    assert workspace.call("GET", replays).json["items"] == []
    assert workspace.call("GET", f"{replays}/{replay['id']}").status == 404

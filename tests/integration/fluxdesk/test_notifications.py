"""Notifications: who gets one, that each person gets it once, and when it is sent."""

import json
import uuid

import pytest
from ferryman import clock
from ferryman.errors import RetryLater
from ferryman.notifications import service

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.integration.fluxdesk.people import OWN, Made, accepts, inbox, notify, personal_webhook
from tests.support.clients import aws_client
from tests.support.world import Context, World


def test_each_person_has_the_notification_once_and_marks_it_read(
    world: World, workspace: Workspace, grace: Workspace
) -> None:
    first = notify(workspace, grace, title="one")
    second = notify(workspace, grace, title="two")
    world.pump()
    assert [entry["title"] for entry in inbox(grace)] == ["two", "one"]
    assert inbox(workspace) == []
    page = grace.call("GET", "/v1/me/notifications?limit=1").json
    assert [entry["id"] for entry in page["items"]] == [second["id"]]
    rest = grace.call("GET", f"/v1/me/notifications?limit=1&cursor={page['next_cursor']}").json
    assert [entry["id"] for entry in rest["items"]] == [first["id"]]
    read = grace.call("POST", f"/v1/me/notifications/{first['id']}/read")
    assert (read.status, read.json["read_at"] is not None) == (200, True)
    assert grace.call("POST", f"/v1/me/notifications/{first['id']}/read").json == read.json
    assert [entry["id"] for entry in inbox(grace, "?unread=true")] == [second["id"]]
    assert workspace.call("POST", f"/v1/me/notifications/{first['id']}/read").status == 404


def test_everyone_means_every_active_person_and_not_bots(
    world: World, workspace: Workspace, grace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferryman.notifications.service._PAGE", 2)
    gone = workspace.person("staff", *OWN)
    people = [workspace, grace, workspace.person("manager", *OWN), workspace.person("admin", *OWN)]
    workspace.make("/v1/bots", {"name": "Bot", "handle": f"bot-{uuid.uuid4().hex[:12]}"})
    assert workspace.call("PATCH", f"/v1/users/{gone.user_id}", {"active": False}).status == 200
    sent = notify(workspace, type="weekly_digest")
    world.pump()
    assert sent["everyone"] is True
    for person in people:
        assert [entry["id"] for entry in inbox(person)] == [sent["id"]]
    assert _rows_of(world, sent["id"]) == len(people)


def test_a_large_notification_goes_on_where_it_ended_and_tells_nobody_twice(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferryman.notifications.service._PAGE", 1)
    personal_webhook(grace, receiver)
    sent = notify(workspace)
    assert world.invoke("notifier", {}, Context(remaining_ms=10_500)) == {"sent": 1}
    with world.inside("notifier"):
        service.send(workspace.workspace_id, sent["id"], lambda: 0.0)
        service.send(workspace.workspace_id, sent["id"], lambda: 60.0)
    world.pump()
    assert _rows_of(world, sent["id"]) == 2
    assert len(receiver.requests("/mine")) == 1
    assert workspace.call("GET", f"/v1/notifications/{sent['id']}").json["state"] == "sent"


def test_a_global_signal_reaches_subscribed_admins_too_and_each_once(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    admin = workspace.person("admin", *OWN)
    manager = workspace.person("manager", *OWN)
    hr = workspace.person("hr_admin", *OWN)
    people = {"ada": workspace, "admin": admin, "hr": hr, "manager": manager, "grace": grace}
    for name, person in people.items():
        personal_webhook(person, receiver, f"/{name}")
    notify(workspace, grace, admin, type="team_support.approved", title="Approved")
    world.pump()
    assert {name: len(receiver.requests(f"/{name}")) for name in people} == {
        "ada": 1,
        "admin": 1,
        "hr": 1,
        "manager": 0,
        "grace": 1,
    }
    notify(workspace, grace, type="review")
    world.pump()
    assert {name for name in people if len(receiver.requests(f"/{name}")) == 2} == {"grace"}


@pytest.mark.parametrize(
    ("body", "about"),
    [
        ({}, "user_ids"),
        ({"user_ids": []}, "user_ids"),
        ({"everyone": False}, "user_ids"),
        ({"everyone": True, "type": "message.created"}, "type"),
        ({"everyone": True, "repeat": {"on": ["monday"], "at": "9:00", "time_zone": "UTC"}}, "repeat/at"),
        ({"everyone": True, "repeat": {"on": ["monday"], "at": "09:00", "time_zone": "Mars"}}, "repeat/time_zone"),
        ({"everyone": True, "repeat": {"on": [], "at": "09:00", "time_zone": "UTC"}}, "repeat/on"),
        (
            {
                "everyone": True,
                "repeat": {"on": ["monday"], "at": "09:00", "time_zone": "UTC"},
                "send_at": "2099-01-01T00:00:00Z",
            },
            "repeat",
        ),
        ({"everyone": True, "minutes_before": 5}, "minutes_before"),
        ({"everyone": True, "starts_at": "2020-01-01T00:00:00Z"}, "starts_at"),
        ({"everyone": True, "title": "  "}, "title"),
        ({"everyone": True, "title": "x" * 201}, "title"),
        ({"everyone": True, "url": "javascript:alert(1)"}, "url"),
        ({"everyone": True, "data": {"x": "y" * 9000}}, "data"),
        ({"everyone": True, "data": [1]}, "data"),
        ({"everyone": True, "send_at": "2020-01-01T00:00:00Z"}, "send_at"),
        ({"everyone": True, "send_at": "2090-01-01T00:00:00Z"}, "send_at"),
        ({"everyone": True, "send_at": "tomorrow"}, "send_at"),
        ({"user_ids": ["usr_01J00000000000000000000000"]}, "user_ids/0"),
    ],
)
def test_a_notification_that_cannot_be_sent_is_refused_with_the_reason(
    workspace: Workspace, body: Made, about: str
) -> None:
    answer = workspace.call("POST", "/v1/notifications", {"type": "system", "title": "x", **body})
    assert answer.status == 422
    assert about in json.dumps(answer.json)


def test_people_of_another_workspace_bots_and_both_kinds_at_once_are_refused(
    workspace: Workspace, other: Workspace
) -> None:
    bot = workspace.make("/v1/bots", {"name": "Bot", "handle": f"bot-{uuid.uuid4().hex[:12]}"})
    for user_id in (other.user_id, bot["id"]):
        body = {"type": "system", "title": "x", "user_ids": [workspace.user_id, user_id]}
        answer = workspace.call("POST", "/v1/notifications", body)
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/user_ids/1")
    both = {"type": "system", "title": "x", "user_ids": [workspace.user_id], "everyone": True}
    assert workspace.call("POST", "/v1/notifications", both).status == 422


def test_a_repeated_request_sends_once(world: World, workspace: Workspace) -> None:
    body = {"type": "system", "title": "once", "user_ids": [workspace.user_id]}
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    first = workspace.call("POST", "/v1/notifications", body, headers=headers)
    again = workspace.call("POST", "/v1/notifications", body, headers=headers)
    assert (first.status, again.json["id"]) == (201, first.json["id"])
    world.pump()
    assert len(inbox(workspace)) == 1


def test_a_sender_without_admin_sees_their_own_only(workspace: Workspace) -> None:
    manager = workspace.person("manager", "notifications:write")
    mine = notify(manager)
    theirs = notify(workspace)
    assert [item["id"] for item in manager.call("GET", "/v1/notifications").json["items"]] == [mine["id"]]
    assert manager.call("GET", f"/v1/notifications/{theirs['id']}").status == 404
    assert manager.call("POST", f"/v1/notifications/{theirs['id']}/cancel").status == 404
    assert len(workspace.call("GET", "/v1/notifications").json["items"]) == 2


class Clock:
    """A clock that a test moves ahead by `ahead` seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        real = clock.now
        monkeypatch.setattr(clock, "now", lambda: real() + self.ahead)


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_reminder_is_sent_in_its_minute_not_before_and_once(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, moved: Clock
) -> None:
    webhook = personal_webhook(grace, receiver)
    at = clock.iso(clock.now() + 600)
    reminder = notify(workspace, grace, type="meeting", title="Planning in 10 minutes", send_at=at)
    assert (reminder["state"], reminder["send_at"]) == ("scheduled", at)
    for ahead in (0, 530):  # by the stream, and by the last minute before
        moved.ahead = ahead
        world.pump()
        world.invoke("notifier", {})
        assert inbox(grace) == []
    moved.ahead = 601
    assert world.invoke("notifier", {}) == {"sent": 1}
    assert world.invoke("notifier", {}) == {"sent": 0}
    world.pump()
    assert [entry["title"] for entry in inbox(grace)] == ["Planning in 10 minutes"]
    (request,) = receiver.requests("/mine")
    assert accepts(request, webhook["secret"])
    assert json.loads(request.body)["created_at"] == at
    late = workspace.call("POST", f"/v1/notifications/{reminder['id']}/cancel")
    assert late.status == 409


def test_notifications_are_kept_as_long_as_deliveries(
    world: World, workspace: Workspace, grace: Workspace, moved: Clock
) -> None:
    sent = notify(workspace, grace)
    world.pump()
    cancelled = notify(workspace, grace, send_at=clock.iso(clock.now() + 300))
    assert workspace.call("POST", f"/v1/notifications/{cancelled['id']}/cancel").status == 200
    days = int(world.parameters["DeliveryRetentionDays"])
    later = notify(workspace, grace, send_at=clock.iso(clock.now() + (days + 1) * 86_400))

    def seen() -> tuple[list[str], list[str]]:
        return [entry["id"] for entry in inbox(grace)], [
            item["id"] for item in workspace.call("GET", "/v1/notifications").json["items"]
        ]

    moved.ahead = days * 86_400 - 60
    assert seen() == ([sent["id"]], [later["id"], cancelled["id"], sent["id"]])
    moved.ahead = days * 86_400 + 60
    assert seen() == ([], [later["id"]]), "what waits for its time is kept"
    assert grace.call("POST", f"/v1/me/notifications/{sent['id']}/read").status == 404
    assert workspace.call("GET", f"/v1/notifications/{sent['id']}").status == 404
    assert workspace.call("GET", f"/v1/notifications/{cancelled['id']}").status == 404


def test_a_cancelled_notification_is_never_sent(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, moved: Clock
) -> None:
    personal_webhook(grace, receiver)
    digest = notify(workspace, type="weekly_digest", send_at=clock.iso(clock.now() + 3600))
    for _ in range(2):
        cancelled = workspace.call("POST", f"/v1/notifications/{digest['id']}/cancel")
        assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
    moved.ahead = 7200
    world.invoke("notifier", {})
    world.pump()
    assert receiver.requests("/mine") == []
    assert inbox(grace) == []


def test_one_that_cannot_be_sent_does_not_keep_the_others_waiting(
    world: World, workspace: Workspace, moved: Clock
) -> None:
    poison = {
        "workspace_id": {"S": workspace.workspace_id},
        "notification_id": {"S": "ntf_poison"},
        "send_at": {"S": "2020-01-01T00:00:00.000Z"},
        "undispatched": {"S": "0"},
    }
    client = aws_client("dynamodb")
    client.put_item(TableName=world.table("notifications"), Item=poison)
    try:
        notify(workspace, workspace, send_at=clock.iso(clock.now() + 60))
        moved.ahead = 61
        with pytest.raises(RetryLater, match=r"^1 notifications could not be sent"):
            world.invoke("notifier", {})
        assert len(inbox(workspace)) == 1
    finally:
        key = {name: poison[name] for name in ("workspace_id", "notification_id")}
        client.delete_item(TableName=world.table("notifications"), Key=key)


def _rows_of(world: World, notification_id: str) -> int:
    return sum(
        table == world.table("inboxes") and item["notification_id"]["S"] == notification_id
        for table, item in world.items()
    )


def test_a_digest_is_told_each_monday_until_it_is_cancelled(
    world: World, workspace: Workspace, grace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at(time: str) -> None:
        now = clock.seconds(time)
        monkeypatch.setattr(clock, "now", lambda: now)

    at("2027-03-20T12:00:00Z")
    repeat = {"on": ["monday"], "at": "09:00", "time_zone": "Europe/Berlin"}
    first = notify(workspace, grace, type="weekly_digest", title="Digest", repeat=repeat)
    assert (first["send_at"], first["state"]) == ("2027-03-22T08:00:00.000Z", "scheduled")
    assert first["repeat"] == {**repeat, "minutes_before": 0}
    world.invoke("notifier", {})
    assert inbox(grace) == []
    at("2027-03-22T08:00:10Z")
    for _ in range(2):
        world.invoke("notifier", {})
    assert [entry["id"] for entry in inbox(grace)] == [first["id"]]
    second = workspace.call("GET", "/v1/notifications").json["items"][0]
    assert (second["send_at"], second["repeat"]) == ("2027-03-29T07:00:00.000Z", first["repeat"]), "summer time began"
    at("2027-04-20T00:00:00Z")  # nothing was sent for three weeks: one digest comes late, the others not at all
    world.invoke("notifier", {})
    assert [entry["id"] for entry in inbox(grace)] == [second["id"], first["id"]]
    third = workspace.call("GET", "/v1/notifications").json["items"][0]
    assert third["send_at"] == "2027-04-26T07:00:00.000Z"
    assert workspace.call("POST", f"/v1/notifications/{third['id']}/cancel").status == 200
    at("2027-05-10T00:00:00Z")
    world.invoke("notifier", {})
    newest = workspace.call("GET", "/v1/notifications").json["items"][0]
    assert (newest["id"], newest["state"]) == (third["id"], "cancelled")
    assert third["id"] not in [entry["id"] for entry in inbox(grace)]


def test_a_repeated_notification_ends_with_its_senders_rights(
    world: World, workspace: Workspace, grace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = workspace.person("manager", "notifications:write")
    repeat = {"on": ["monday", "friday"], "at": "09:00", "time_zone": "UTC"}
    sent = notify(manager, grace, repeat=repeat)
    assert workspace.call("PATCH", f"/v1/users/{manager.user_id}", {"role": "staff"}).status == 200
    now = clock.now() + 8 * 86_400
    monkeypatch.setattr(clock, "now", lambda: now)
    for _ in range(2):
        world.invoke("notifier", {})
    assert [entry["id"] for entry in inbox(grace)] == [sent["id"]]
    assert [item["state"] for item in workspace.call("GET", "/v1/notifications").json["items"] if item["repeat"]] == [
        "sent"
    ]
    assert "is not repeated any more" in inbox(workspace)[0]["title"]


def test_a_meeting_is_told_ten_minutes_before_it_begins(world: World, workspace: Workspace, grace: Workspace) -> None:
    begins = clock.now() + 3600
    told = notify(workspace, grace, type="meeting", starts_at=clock.iso(begins))
    assert told["send_at"] == clock.iso(begins - 600)
    assert told["starts_at"] == clock.iso(begins)
    early = notify(workspace, grace, type="meeting", starts_at=clock.iso(begins), minutes_before=30)
    assert early["send_at"] == clock.iso(begins - 1800)
    soon = notify(workspace, grace, type="meeting", starts_at=clock.iso(clock.now() + 60))
    assert soon["send_at"] == soon["created_at"]
    world.invoke("notifier", {})
    assert [entry["id"] for entry in inbox(grace)] == [soon["id"]]

"""Notifications and personal webhooks, as FluxDesk's receivers know them."""

import hashlib
import hmac
import json
import uuid
from typing import Any

import jsonschema
import pytest
from ferryman import clock
from ferryman.errors import RetryLater
from ferryman.events import catalogue
from ferryman.notifications import service
from ferryman.webhooks.personal import MAX_PERSONAL

from local.receiver import Receiver, Request
from tests.integration.conftest import Workspace
from tests.support.clients import aws_client
from tests.support.world import Context, World

OWN = ("me:webhooks", "notifications:read")
ALIASES = ["/v1/me/webhooks", "/me/agent/webhooks"]

type Made = dict[str, Any]


@pytest.fixture
def grace(workspace: Workspace) -> Workspace:
    """A colleague of the role staff, who manages nothing but what is her own."""
    return workspace.person("staff", *OWN)


def _webhook(person: Workspace, receiver: Receiver, path: str = "/mine", **fields: Any) -> Made:
    made: Made = person.make("/v1/me/webhooks", {"url": receiver.url(path), **fields})
    return made


def _notify(sender: Workspace, *people: Workspace, **fields: Any) -> Made:
    told = {"user_ids": [person.user_id for person in people]} if people else {"everyone": True}
    body = {"type": "task_assigned", "title": "Fix the login page", **told, **fields}
    made: Made = sender.make("/v1/notifications", body)
    return made


def _inbox(person: Workspace, query: str = "") -> list[Made]:
    answer = person.call("GET", f"/v1/me/notifications{query}")
    assert answer.status == 200, answer.body
    items: list[Made] = answer.json["items"]
    return items


def _log(person: Workspace, webhook: Made) -> list[Made]:
    items: list[Made] = person.call("GET", f"/v1/me/webhooks/{webhook['id']}/deliveries").json["items"]
    return items


def _accepts(request: Request, secret: str) -> bool:
    expected = "v1=" + hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(request.headers["X-FluxDesk-Signature"], expected)


# --- the wire ---------------------------------------------------------------------------------------------


def test_a_notification_arrives_as_fluxdesk_describes_it(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = _webhook(grace, receiver)
    sent = _notify(
        workspace, grace, body="It loops.", url="https://desk.example.com/17", data={"request": 17, "x": 1.0}
    )
    world.pump()
    (request,) = receiver.requests("/mine")
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "application/json"
    assert _accepts(request, webhook["secret"])
    assert request.headers["X-FluxDesk-Event-Type"] == "task_assigned"
    uuid.UUID(request.headers["X-FluxDesk-Delivery-Id"])
    assert request.body.startswith(b'{"version":1,"type":"task_assigned","title":"Fix the login page"')
    body = json.loads(request.body)
    assert body == {
        "version": 1,
        "type": "task_assigned",
        "title": "Fix the login page",
        "body": "It loops.",
        "url": "https://desk.example.com/17",
        "data": {"request": 17, "x": 1.0},
        "notification_id": sent["id"],
        "user_id": grace.user_id,
        "created_at": sent["send_at"],
        "livemode": True,
    }
    assert b'"x":1.0' in request.body
    types = {item["type"]: item for item in workspace.call("GET", "/v1/event-types").json["items"]}
    jsonschema.validate(body, types["task_assigned"]["formats"]["fluxdesk"]["body_schema"])
    (delivery,) = _log(grace, webhook)
    assert (delivery["state"], delivery["event_type"]) == ("delivered", "task_assigned")
    assert workspace.call("GET", f"/v1/notifications/{sent['id']}").json["state"] == "sent"


@pytest.mark.parametrize("type_", catalogue.PERSONAL)
def test_each_type_has_a_body_that_its_schema_accepts(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, type_: str
) -> None:
    webhook = _webhook(grace, receiver)
    _notify(workspace, grace, type=type_, title="It happened")
    sent = grace.call("POST", f"/v1/me/webhooks/{webhook['id']}/test", {"event_type": type_})
    assert sent.status == 202, sent.body
    world.pump()
    types = {item["type"]: item for item in workspace.call("GET", "/v1/event-types").json["items"]}
    described = types[type_]["formats"]["fluxdesk"]
    jsonschema.validate(described["example"], described["body_schema"])
    bodies = [json.loads(request.body) for request in receiver.requests("/mine")]
    assert sorted(body.get("test", False) for body in bodies) == [False, True]
    for body in bodies:
        jsonschema.validate(body, described["body_schema"])
        assert body["type"] == type_


def test_every_attempt_sends_the_same_bytes_under_the_same_id(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = _webhook(grace, receiver)
    receiver.answer("/mine", 500, 500, 200)
    _notify(workspace, grace)
    world.pump(30)
    attempts = receiver.requests("/mine")
    assert len(attempts) == 3
    assert len({request.body for request in attempts}) == 1
    assert len({request.headers["X-FluxDesk-Delivery-Id"] for request in attempts}) == 1
    assert all(_accepts(request, webhook["secret"]) for request in attempts)


def test_ten_failures_in_a_row_disable_a_personal_webhook(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = _webhook(grace, receiver)
    receiver.answer("/mine", 404)
    for _ in range(3):
        _notify(workspace, grace)
        world.pump(30)
    assert len(receiver.requests("/mine")) == 10
    at = f"/v1/me/webhooks/{webhook['id']}"
    assert grace.call("GET", at).json["state"] == "disabled"
    assert grace.call("PATCH", at, {"state": "enabled"}).json["consecutive_failures"] == 0


# --- personal webhooks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ALIASES)
def test_a_person_of_any_role_manages_their_own(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, at: str
) -> None:
    made = grace.make(at, {"url": receiver.url("/mine"), "name": "Laptop"})
    assert made["secret"].startswith("whsec_")
    assert set(made["events"]) == set(catalogue.PERSONAL)
    assert (made["format"], made["signatures"], made["user_id"]) == ("fluxdesk", ["fluxdesk"], grace.user_id)
    one = f"{at}/{made['id']}"
    assert "secret" not in grace.call("GET", one).json
    assert [item["id"] for item in grace.call("GET", at).json["items"]] == [made["id"]]
    edited = grace.call("PATCH", one, {"events": ["review"], "url": receiver.url("/other")})
    assert (edited.status, edited.json["events"]) == (200, ["review"])
    assert grace.call("PATCH", one, {"url": None}).status == 422
    assert grace.call("PATCH", one, {"url": "http://169.254.169.254/"}).status == 422

    rotated = grace.call("POST", f"{one}/rotate-secret")
    assert rotated.status == 200
    again = grace.call("POST", f"{one}/rotate-secret")
    assert len({made["secret"], rotated.json["secret"], again.json["secret"]}) == 3
    tested = grace.call("POST", f"{one}/test", {})
    assert (tested.status, tested.json["event_type"]) == (202, "review")
    _notify(workspace, grace)
    _notify(workspace, grace, type="review")
    world.pump()
    requests = receiver.requests("/other")
    assert [request.headers["X-FluxDesk-Event-Type"] for request in requests] == ["review", "review"]
    assert all(_accepts(request, again.json["secret"]) for request in requests)
    assert not any(_accepts(request, rotated.json["secret"]) for request in requests)
    assert len(grace.call("GET", f"{one}/deliveries").json["items"]) == 2

    assert grace.call("DELETE", one).status == 204
    assert grace.call("GET", one).status == 404
    assert grace.call("GET", at).json["items"] == []


def test_nobody_else_sees_a_personal_webhook_not_even_an_owner(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = _webhook(grace, receiver)
    _notify(workspace, grace)
    world.pump()
    (delivery,) = _log(grace, webhook)
    assert workspace.call("GET", "/v1/me/webhooks").json["items"] == []
    assert workspace.call("GET", "/v1/webhooks").json["items"] == []
    for at in ("/v1/webhooks", "/v1/me/webhooks", "/admin/integrations/webhooks"):
        for method, path, body in [
            ("GET", "", None),
            ("PATCH", "", {"state": "disabled"}),
            ("DELETE", "", None),
            ("GET", "/deliveries", None),
            ("POST", "/test", {}),
            ("POST", "/rotate-secret", None if "me" in at else {}),
        ]:
            assert workspace.call(method, f"{at}/{webhook['id']}{path}", body).status == 404, (method, at, path)
    assert workspace.call("GET", f"/v1/deliveries/{delivery['id']}").status == 404
    assert workspace.call("POST", f"/v1/deliveries/{delivery['id']}/retry").status == 404


@pytest.mark.parametrize("at", ALIASES)
def test_a_person_sends_their_own_deliveries_again(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, at: str
) -> None:
    webhook = _webhook(grace, receiver)
    other = _webhook(grace, receiver, "/other")
    here, there = f"{at}/{webhook['id']}", f"{at}/{other['id']}"
    receiver.answer("/mine", 404, 404, 404, 404, 200)
    _notify(workspace, grace)
    world.pump(30)
    (delivery,) = _log(grace, webhook)
    assert delivery["state"] == "exhausted"
    one = f"{here}/deliveries/{delivery['id']}"
    assert grace.call("GET", one).json == delivery
    for method, target in (
        ("GET", f"{there}/deliveries/{delivery['id']}"),
        ("POST", f"{there}/deliveries/{delivery['id']}/retry"),
    ):
        assert grace.call(method, target).status == 404, "it is another webhook's"
    retried = grace.call("POST", f"{one}/retry")
    assert (retried.status, retried.json["state"]) == (202, "queued")
    world.pump(30)
    assert grace.call("GET", one).json["state"] == "delivered"
    assert len(receiver.requests("/mine")) == 5

    states = {"states": ["delivered"]}
    assert grace.call("POST", f"{here}/replays/preview", states).json == {"matched": 1, "complete": True}
    replay = grace.call("POST", f"{here}/replays", states)
    assert replay.status == 202, replay.body
    world.pump(30)
    read = grace.call("GET", f"{here}/replays/{replay.json['id']}").json
    assert (read["state"], read["requeued"]) == ("done", 1)
    assert grace.call("POST", f"{here}/replays/{replay.json['id']}/cancel").json["state"] == "done"
    # The one that was retried is a replay of one delivery.
    assert read in grace.call("GET", f"{here}/replays").json["items"]
    assert len(receiver.requests("/mine")) == 6
    assert len({request.body for request in receiver.requests("/mine")}) == 1
    assert grace.call("GET", f"{there}/replays/{replay.json['id']}").status == 404


def test_nobody_else_sends_a_personal_delivery_again(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = _webhook(grace, receiver)
    own = _webhook(workspace, receiver, "/owner")
    _notify(workspace, grace)
    world.pump()
    (delivery,) = _log(grace, webhook)
    replay = grace.make(f"/v1/me/webhooks/{webhook['id']}/replays", {}, 202)
    for of in (webhook, own):
        at = f"/v1/me/webhooks/{of['id']}"
        for method, path in (
            ("GET", f"/deliveries/{delivery['id']}"),
            ("POST", f"/deliveries/{delivery['id']}/retry"),
            ("GET", f"/replays/{replay['id']}"),
            ("POST", f"/replays/{replay['id']}/cancel"),
        ):
            assert workspace.call(method, at + path).status == 404, (method, path)
    for path in ("/replays", "/replays/preview"):
        assert workspace.call("POST", f"/v1/me/webhooks/{webhook['id']}{path}", {}).status == 404
    assert workspace.call("GET", f"/v1/me/webhooks/{webhook['id']}/replays").status == 404


def test_admins_hear_that_a_personal_webhook_was_disabled_but_not_where_it_goes(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    workspace.make("/v1/webhooks", {"url": receiver.url("/all"), "events": ["webhook.disabled"]})
    webhook = _webhook(grace, receiver, name="Laptop")
    receiver.answer("/mine", 410)
    _notify(workspace, grace)
    world.pump()
    (request,) = receiver.requests("/all")
    told = json.loads(request.body)["data"]["webhook"]
    assert (told["id"], told["url"], told["name"]) == (webhook["id"], None, None)
    assert b"/mine" not in request.body
    types = {item["type"]: item for item in workspace.call("GET", "/v1/event-types").json["items"]}
    jsonschema.validate(json.loads(request.body), types["webhook.disabled"]["body_schema"])


def test_only_the_person_who_is_told_gets_the_event(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    _webhook(grace, receiver, "/grace")
    _webhook(workspace, receiver, "/ada")
    _notify(workspace, grace)
    world.pump()
    assert len(receiver.requests("/grace")) == 1
    assert receiver.requests("/ada") == []


def test_a_narrow_token_reads_no_notifications_and_makes_no_personal_webhook(
    workspace: Workspace, receiver: Receiver
) -> None:
    narrow = workspace.narrow("webhooks:write", "messages:read")
    assert narrow.call("POST", "/v1/me/webhooks", {"url": receiver.url("/x")}).status == 403
    assert narrow.call("GET", "/v1/me/notifications").status == 403
    body = {"type": "system", "title": "x", "everyone": True}
    assert narrow.call("POST", "/v1/notifications", body).status == 403


def test_a_test_token_has_webhooks_and_notifications_of_its_own(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    tester = workspace.narrow("admin:*", environment="staging")
    _webhook(workspace, receiver, "/live")
    _webhook(tester, receiver, "/test")
    _notify(tester, tester)
    world.pump()
    assert receiver.requests("/live") == []
    assert json.loads(receiver.requests("/test")[0].body)["livemode"] is False
    assert _inbox(workspace) == []
    assert len(_inbox(tester)) == 1


def test_there_is_an_end_to_personal_webhooks(workspace: Workspace, receiver: Receiver) -> None:
    for _ in range(MAX_PERSONAL):
        _webhook(workspace, receiver)
    answer = workspace.call("POST", "/v1/me/webhooks", {"url": receiver.url("/mine")})
    assert answer.status == 409
    assert "Delete one" in answer.json["detail"]


def test_a_deactivated_persons_webhooks_get_nothing_until_they_are_back(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = _webhook(grace, receiver)
    _notify(workspace, grace, title="waiting")
    world.pump_streams()
    world.pump_streams()
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"active": False}).status == 200
    _notify(workspace, title="meanwhile")
    world.pump()
    assert receiver.requests("/mine") == []
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"active": True}).status == 200
    _notify(workspace, grace, title="back")
    world.pump()
    assert [json.loads(request.body)["title"] for request in receiver.requests("/mine")] == ["back"]
    states = {delivery["state"]: delivery["reason"] for delivery in _log(grace, webhook)}
    assert states["cancelled"] == "the webhook is disabled: the person was deactivated"


# --- workspace-wide ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", ["/v1/webhooks", "/admin/integrations/webhooks"])
def test_admins_subscribe_for_the_whole_workspace(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, at: str
) -> None:
    body = {"url": receiver.url("/all"), "events": ["blocker", "review"], "format": "fluxdesk"}
    webhook = workspace.make(at, body)
    assert webhook["signatures"] == ["fluxdesk"]
    _notify(workspace, grace, workspace, type="blocker")
    _notify(workspace, grace, type="system")
    world.pump()
    requests = receiver.requests("/all")
    assert {json.loads(request.body)["user_id"] for request in requests} == {grace.user_id, workspace.user_id}
    assert len(requests) == 2
    assert all(_accepts(request, webhook["secret"]) for request in requests)
    assert len(workspace.call("GET", f"{at}/{webhook['id']}/deliveries").json["items"]) == 2


def test_a_format_takes_what_it_has_a_body_for(workspace: Workspace, receiver: Receiver) -> None:
    url = receiver.url("/all")
    answer = workspace.call(
        "POST", "/v1/webhooks", {"url": url, "events": ["review", "message.created"], "format": "fluxdesk"}
    )
    assert answer.status == 422
    assert "no body for message.created" in answer.json["detail"]
    made = workspace.make("/v1/webhooks", {"url": url, "events": ["review"], "format": "fluxdesk"})
    at = f"/v1/webhooks/{made['id']}"
    assert workspace.call("PATCH", at, {"format": "ferryman"}).status == 422, "a format never changes"
    assert workspace.call("PATCH", at, {"events": ["message.created"]}).status == 422
    assert workspace.call("POST", f"{at}/test", {"event_type": "message.created"}).status == 422


def test_a_personal_webhook_can_have_our_own_format(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = _webhook(grace, receiver, format="ferryman")
    assert webhook["signatures"] == ["fm"]
    _notify(workspace, grace)
    world.pump()
    (request,) = receiver.requests("/mine")
    body = json.loads(request.body)
    types = {item["type"]: item for item in workspace.call("GET", "/v1/event-types").json["items"]}
    jsonschema.validate(body, types["task_assigned"]["body_schema"])
    assert body["data"]["user"]["id"] == grace.user_id
    assert "X-FM-Webhook-Signature" in request.headers


def test_notifications_are_for_no_chat(workspace: Workspace, receiver: Receiver) -> None:
    body = {"url": receiver.url("/x"), "events": ["review"], "chat_ids": [workspace.chat()]}
    answer = workspace.call("POST", "/v1/webhooks", body)
    assert answer.status == 422
    manager = workspace.person("manager", "webhooks:write", "webhooks:read")
    answer = manager.call("POST", "/v1/webhooks", {"url": receiver.url("/x"), "events": ["review"]})
    assert answer.status == 403


# --- notifications ----------------------------------------------------------------------------------------


def test_each_person_has_the_notification_once_and_marks_it_read(
    world: World, workspace: Workspace, grace: Workspace
) -> None:
    first = _notify(workspace, grace, title="one")
    second = _notify(workspace, grace, title="two")
    world.pump()
    assert [entry["title"] for entry in _inbox(grace)] == ["two", "one"]
    assert _inbox(workspace) == []
    page = grace.call("GET", "/v1/me/notifications?limit=1").json
    assert [entry["id"] for entry in page["items"]] == [second["id"]]
    rest = grace.call("GET", f"/v1/me/notifications?limit=1&cursor={page['next_cursor']}").json
    assert [entry["id"] for entry in rest["items"]] == [first["id"]]
    read = grace.call("POST", f"/v1/me/notifications/{first['id']}/read")
    assert (read.status, read.json["read_at"] is not None) == (200, True)
    assert grace.call("POST", f"/v1/me/notifications/{first['id']}/read").json == read.json
    assert [entry["id"] for entry in _inbox(grace, "?unread=true")] == [second["id"]]
    assert workspace.call("POST", f"/v1/me/notifications/{first['id']}/read").status == 404


def test_everyone_is_everyone_who_is_active_and_no_bot(
    world: World, workspace: Workspace, grace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferryman.notifications.service._PAGE", 2)
    gone = workspace.person("staff", *OWN)
    people = [workspace, grace, workspace.person("manager", *OWN), workspace.person("admin", *OWN)]
    workspace.make("/v1/bots", {"name": "Bot", "handle": f"bot-{uuid.uuid4().hex[:12]}"})
    assert workspace.call("PATCH", f"/v1/users/{gone.user_id}", {"active": False}).status == 200
    sent = _notify(workspace, type="weekly_digest")
    world.pump()
    assert sent["everyone"] is True
    for person in people:
        assert [entry["id"] for entry in _inbox(person)] == [sent["id"]]
    assert _rows_of(world, sent["id"]) == len(people)


def test_a_large_notification_goes_on_where_it_ended_and_tells_nobody_twice(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferryman.notifications.service._PAGE", 1)
    _webhook(grace, receiver)
    sent = _notify(workspace)
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
    for name, person in {"ada": workspace, "admin": admin, "manager": manager, "grace": grace}.items():
        _webhook(person, receiver, f"/{name}")
    _notify(workspace, grace, admin, type="team_support.approved", title="Approved")
    world.pump()
    assert [len(receiver.requests(f"/{name}")) for name in ("ada", "admin", "grace", "manager")] == [1, 1, 1, 0]
    _notify(workspace, grace, type="review")
    world.pump()
    assert [len(receiver.requests(f"/{name}")) for name in ("ada", "admin", "grace", "manager")] == [1, 1, 2, 0]


@pytest.mark.parametrize(
    ("body", "about"),
    [
        ({}, "user_ids"),
        ({"user_ids": []}, "user_ids"),
        ({"everyone": False}, "user_ids"),
        ({"everyone": True, "type": "message.created"}, "type"),
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
def test_what_cannot_be_sent_is_refused_with_the_reason(workspace: Workspace, body: Made, about: str) -> None:
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
    assert len(_inbox(workspace)) == 1


def test_a_sender_without_admin_sees_their_own_only(workspace: Workspace) -> None:
    manager = workspace.person("manager", "notifications:write")
    mine = _notify(manager)
    theirs = _notify(workspace)
    assert [item["id"] for item in manager.call("GET", "/v1/notifications").json["items"]] == [mine["id"]]
    assert manager.call("GET", f"/v1/notifications/{theirs['id']}").status == 404
    assert manager.call("POST", f"/v1/notifications/{theirs['id']}/cancel").status == 404
    assert len(workspace.call("GET", "/v1/notifications").json["items"]) == 2


# --- at a set time ----------------------------------------------------------------------------------------


class Clock:
    """Time that a test moves."""

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
    webhook = _webhook(grace, receiver)
    at = clock.iso(clock.now() + 600)
    reminder = _notify(workspace, grace, type="meeting", title="Planning in 10 minutes", send_at=at)
    assert (reminder["state"], reminder["send_at"]) == ("scheduled", at)
    for ahead in (0, 530):  # by the stream, and by the last minute before
        moved.ahead = ahead
        world.pump()
        world.invoke("notifier", {})
        assert _inbox(grace) == []
    moved.ahead = 601
    assert world.invoke("notifier", {}) == {"sent": 1}
    assert world.invoke("notifier", {}) == {"sent": 0}
    world.pump()
    assert [entry["title"] for entry in _inbox(grace)] == ["Planning in 10 minutes"]
    (request,) = receiver.requests("/mine")
    assert _accepts(request, webhook["secret"])
    assert json.loads(request.body)["created_at"] == at
    late = workspace.call("POST", f"/v1/notifications/{reminder['id']}/cancel")
    assert late.status == 409


def test_notifications_are_kept_as_long_as_deliveries(
    world: World, workspace: Workspace, grace: Workspace, moved: Clock
) -> None:
    sent = _notify(workspace, grace)
    world.pump()
    cancelled = _notify(workspace, grace, send_at=clock.iso(clock.now() + 300))
    assert workspace.call("POST", f"/v1/notifications/{cancelled['id']}/cancel").status == 200
    days = int(world.parameters["DeliveryRetentionDays"])
    later = _notify(workspace, grace, send_at=clock.iso(clock.now() + (days + 1) * 86_400))

    def seen() -> tuple[list[str], list[str]]:
        return [entry["id"] for entry in _inbox(grace)], [
            item["id"] for item in workspace.call("GET", "/v1/notifications").json["items"]
        ]

    moved.ahead = days * 86_400 - 60
    assert seen() == ([sent["id"]], [later["id"], cancelled["id"], sent["id"]])
    moved.ahead = days * 86_400 + 60
    assert seen() == ([], [later["id"]]), "what waits for its time is kept"
    assert grace.call("POST", f"/v1/me/notifications/{sent['id']}/read").status == 404
    assert workspace.call("GET", f"/v1/notifications/{sent['id']}").status == 404
    assert workspace.call("GET", f"/v1/notifications/{cancelled['id']}").status == 404


def test_what_is_cancelled_is_never_sent(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, moved: Clock
) -> None:
    _webhook(grace, receiver)
    digest = _notify(workspace, type="weekly_digest", send_at=clock.iso(clock.now() + 3600))
    for _ in range(2):
        cancelled = workspace.call("POST", f"/v1/notifications/{digest['id']}/cancel")
        assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
    moved.ahead = 7200
    world.invoke("notifier", {})
    world.pump()
    assert receiver.requests("/mine") == []
    assert _inbox(grace) == []


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
        _notify(workspace, workspace, send_at=clock.iso(clock.now() + 60))
        moved.ahead = 61
        with pytest.raises(RetryLater, match=r"^1 notifications could not be sent"):
            world.invoke("notifier", {})
        assert len(_inbox(workspace)) == 1
    finally:
        key = {name: poison[name] for name in ("workspace_id", "notification_id")}
        client.delete_item(TableName=world.table("notifications"), Key=key)


def _rows_of(world: World, notification_id: str) -> int:
    return sum(
        table == world.table("inboxes") and item["notification_id"]["S"] == notification_id
        for table, item in world.items()
    )

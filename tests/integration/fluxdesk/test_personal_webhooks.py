"""Personal webhooks, in the form for FluxDesk's receivers."""

import json
import uuid

import jsonschema
import pytest
from ferryman.events import catalogue
from ferryman.webhooks.personal import MAX_PERSONAL

from local.receiver import Receiver
from tests.integration.conftest import Later, Workspace
from tests.integration.fluxdesk.people import ALIASES, accepts, inbox, log_of, notify, personal_webhook
from tests.support.world import World


def test_a_notification_arrives_as_fluxdesk_describes_it(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = personal_webhook(grace, receiver)
    sent = notify(workspace, grace, body="It loops.", url="https://desk.example.com/17", data={"request": 17, "x": 1.0})
    world.pump()
    (request,) = receiver.requests("/mine")
    assert request.method == "POST"
    assert request.headers["Content-Type"] == "application/json"
    assert accepts(request, webhook["secret"])
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
    (delivery,) = log_of(grace, webhook)
    assert (delivery["state"], delivery["event_type"]) == ("delivered", "task_assigned")
    assert workspace.call("GET", f"/v1/notifications/{sent['id']}").json["state"] == "sent"


@pytest.mark.parametrize("type_", catalogue.PERSONAL)
def test_each_type_has_a_body_that_its_schema_accepts(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, type_: str
) -> None:
    webhook = personal_webhook(grace, receiver)
    notify(workspace, grace, type=type_, title="It happened")
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
    webhook = personal_webhook(grace, receiver)
    receiver.answer("/mine", 500, 500, 200)
    notify(workspace, grace)
    world.pump(30)
    attempts = receiver.requests("/mine")
    assert len(attempts) == 3
    assert len({request.body for request in attempts}) == 1
    assert len({request.headers["X-FluxDesk-Delivery-Id"] for request in attempts}) == 1
    assert all(accepts(request, webhook["secret"]) for request in attempts)


def test_ten_failures_in_a_row_disable_a_personal_webhook(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = personal_webhook(grace, receiver)
    receiver.answer("/mine", 404)
    for _ in range(3):
        notify(workspace, grace)
        world.pump(30)
    assert len(receiver.requests("/mine")) == 10
    at = f"/v1/me/webhooks/{webhook['id']}"
    assert grace.call("GET", at).json["state"] == "disabled"
    assert grace.call("PATCH", at, {"state": "enabled"}).json["consecutive_failures"] == 0


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

    rotated = grace.call("POST", f"{one}/rotate-secret", {"overlap_hours": 0})
    assert rotated.status == 200
    again = grace.call("POST", f"{one}/rotate-secret", {"overlap_hours": 0})
    assert len({made["secret"], rotated.json["secret"], again.json["secret"]}) == 3
    tested = grace.call("POST", f"{one}/test", {})
    assert (tested.status, tested.json["event_type"]) == (202, "review")
    notify(workspace, grace)
    notify(workspace, grace, type="review")
    world.pump()
    requests = receiver.requests("/other")
    assert [request.headers["X-FluxDesk-Event-Type"] for request in requests] == ["review", "review"]
    assert all(accepts(request, again.json["secret"]) for request in requests)
    assert not any(accepts(request, rotated.json["secret"]) for request in requests)
    assert len(grace.call("GET", f"{one}/deliveries").json["items"]) == 2

    assert grace.call("DELETE", one).status == 204
    assert grace.call("GET", one).status == 404
    assert grace.call("GET", at).json["items"] == []


def test_a_rotated_secret_is_pending_until_it_is_activated_or_the_overlap_ends(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, later: Later
) -> None:
    """The header has room for one signature, so the receiver has to get the new secret before it is used."""
    made = personal_webhook(grace, receiver)
    one = f"/v1/me/webhooks/{made['id']}"

    def signer(*secrets: str) -> int:
        """The index of the secret that signs the next delivery."""
        before = len(receiver.requests("/mine"))
        notify(workspace, grace)
        world.pump()
        (request,) = receiver.requests("/mine")[before:]
        (found,) = [number for number, secret in enumerate(secrets) if accepts(request, secret)]
        return found

    first, second = made["secret"], grace.call("POST", f"{one}/rotate-secret").json
    assert second["secret_pending"] and second["secret_expires_at"]
    assert signer(first, second["secret"]) == 0
    activated = grace.call("POST", f"{one}/expire-old-secret").json
    assert (activated["secret_pending"], activated["secret_expires_at"]) == (False, None)
    assert signer(first, second["secret"]) == 1
    third = grace.call("POST", f"{one}/rotate-secret", {"overlap_hours": 2}).json["secret"]
    assert signer(second["secret"], third) == 0
    later(2 * 3600 + 1)
    assert signer(second["secret"], third) == 1
    assert grace.call("GET", one).json["secret_pending"] is False


def test_nobody_else_sees_a_personal_webhook_not_even_an_owner(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = personal_webhook(grace, receiver)
    notify(workspace, grace)
    world.pump()
    (delivery,) = log_of(grace, webhook)
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
    webhook = personal_webhook(grace, receiver)
    other = personal_webhook(grace, receiver, "/other")
    here, there = f"{at}/{webhook['id']}", f"{at}/{other['id']}"
    receiver.answer("/mine", 404, 404, 404, 404, 200)
    notify(workspace, grace)
    world.pump(30)
    (delivery,) = log_of(grace, webhook)
    assert delivery["state"] == "exhausted"
    one = f"{here}/deliveries/{delivery['id']}"
    shown = grace.call("GET", one).json
    assert shown.pop("request")["body"]  # which a list leaves out
    assert shown == delivery
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
    webhook = personal_webhook(grace, receiver)
    own = personal_webhook(workspace, receiver, "/owner")
    notify(workspace, grace)
    world.pump()
    (delivery,) = log_of(grace, webhook)
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
    webhook = personal_webhook(grace, receiver, name="Laptop")
    receiver.answer("/mine", 410)
    notify(workspace, grace)
    world.pump()
    (request,) = receiver.requests("/all")
    told = json.loads(request.body)["data"]["webhook"]
    assert (told["id"], told["url"], told["name"]) == (webhook["id"], None, None)
    assert b"/mine" not in request.body
    types = {item["type"]: item for item in workspace.call("GET", "/v1/event-types").json["items"]}
    jsonschema.validate(json.loads(request.body), types["webhook.disabled"]["body_schema"])


def test_only_the_notified_person_gets_the_event(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    personal_webhook(grace, receiver, "/grace")
    personal_webhook(workspace, receiver, "/ada")
    notify(workspace, grace)
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
    personal_webhook(workspace, receiver, "/live")
    personal_webhook(tester, receiver, "/test")
    notify(tester, tester)
    world.pump()
    assert receiver.requests("/live") == []
    assert json.loads(receiver.requests("/test")[0].body)["livemode"] is False
    assert inbox(workspace) == []
    assert len(inbox(tester)) == 1


def test_the_number_of_personal_webhooks_is_limited(workspace: Workspace, receiver: Receiver) -> None:
    for _ in range(MAX_PERSONAL):
        personal_webhook(workspace, receiver)
    answer = workspace.call("POST", "/v1/me/webhooks", {"url": receiver.url("/mine")})
    assert answer.status == 409
    assert "Delete one" in answer.json["detail"]


def test_a_deactivated_persons_webhooks_get_nothing_until_the_person_enables_them(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = personal_webhook(grace, receiver)
    notify(workspace, grace, title="waiting")
    world.pump_streams()
    world.pump_streams()
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"active": False}).status == 200
    notify(workspace, title="meanwhile")
    world.pump()
    assert receiver.requests("/mine") == []
    assert workspace.call("PATCH", f"/v1/users/{grace.user_id}", {"active": True}).status == 200
    notify(workspace, grace, title="not yet")
    world.pump()
    answer = grace.call("PATCH", f"/v1/me/webhooks/{webhook['id']}", {"state": "enabled"})
    assert answer.status == 200, answer.body
    notify(workspace, grace, title="back")
    world.pump()
    assert [json.loads(request.body)["title"] for request in receiver.requests("/mine")] == ["back"]
    states = {delivery["state"]: delivery["reason"] for delivery in log_of(grace, webhook)}
    assert states["cancelled"] == "the webhook is disabled: owner_deactivated"


@pytest.mark.parametrize("at", ["/v1/webhooks", "/admin/integrations/webhooks"])
def test_admins_subscribe_for_the_whole_workspace(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver, at: str
) -> None:
    body = {"url": receiver.url("/all"), "events": ["blocker", "review"], "format": "fluxdesk"}
    webhook = workspace.make(at, body)
    assert webhook["signatures"] == ["fluxdesk"]
    notify(workspace, grace, workspace, type="blocker")
    notify(workspace, grace, type="system")
    world.pump()
    requests = receiver.requests("/all")
    assert {json.loads(request.body)["user_id"] for request in requests} == {grace.user_id, workspace.user_id}
    assert len(requests) == 2
    assert all(accepts(request, webhook["secret"]) for request in requests)
    assert len(workspace.call("GET", f"{at}/{webhook['id']}/deliveries").json["items"]) == 2


def test_a_format_takes_what_it_has_a_body_for(workspace: Workspace, receiver: Receiver) -> None:
    url = receiver.url("/all")
    answer = workspace.call(
        "POST", "/v1/webhooks", {"url": url, "events": ["review", "message.created"], "format": "fluxdesk"}
    )
    assert answer.status == 422
    assert "does not support message.created" in answer.json["detail"]
    made = workspace.make("/v1/webhooks", {"url": url, "events": ["review"], "format": "fluxdesk"})
    at = f"/v1/webhooks/{made['id']}"
    assert workspace.call("PATCH", at, {"format": "ferryman"}).status == 422, "a format never changes"
    assert workspace.call("PATCH", at, {"events": ["message.created"]}).status == 422
    assert workspace.call("POST", f"{at}/test", {"event_type": "message.created"}).status == 422


def test_a_personal_webhook_can_have_our_own_format(
    world: World, workspace: Workspace, grace: Workspace, receiver: Receiver
) -> None:
    webhook = personal_webhook(grace, receiver, format="ferryman")
    assert webhook["signatures"] == ["fm"]
    notify(workspace, grace)
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

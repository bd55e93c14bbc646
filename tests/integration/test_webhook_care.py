"""Managing a webhook: signatures, rotation, tests, retries, replays, disabling, and notifications about it."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
import stripe
from botocore.exceptions import ClientError
from ferryman import clock
from ferryman.aws import clients as aws
from ferryman.webhooks.subscriptions import sealing
from standardwebhooks import Webhook as StandardWebhook

from local.receiver import Receiver, Request
from tests.integration.conftest import Workspace
from tests.support.clients import aws_client
from tests.support.world import World

type Made = dict[str, Any]


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return workspace.chat()


@pytest.fixture
def make(workspace: Workspace, receiver: Receiver, chat: str) -> Callable[..., Made]:
    def made(path: str = "/in", **fields: Any) -> Made:
        fields = {"events": ["message.created"], "chat_ids": [chat], **fields}
        if fields["chat_ids"] is None:
            del fields["chat_ids"]
        webhook: Made = workspace.make("/v1/webhooks", {"url": receiver.url(path), **fields})
        return webhook

    return made


def _log(workspace: Workspace, webhook: Made, query: str = "") -> list[Made]:
    found: list[Made] = workspace.call("GET", f"/v1/webhooks/{webhook['id']}/deliveries{query}").json["items"]
    return found


def _stripe_accepts(request: Request, secret: str) -> bool:
    header = request.headers["X-FM-Webhook-Signature"]
    try:
        stripe.WebhookSignature.verify_header(request.body.decode(), header, secret, 300)
    except stripe.SignatureVerificationError:
        return False
    return True


def test_each_signature_is_accepted_by_its_own_verifier(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, make: Callable[..., Made]
) -> None:
    webhook = make(signatures=["fm", "standard", "fluxdesk"])
    workspace.say(chat)
    world.pump()
    (request,) = receiver.requests("/in")
    assert _stripe_accepts(request, webhook["secret"])
    headers = {name.lower(): value for name, value in request.headers.items()}
    StandardWebhook(webhook["secret"]).verify(request.body.decode(), headers)
    expected = hmac.new(webhook["secret"].encode(), request.body, hashlib.sha256).hexdigest()
    assert request.headers["X-FluxDesk-Signature"] == f"v1={expected}"
    assert request.headers["X-FluxDesk-Event-Type"] == "message.created"


def test_only_the_chosen_signatures_are_sent(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, make: Callable[..., Made]
) -> None:
    webhook = make(signatures=["standard"])
    workspace.say(chat)
    workspace.call("PATCH", f"/v1/webhooks/{webhook['id']}", {"signatures": ["fluxdesk"]})
    world.pump()
    (request,) = receiver.requests("/in")
    assert "X-FluxDesk-Signature" in request.headers
    assert "webhook-signature" not in request.headers
    assert "X-FM-Webhook-Signature" not in request.headers


def test_a_rotated_secret_signs_beside_the_old_one_until_that_is_ended(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, make: Callable[..., Made]
) -> None:
    webhook = make(signatures=["fm", "standard"])
    rotated = workspace.call("POST", f"/v1/webhooks/{webhook['id']}/rotate-secret", {})
    assert rotated.status == 200
    new, old = rotated.json["secret"], webhook["secret"]
    assert new != old
    assert rotated.json["secret_expires_at"] is not None
    workspace.say(chat)
    world.pump()
    (request,) = receiver.requests("/in")
    assert _stripe_accepts(request, old)
    assert _stripe_accepts(request, new)
    for secret in (old, new):
        StandardWebhook(secret).verify(request.body.decode(), dict(request.headers.items()))

    again = workspace.call("POST", f"/v1/webhooks/{webhook['id']}/rotate-secret", {})
    assert again.status == 409

    ended = workspace.call("POST", f"/v1/webhooks/{webhook['id']}/expire-old-secret")
    assert (ended.status, ended.json["secret_expires_at"]) == (200, None)
    workspace.say(chat)
    world.pump()
    request = receiver.requests("/in")[-1]
    assert _stripe_accepts(request, new)
    assert not _stripe_accepts(request, old)
    assert workspace.call("POST", f"/v1/webhooks/{webhook['id']}/rotate-secret", {"overlap_hours": 0}).status == 200
    assert workspace.call("GET", f"/v1/webhooks/{webhook['id']}").json["secret_expires_at"] is None


def test_a_sealed_secret_opens_for_its_own_webhook_and_version_only(world: World) -> None:
    """An attacker who can write to the tables cannot make one webhook sign with another's secret."""
    with world.inside("webhooks"):
        sealed = sealing.seal("wsp_1", "whk_1", 1, "whsec_sealed")
    with world.inside("deliverer"):
        assert sealing.unseal("wsp_1", "whk_1", 1, sealed) == "whsec_sealed"
        for other in (("wsp_2", "whk_1", 1), ("wsp_1", "whk_2", 1), ("wsp_1", "whk_1", 2)):
            with pytest.raises(ClientError):
                sealing.unseal(*other, sealed)


def test_an_opened_secret_is_forgotten_after_five_minutes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    events = aws.kms().meta.events
    began = clock.now()

    def count(**_: Any) -> None:
        opened.append(clock.now())

    with world.inside("webhooks"):
        sealed = sealing.seal("wsp_1", "whk_1", 1, "whsec_sealed")
    events.register("before-call.kms.Decrypt", count)
    try:
        with world.inside("deliverer"):
            for later in (0, 300, 600):
                monkeypatch.setattr(clock, "now", lambda later=later: began + later)
                for _ in range(3):
                    sealing.unseal("wsp_1", "whk_1", 1, sealed)
    finally:
        events.unregister("before-call.kms.Decrypt", count)
    assert len(opened) == 3


@pytest.mark.parametrize("hours", [-1, 169, "24", 1.5, None])
def test_an_overlap_is_a_number_of_hours_up_to_a_week(
    workspace: Workspace, make: Callable[..., Made], hours: object
) -> None:
    answer = workspace.call("POST", f"/v1/webhooks/{make()['id']}/rotate-secret", {"overlap_hours": hours})
    assert answer.status == 422


def test_a_test_is_signed_marked_not_retried_and_not_counted(
    world: World, workspace: Workspace, receiver: Receiver, make: Callable[..., Made]
) -> None:
    webhook = make()
    receiver.answer("/in", 500)
    sent = workspace.call("POST", f"/v1/webhooks/{webhook['id']}/test", {})
    assert (sent.status, sent.json["state"], sent.json["test"]) == (202, "queued", True)
    world.pump()
    (request,) = receiver.requests("/in")
    assert request.headers["X-FM-Webhook-Test"] == "true"
    assert json.loads(request.body)["test"] is True
    assert _stripe_accepts(request, webhook["secret"])
    delivery = workspace.call("GET", f"/v1/deliveries/{sent.json['id']}").json
    assert (delivery["state"], len(delivery["attempts"])) == ("exhausted", 1)
    assert workspace.call("GET", f"/v1/webhooks/{webhook['id']}").json["consecutive_failures"] == 0


def test_a_disabled_webhook_can_be_tested(
    world: World, workspace: Workspace, receiver: Receiver, make: Callable[..., Made]
) -> None:
    webhook = make()
    workspace.call("PATCH", f"/v1/webhooks/{webhook['id']}", {"state": "disabled"})
    workspace.call("POST", f"/v1/webhooks/{webhook['id']}/test", {"event_type": "message.deleted"})
    world.pump()
    (request,) = receiver.requests("/in")
    assert request.headers["X-FM-Webhook-Event"] == "message.deleted"


def test_one_delivery_is_retried_with_a_fresh_budget_and_its_log_goes_on(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, make: Callable[..., Made]
) -> None:
    webhook = make()
    receiver.answer("/in", 500)
    workspace.say(chat)
    world.pump(30)
    (delivery,) = _log(workspace, webhook)
    assert delivery["state"] == "exhausted"
    receiver.answer("/in", 200)
    retried = workspace.call("POST", f"/v1/deliveries/{delivery['id']}/retry")
    assert (retried.status, retried.json["state"]) == (202, "queued")
    assert workspace.call("POST", f"/v1/deliveries/{delivery['id']}/retry").status == 409
    world.pump()
    (delivery,) = _log(workspace, webhook)
    assert delivery["state"] == "delivered"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500, 500, 500, 500, 200]
    first, *_, last = receiver.requests("/in")
    assert first.body == last.body
    assert last.headers["X-FM-Delivery-Attempt"] == "5"


def test_a_log_of_sixty_attempts_takes_no_more(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, make: Callable[..., Made]
) -> None:
    """DynamoDB's limit for an item is 400 KB, and each attempt has an excerpt of a kilobyte."""
    webhook = make()
    receiver.answer("/in", 500)
    workspace.say(chat)
    world.pump(30)
    (delivery,) = _log(workspace, webhook)
    failed = {"M": {"number": {"N": "1"}, "at": {"S": clock.now_iso()}, "outcome": {"S": "failed"}}}
    for made, status in ((60, 409), (59, 202)):
        aws_client("dynamodb").update_item(
            TableName=world.table("deliveries"),
            Key={
                "webhook": {"S": f"{workspace.workspace_id}/{webhook['id']}"},
                "delivery_id": {"S": delivery["id"]},
            },
            UpdateExpression="SET attempts = :made",
            ExpressionAttributeValues={":made": {"L": [failed] * made}},
        )
        assert workspace.call("POST", f"/v1/deliveries/{delivery['id']}/retry").status == status


def test_a_replay_sends_all_that_failed_once_and_nothing_else(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, make: Callable[..., Made]
) -> None:
    webhook = make()
    receiver.answer("/in", 200)
    workspace.say(chat, "fine")
    world.pump()
    receiver.answer("/in", 410)
    for number in range(3):
        workspace.say(chat, f"failed {number}")
    world.pump()
    assert {delivery["state"] for delivery in _log(workspace, webhook)} == {"delivered", "cancelled"}
    path = f"/v1/webhooks/{webhook['id']}/replays"
    assert workspace.call("POST", path, {}).status == 409, "the 410 disabled it"
    workspace.call("PATCH", f"/v1/webhooks/{webhook['id']}", {"state": "enabled"})
    assert workspace.call("POST", f"{path}/preview", {}).json == {"matched": 3, "complete": True}
    before = len(receiver.requests("/in"))
    receiver.answer("/in", 200)
    started = workspace.call("POST", path, {})
    assert (started.status, started.json["state"], started.json["requeued"]) == (202, "running", 0)
    world.pump()
    done = workspace.call("GET", f"{path}/{started.json['id']}").json
    assert (done["state"], done["requeued"]) == ("done", 3)
    assert len(receiver.requests("/in")) == before + 3
    assert {delivery["state"] for delivery in _log(workspace, webhook)} == {"delivered"}
    assert workspace.call("GET", path).json["items"] == [done]


def test_a_cancelled_replay_sends_nothing_more(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, make: Callable[..., Made]
) -> None:
    webhook = make()
    workspace.say(chat)
    world.pump()
    path = f"/v1/webhooks/{webhook['id']}/replays"
    started = workspace.call("POST", path, {"states": ["delivered"]}).json
    cancelled = workspace.call("POST", f"{path}/{started['id']}/cancel")
    assert (cancelled.status, cancelled.json["state"]) == (200, "cancelled")
    world.pump()
    assert len(receiver.requests("/in")) == 1


def test_ten_failures_in_a_row_disable_a_webhook_and_notify_a_global_one(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, make: Callable[..., Made]
) -> None:
    operational = ["webhook.disabled", "delivery.exhausted"]
    make("/ops", events=operational, chat_ids=None)
    webhook = make("/failing")
    receiver.answer("/failing", 503)
    for number in range(3):
        workspace.say(chat, f"message {number}")
        world.pump(30)
    assert len(receiver.requests("/failing")) == 10
    seen = workspace.call("GET", f"/v1/webhooks/{webhook['id']}").json
    assert seen["state"] == "disabled"
    assert seen["disabled_reason"] == "10 attempts in a row failed; the last with HTTP 503"
    assert seen["last_error"] == "HTTP 503"
    told = [json.loads(request.body) for request in receiver.requests("/ops")]
    types = {event["type"]: event for event in workspace.call("GET", "/v1/event-types").json["items"]}
    for event in told:
        jsonschema.validate(event, types[event["type"]]["body_schema"])
    disabled = [event for event in told if event["type"] == "webhook.disabled"]
    assert [event["data"]["webhook"]["id"] for event in disabled] == [webhook["id"]]

    back = workspace.call("PATCH", f"/v1/webhooks/{webhook['id']}", {"state": "enabled"}).json
    assert (back["state"], back["consecutive_failures"], back["disabled_reason"]) == ("enabled", 0, None)


def test_a_success_starts_the_count_anew(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, make: Callable[..., Made]
) -> None:
    webhook = make()
    receiver.answer("/in", 500, 500, 200)
    workspace.say(chat)
    world.pump()
    assert workspace.call("GET", f"/v1/webhooks/{webhook['id']}").json["consecutive_failures"] == 0


def test_operational_events_need_a_webhook_for_every_chat(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    answer = workspace.call(
        "POST", "/v1/webhooks", {"url": receiver.url("/in"), "events": ["webhook.disabled"], "chat_ids": [chat]}
    )
    assert answer.status == 422
    assert "chat_ids" in answer.json["detail"]


def test_the_log_is_filtered_by_result_and_shows_headers_without_signatures(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, make: Callable[..., Made]
) -> None:
    webhook = make()
    receiver.answer("/in", 200, 404)
    workspace.say(chat, "one")
    world.pump()
    workspace.say(chat, "two")
    world.pump(30)
    assert [delivery["result"] for delivery in _log(workspace, webhook)] == ["4xx", "2xx"]
    (delivery,) = _log(workspace, webhook, "?result=2xx")
    request = receiver.requests("/in")[0]
    shown = delivery["attempts"][0]["request_headers"]
    assert shown["X-FM-Webhook-Timestamp"] == request.headers["X-FM-Webhook-Timestamp"]
    assert not [name for name in shown if "signature" in name.lower()]
    assert all(request.headers[name] == value for name, value in shown.items())


def test_every_event_type_has_an_example_that_its_schema_accepts(workspace: Workspace) -> None:
    items = workspace.call("GET", "/v1/event-types").json["items"]
    assert {"message.created", "message.updated", "message.deleted"} <= {item["type"] for item in items}
    for item in items:
        jsonschema.validate(item["example"], item["body_schema"])

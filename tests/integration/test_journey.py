"""The main job, through the API: a posted message becomes signed, retried, logged deliveries."""

import json

import stripe

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.world import World


def _hook(workspace: Workspace, chat_id: str) -> str:
    made = workspace.make("/v1/incoming-webhooks", {"chat_id": chat_id, "name": "CI"})
    return str(made["url"]).removeprefix("https://api.test")


def test_a_posted_message_is_delivered_signed_and_logged(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    chat = workspace.chat()
    hook = _hook(workspace, chat)
    webhook = workspace.make(
        "/v1/webhooks", {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]}
    )
    answer = world.call("POST", hook, json_body={"text": "Build passed"})
    assert (answer.status, answer.body) == (200, b"ok")

    world.pump()

    (request,) = receiver.requests("/in")
    assert json.loads(request.body)["data"]["message"]["text"] == "Build passed"
    assert request.headers["X-FM-Webhook-ID"] == webhook["id"]
    assert request.headers["X-FM-Webhook-Event"] == "message.created"
    assert request.headers["X-FM-Delivery-Attempt"] == "1"
    signature = request.headers["X-FM-Webhook-Signature"]
    assert signature.startswith(f"t={request.headers['X-FM-Webhook-Timestamp']},v1=")
    stripe.WebhookSignature.verify_header(request.body.decode(), signature, webhook["secret"], 300)

    (delivery,) = workspace.call("GET", f"/v1/webhooks/{webhook['id']}/deliveries").json["items"]
    assert delivery["state"] == "delivered"
    assert delivery["id"] == request.headers["X-FM-Delivery-ID"]
    (attempt,) = delivery["attempts"]
    assert (attempt["number"], attempt["outcome"], attempt["status"]) == (1, "delivered", 200)
    shown = workspace.call("GET", f"/v1/deliveries/{delivery['id']}").json
    assert shown.pop("request")["body"] == request.body.decode()  # which a list leaves out
    assert shown == delivery


def test_a_failing_receiver_gets_four_attempts_with_the_same_body(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    receiver.answer("/in", 500)
    chat = workspace.chat()
    webhook = workspace.make(
        "/v1/webhooks", {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat]}
    )
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "Build failed"})
    world.pump(30)
    requests = receiver.requests("/in")
    assert [request.headers["X-FM-Delivery-Attempt"] for request in requests] == ["1", "2", "3", "4"]
    assert len({request.body for request in requests}) == 1
    assert len({request.headers["X-FM-Delivery-ID"] for request in requests}) == 1
    (delivery,) = workspace.call("GET", f"/v1/webhooks/{webhook['id']}/deliveries").json["items"]
    assert delivery["state"] == "exhausted"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [500] * 4

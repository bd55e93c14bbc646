"""Managing a webhook on the embedded stack, with IAM enforced: rotation, tests, replay, disabling."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import stripe
from standardwebhooks import Webhook as StandardWebhook

from local.receiver import Receiver, Request
from tests.e2e.harness import E2E

PATIENCE_SECONDS = 60


@pytest.fixture
def receiver(stack: E2E) -> Receiver:
    return stack.receiver()


@pytest.fixture
def chat_id(stack: E2E) -> str:
    return str(_made(stack, "/v1/chats", {"name": "Care"})["id"])


def test_rotation_test_send_exhaustion_disabling_and_replay(stack: E2E, receiver: Receiver, chat_id: str) -> None:
    """One test covers all, because each step needs the one before."""
    ops = _made(stack, "/v1/webhooks", {"url": receiver.url("/ops"), "events": ["webhook.disabled"]})
    webhook = _made(
        stack,
        "/v1/webhooks",
        {
            "url": receiver.url("/in"),
            "events": ["message.created"],
            "chat_ids": [chat_id],
            "signatures": ["fm", "standard"],
        },
    )
    at = f"/v1/webhooks/{webhook['id']}"

    # A test is signed and marked.
    assert stack.api("POST", f"{at}/test", {}).status == 202
    [test] = receiver.wait_for(_to("/in"), PATIENCE_SECONDS)
    assert test.headers["X-FM-Webhook-Test"] == "true"
    assert json.loads(test.body)["test"] is True

    # While a secret is rotated, both verify; afterwards only the new one does.
    rotated = stack.api("POST", f"{at}/rotate-secret", {"overlap_hours": 1}).json
    _say(stack, chat_id, "during the rotation")
    request = receiver.wait_for(_to("/in"), PATIENCE_SECONDS, count=2)[-1]
    for secret in (webhook["secret"], rotated["secret"]):
        _stripe(request, secret)
        StandardWebhook(secret).verify(request.body.decode(), dict(request.headers.items()))
    assert stack.api("POST", f"{at}/expire-old-secret").status == 200
    _say(stack, chat_id, "after the rotation")
    request = receiver.wait_for(_to("/in"), PATIENCE_SECONDS, count=3)[-1]
    _stripe(request, rotated["secret"])
    with pytest.raises(stripe.SignatureVerificationError):
        _stripe(request, webhook["secret"])

    # Ten failures in a row disable it, and a webhook for operational events is told.
    receiver.answer("/in", 500)
    for number in range(10):
        _say(stack, chat_id, f"lost {number}")
    _until(lambda: stack.api("GET", at).json["state"] == "disabled")
    assert "HTTP 500" in stack.api("GET", at).json["disabled_reason"]
    told = json.loads(receiver.wait_for(_to("/ops"), PATIENCE_SECONDS)[0].body)
    assert told["data"]["webhook"]["id"] == webhook["id"]

    # Nothing was lost: once it is back, a replay sends all that failed.
    _until(lambda: not [item for item in _log(stack, at) if item["state"] in ("queued", "sending", "retrying")])
    receiver.answer("/in", 200)
    assert stack.api("PATCH", at, {"state": "enabled"}).json["consecutive_failures"] == 0
    preview = stack.api("POST", f"{at}/replays/preview", {}).json
    assert preview == {"matched": 10, "complete": True}
    replay = stack.api("POST", f"{at}/replays", {}).json
    _until(lambda: stack.api("GET", f"{at}/replays/{replay['id']}").json["state"] == "done")
    _until(lambda: {item["state"] for item in _log(stack, at)} == {"delivered"})
    texts = {json.loads(request.body)["data"]["message"].get("text") for request in receiver.requests("/in")}
    assert texts >= {f"lost {number}" for number in range(10)}

    # One delivery again, on request.
    before = len(receiver.requests("/in"))
    delivery = _log(stack, at)[0]
    assert stack.api("POST", f"/v1/deliveries/{delivery['id']}/retry").status == 202
    again = receiver.wait_for(_to("/in"), PATIENCE_SECONDS, count=before + 1)[-1]
    assert again.headers["X-FM-Delivery-ID"] == delivery["id"]
    for each in (webhook, ops):
        assert stack.api("DELETE", f"/v1/webhooks/{each['id']}").status == 204


def _to(path: str) -> Callable[[Request], bool]:
    return lambda request: request.path == path


def _stripe(request: Request, secret: str) -> None:
    header = request.headers["X-FM-Webhook-Signature"]
    stripe.WebhookSignature.verify_header(request.body.decode(), header, secret, 300)


def _say(stack: E2E, chat_id: str, text: str) -> None:
    assert stack.api("POST", f"/v1/chats/{chat_id}/messages", {"text": text}).status == 201


def _log(stack: E2E, at: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.api("GET", f"{at}/deliveries?limit=100").json["items"]
    return found


def _made(stack: E2E, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = stack.api("POST", path, body)
    assert reply.status == 201, reply.body
    made: dict[str, Any] = reply.json
    return made


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not so after {PATIENCE_SECONDS} s"
        time.sleep(0.2)

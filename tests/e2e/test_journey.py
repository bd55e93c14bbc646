"""A message from the post to the delivery log, through the API: posted, signed, delivered, retried, logged."""

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import stripe
from slack_sdk.webhook import WebhookClient

from local.receiver import Answer, Receiver, Request
from tests.e2e.harness import E2E

ARRIVAL_SECONDS = 20
EXHAUSTION_SECONDS = 40


@pytest.fixture
def receiver(stack: E2E) -> Receiver:
    return stack.receiver()


@pytest.fixture
def chat_id(stack: E2E) -> str:
    return str(_created(stack, "/v1/chats", {"name": "Builds"})["id"])


@pytest.fixture
def incoming(stack: E2E, chat_id: str) -> dict[str, Any]:
    return _created(stack, "/v1/incoming-webhooks", {"chat_id": chat_id, "name": "CI"})


@pytest.fixture
def subscribe(stack: E2E, chat_id: str) -> Iterator[Any]:
    made = []

    def subscribe(url: str) -> dict[str, Any]:
        body = {"url": url, "events": ["message.created"], "chat_ids": [chat_id]}
        made.append(_created(stack, "/v1/webhooks", body))
        return made[-1]

    yield subscribe
    for webhook in made:
        assert stack.api("DELETE", f"/v1/webhooks/{webhook['id']}").status in (204, 404)


def test_a_posted_message_arrives_signed(
    stack: E2E, receiver: Receiver, incoming: dict[str, Any], subscribe: Any
) -> None:
    webhook = subscribe(receiver.url("/healthy"))

    answer = WebhookClient(incoming["url"]).send(text="Build passed")
    assert (answer.status_code, answer.body) == (200, "ok")

    request = _arrived(receiver, "/healthy")[0]
    assert request.method == "POST"
    assert request.headers["Content-Type"].startswith("application/json")
    assert request.headers["X-FM-Webhook-ID"] == webhook["id"]
    assert request.headers["X-FM-Webhook-Event"] == "message.created"
    assert request.headers["X-FM-Delivery-Attempt"] == "1"
    signature = request.headers["X-FM-Webhook-Signature"]
    assert f"t={request.headers['X-FM-Webhook-Timestamp']}," in signature
    assert b"Build passed" in request.body

    stripe.WebhookSignature.verify_header(request.body.decode(), signature, webhook["secret"], 300)
    with pytest.raises(stripe.SignatureVerificationError):
        changed = request.body.decode().replace("passed", "failed", 1)
        stripe.WebhookSignature.verify_header(changed, signature, webhook["secret"], 300)

    delivery = _settled(stack, webhook)
    assert delivery["id"] == request.headers["X-FM-Delivery-ID"]
    assert (delivery["state"], delivery["event_type"]) == ("delivered", "message.created")
    assert [(attempt["number"], attempt["status"]) for attempt in delivery["attempts"]] == [(1, 200)]
    assert stack.api("GET", f"/v1/deliveries/{delivery['id']}").json["id"] == delivery["id"]


def test_a_dead_receiver_is_tried_four_times_and_delays_no_other(
    stack: E2E, receiver: Receiver, incoming: dict[str, Any], subscribe: Any
) -> None:
    receiver.answer("/failing", 500)
    failing, healthy = subscribe(receiver.url("/failing")), subscribe(receiver.url("/healthy"))

    posted = time.time()
    WebhookClient(incoming["url"]).send(text="Build failed")

    attempts = _arrived(receiver, "/failing", count=4, timeout=EXHAUSTION_SECONDS)
    delivery = _settled(stack, failing)
    assert delivery["state"] == "exhausted"
    assert [attempt["number"] for attempt in delivery["attempts"]] == [1, 2, 3, 4]
    assert {attempt["status"] for attempt in delivery["attempts"]} == {500}

    # The same delivery and the same bytes each time, under a fresh signature.
    assert [request.headers["X-FM-Delivery-Attempt"] for request in attempts] == ["1", "2", "3", "4"]
    assert {request.headers["X-FM-Delivery-ID"] for request in attempts} == {delivery["id"]}
    assert len({request.body for request in attempts}) == 1
    for request in attempts:
        signature = request.headers["X-FM-Webhook-Signature"]
        stripe.WebhookSignature.verify_header(request.body.decode(), signature, failing["secret"], 300)

    # Not before the configured delays, 1, 1 and 2 seconds.
    gaps = [later.at - earlier.at for earlier, later in pairwise(attempts)]
    assert all(gap >= delay for gap, delay in zip(gaps, (1, 1, 2), strict=True)), gaps

    [undisturbed] = _arrived(receiver, "/healthy")
    assert undisturbed.at < attempts[1].at, f"took {undisturbed.at - posted:.1f} s"
    assert _settled(stack, healthy)["state"] == "delivered"

    time.sleep(3)  # longer than any delay: no fifth attempt
    assert len(receiver.requests("/failing")) == 4


def test_a_receiver_that_recovers_gets_the_message_once(
    stack: E2E, receiver: Receiver, incoming: dict[str, Any], subscribe: Any
) -> None:
    receiver.answer("/flaky", 503, 200)
    webhook = subscribe(receiver.url("/flaky"))

    WebhookClient(incoming["url"]).send(text="Build passed at the second try")

    _arrived(receiver, "/flaky", count=2)
    delivery = _settled(stack, webhook)
    assert delivery["state"] == "delivered"
    assert [attempt["status"] for attempt in delivery["attempts"]] == [503, 200]


def test_a_slow_receiver_is_cut_off_however_it_drips(
    stack: E2E, receiver: Receiver, incoming: dict[str, Any], subscribe: Any
) -> None:
    receiver.answer("/hanging", Answer(delay=30))
    receiver.answer("/dripping", Answer(drip=0.5, body=b"x" * 60))
    hanging, dripping = subscribe(receiver.url("/hanging")), subscribe(receiver.url("/dripping"))
    healthy = subscribe(receiver.url("/healthy"))

    WebhookClient(incoming["url"]).send(text="Build passed, slowly")

    assert _settled(stack, healthy)["state"] == "delivered"
    attempt = _first_attempt(stack, hanging)
    assert (attempt["status"], attempt["error"]) == (None, "timeout")
    assert 7_900 <= attempt["duration_ms"] <= 9_500, attempt
    # Its status came in time; the rest of the body is not waited for.
    attempt = _first_attempt(stack, dripping)
    assert attempt["status"] == 200
    assert attempt["duration_ms"] <= 9_500, attempt


def test_a_revoked_credential_is_refused_at_the_next_call(stack: E2E, incoming: dict[str, Any]) -> None:
    token = _created(stack, "/v1/tokens", {"name": "CI", "scopes": ["chats:read"], "environment": "production"})
    assert stack.api("GET", "/v1/chats", token=token["token"]).status == 200
    assert stack.api("DELETE", f"/v1/tokens/{token['id']}").status == 204
    assert stack.api("GET", "/v1/chats", token=token["token"]).status == 401

    assert WebhookClient(incoming["url"]).send(text="before").status_code == 200
    assert stack.api("DELETE", f"/v1/incoming-webhooks/{incoming['id']}").status == 204
    assert WebhookClient(incoming["url"]).send(text="after").status_code in (401, 403, 404, 410)


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/v1/chats", 405), ("PUT", "/v1", 404)]
)
def test_a_request_that_no_route_takes_gets_a_problem(stack: E2E, method: str, path: str, status: int) -> None:
    reply = stack.api(method, path)
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    assert reply.json["request_id"] == reply.headers["X-Request-Id"]


def _created(stack: E2E, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = stack.api("POST", path, body)
    assert reply.status == 201, reply.body
    assert isinstance(reply.json, dict)
    return reply.json


def _arrived(receiver: Receiver, path: str, count: int = 1, timeout: float = ARRIVAL_SECONDS) -> list[Request]:
    return receiver.wait_for(lambda request: request.path == path, timeout, count=count)


def _settled(stack: E2E, webhook: dict[str, Any]) -> dict[str, Any]:
    """The webhook's only delivery, after it has ended. Fails after ARRIVAL_SECONDS."""
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while True:
        items: list[dict[str, Any]] = stack.api("GET", f"/v1/webhooks/{webhook['id']}/deliveries").json["items"]
        if len(items) == 1 and items[0]["state"] in ("delivered", "exhausted", "cancelled"):
            return items[0]
        assert time.monotonic() < deadline, f"not over after {ARRIVAL_SECONDS} s: {items}"
        time.sleep(0.1)


def _first_attempt(stack: E2E, webhook: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + ARRIVAL_SECONDS
    while True:
        items: list[dict[str, Any]] = stack.api("GET", f"/v1/webhooks/{webhook['id']}/deliveries").json["items"]
        # An attempt is in the log from its start; its duration comes with its end.
        if items and items[0]["attempts"] and items[0]["attempts"][0]["duration_ms"] is not None:
            return dict(items[0]["attempts"][0])
        assert time.monotonic() < deadline, f"no attempt after {ARRIVAL_SECONDS} s: {items}"
        time.sleep(0.2)

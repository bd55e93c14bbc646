"""A command on the embedded stack, whose receiver answers later with an unmodified client of Slack."""

from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_sdk.webhook import WebhookClient

from local.receiver import Answer
from tests.e2e.harness import E2E


@pytest.fixture
def chat(stack: E2E) -> str:
    return str(stack.api("POST", "/v1/chats", {"name": "Builds"}).json["id"])


def _said(stack: E2E, chat: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stack.api("GET", f"/v1/chats/{chat}/messages").json["items"]
    return items[::-1]


def test_slack_sdk_answers_a_command_at_its_response_url(stack: E2E, chat: str) -> None:
    receiver = stack.receiver()
    receiver.answer("/commands", Answer(body=b"{}", headers={"Content-Type": "application/json"}))
    made = stack.api("POST", "/v1/commands", {"trigger": "e2e-deploy", "url": receiver.url("/commands")})
    assert made.status == 201, made.body
    ran = stack.api("POST", f"/v1/chats/{chat}/messages", {"text": "/e2e-deploy production"})
    assert (ran.status, ran.json["outcome"]) == (201, "answered"), ran.body
    (request,) = receiver.requests("/commands")
    url = parse_qs(request.body.decode())["response_url"][0]
    client = WebhookClient(url)
    answers = [client.send(text=f"step {number}", response_type="in_channel") for number in range(6)]
    assert [(answer.status_code, answer.body) for answer in answers[:5]] == [(200, "ok")] * 5
    assert answers[5].status_code == 400
    assert [message["text"] for message in _said(stack, chat)] == [f"step {number}" for number in range(5)]

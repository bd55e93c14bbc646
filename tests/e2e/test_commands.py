"""Outgoing webhooks, commands and buttons on the embedded stack, with unmodified clients of Mattermost and Slack."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_sdk.webhook import WebhookClient

from local.receiver import Answer, Request
from tests.e2e.harness import E2E
from tools.clients import CLIENTS

WAIT_SECONDS = 60


@pytest.fixture
def chat(stack: E2E) -> str:
    return str(stack.api("POST", "/v1/chats", {"name": "Builds"}).json["id"])


def _said(stack: E2E, chat: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stack.api("GET", f"/v1/chats/{chat}/messages").json["items"]
    return items[::-1]


def _trigger_word(request: Request) -> str:
    """The trigger word in a request, whose body is JSON for one of the clients and a form for the others."""
    if request.headers["content-type"] == "application/json":
        return str(json.loads(request.body)["trigger_word"])
    return parse_qs(request.body.decode())["trigger_word"][0]


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


def test_ten_answers_at_the_same_moment_give_five_messages(stack: E2E, chat: str) -> None:
    receiver = stack.receiver()
    receiver.answer("/commands", Answer(body=b"{}", headers={"Content-Type": "application/json"}))
    stack.api("POST", "/v1/commands", {"trigger": "e2e-race", "url": receiver.url("/commands")})
    assert stack.api("POST", f"/v1/chats/{chat}/messages", {"text": "/e2e-race"}).status == 201
    url = parse_qs(receiver.requests("/commands")[0].body.decode())["response_url"][0]

    def answer(number: int) -> int:
        return WebhookClient(url).send(text=f"step {number}", response_type="in_channel").status_code

    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(pool.map(answer, range(10)))
    assert statuses == [200] * 5 + [400] * 5
    assert len({message["text"] for message in _said(stack, chat)}) == len(_said(stack, chat)) == 5


def test_mattermosts_clients_manage_and_use_integrations(stack: E2E, chat: str, python: Path) -> None:
    receiver = stack.receiver()
    in_channel = json.dumps({"response_type": "in_channel", "text": "Deploying"}).encode()
    receiver.answer("/commands", Answer(body=in_channel, headers={"Content-Type": "application/json"}))
    receiver.answer("/out", Answer(body=b'{"text": "heard", "username": "listener"}'))
    receiver.answer("/actions", Answer(body=b'{"update": {"message": "clicked", "props": {}}}'))
    command = [
        str(python),
        str(CLIENTS / "integrations.py"),
        stack.api_url,
        stack.owner_token,
        chat.removeprefix("cht_").lower(),
        *(receiver.url(path) for path in ("/commands", "/out", "/actions")),
        stack.workspace_id.removeprefix("wsp_").lower(),
    ]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    done = [json.loads(line) for line in finished.stdout.splitlines()]
    assert done == ["mattermostautodriver", "mattermostdriver", "mattermost"]
    assert len(receiver.requests("/commands")) == 1
    calls = receiver.wait_for(lambda request: request.path == "/out", WAIT_SECONDS, count=3)
    assert {_trigger_word(call) for call in calls} == {"auto", "old", "bindings"}
    assert "clicked" in [message["text"] for message in _said(stack, chat)]

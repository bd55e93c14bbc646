"""A bot on the embedded stack: created, mentioned, replying, rotated, disabled, enabled again, and deleted."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import stripe
from slack_sdk.webhook import WebhookClient

from local.receiver import Receiver, Request
from tests.e2e.harness import E2E

type Made = dict[str, Any]

PATIENCE_SECONDS = 60


@pytest.fixture
def receiver(stack: E2E) -> Receiver:
    return stack.receiver()


def test_a_bot_is_mentioned_answers_sleeps_and_leaves(stack: E2E, receiver: Receiver) -> None:
    """One test covers the bot from its creation to its deletion, because each step needs the one before."""
    handle = f"deploy-{uuid.uuid4().hex[:8]}"
    avatar = "https://cdn.example.com/bot.png"
    bot = _made(
        stack,
        "/v1/bots",
        {"name": "Deploy bot", "handle": handle, "avatar_url": avatar, "about": "Ships what is green."},
    )
    at, chat = f"/v1/bots/{bot['id']}", _made(stack, "/v1/chats", {"name": "Deploys"})["id"]
    card = stack.api("GET", f"/v1/users/{bot['id']}").json
    assert (card["role"], card["handle"], card["avatar_url"]) == ("bot", handle, avatar)
    assert stack.api("POST", "/v1/bots", {"name": "Twin", "handle": handle}).status == 409

    # A bot talks where it was added, and creates nothing.
    messages = f"/v1/chats/{chat}/messages"
    assert stack.api("POST", messages, {"text": "Hello"}, token=bot["token"]).status == 404
    assert stack.api("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
    assert stack.api("POST", messages, {"text": "Hello"}, token=bot["token"]).status == 201
    assert stack.api("POST", "/v1/chats", {"name": "Mine"}, token=bot["token"]).status == 403
    assert stack.api("POST", "/v1/bots", {"name": "Spawn", "handle": "spawn"}, token=bot["token"]).status == 403

    # Mentioned by a person and, as it chose, by an incoming webhook, its callback is called; a webhook can listen too.
    callback = _made(stack, f"{at}/callbacks", {"url": receiver.url("/bot"), "mentioned_by": ["user", "program"]})
    said = _made(
        stack,
        "/v1/webhooks",
        {"url": receiver.url("/said"), "events": ["message.created", "bot.mentioned"], "chat_ids": [chat]},
    )
    message = _made(stack, messages, {"text": f"(@{handle.upper()}) ship it, `@{handle}`"})
    assert message["mentions"] == [handle]
    [request] = receiver.wait_for(_to("/bot"), PATIENCE_SECONDS)
    body = json.loads(request.body)
    assert (body["type"], body["data"]["bot"]) == ("bot.mentioned", {"id": bot["id"], "handle": handle})
    assert body["data"]["message"]["id"] == message["id"]
    _verified(request, callback["secret"])
    receiver.wait_for(_to("/said"), PATIENCE_SECONDS, count=2)
    hook = _made(stack, "/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})
    assert WebhookClient(hook["url"]).send(text=f"Build failed, @{handle}.").body == "ok"
    [_, request] = receiver.wait_for(_to("/bot"), PATIENCE_SECONDS, count=2)
    assert json.loads(request.body)["data"]["message"]["author"]["name"] == "CI"

    # A mention in the bot's own message notifies nobody.
    assert stack.api("POST", messages, {"text": f"@{handle} is on it"}, token=bot["token"]).status == 201
    _everybody_heard(receiver, f"@{handle} is on it")
    assert len(receiver.requests("/bot")) == 2

    log = stack.api("GET", f"{at}/callbacks/{callback['id']}/deliveries").json["items"]
    assert [(item["event_type"], item["state"]) for item in log] == [("bot.mentioned", "delivered")] * 2

    # Rotated, the old token is refused and the new one works.
    rotated = _made(stack, f"{at}/tokens", {"revoke_others": True})
    assert stack.api("GET", "/v1/me", token=bot["token"]).status == 401
    assert stack.api("GET", "/v1/me", token=rotated["token"]).json["user"]["id"] == bot["id"]

    # Asleep it is not called; awake it is.
    assert stack.api("PATCH", at, {"active": False}).status == 200
    assert stack.api("GET", "/v1/me", token=rotated["token"]).status == 401
    _made(stack, messages, {"text": f"@{handle} asleep"})
    _everybody_heard(receiver, f"@{handle} asleep")
    assert stack.api("PATCH", at, {"active": True}).status == 200
    _made(stack, messages, {"text": f"@{handle} awake"})
    requests = receiver.wait_for(_to("/bot"), PATIENCE_SECONDS, count=3)
    assert [json.loads(one.body)["data"]["message"]["text"] for one in requests][2:] == [f"@{handle} awake"]

    # Out of the chat it is not called, and deleted it is gone.
    assert stack.api("DELETE", f"/v1/chats/{chat}/members/{bot['id']}").status == 204
    _made(stack, messages, {"text": f"@{handle} outside"})
    _everybody_heard(receiver, f"@{handle} outside")
    assert stack.api("DELETE", at).status == 204
    assert stack.api("GET", "/v1/me", token=rotated["token"]).status == 401
    assert stack.api("GET", at).status == 404
    assert stack.api("GET", f"/v1/webhooks/{callback['id']}").status == 404
    assert len(receiver.requests("/bot")) == 3
    assert stack.api("DELETE", f"/v1/webhooks/{said['id']}").status == 204


def _made(stack: E2E, path: str, body: Made) -> Made:
    reply = stack.api("POST", path, body)
    assert reply.status == 201, reply.body
    assert isinstance(reply.json, dict)
    return reply.json


def _to(path: str) -> Callable[[Request], bool]:
    return lambda request: request.path == path


def _everybody_heard(receiver: Receiver, text: str) -> None:
    """Wait until the chat's webhook got the message. Mentions of bots have been dispatched by then."""

    def told(request: Request) -> bool:
        body = json.loads(request.body)
        return (body["type"], body["data"]["message"]["text"]) == ("message.created", text)

    receiver.wait_for(told, PATIENCE_SECONDS)


def _verified(request: Request, secret: str) -> None:
    signature = request.headers["X-FM-Webhook-Signature"]
    stripe.WebhookSignature.verify_header(request.body.decode(), signature, secret, 300)

"""Creates the sample workspace of `make up`, so that every screen of the console shows some content.

SAMPLE=0 leaves it out. It is created once, through the API. A receiver in the background answers its webhooks; at
`/failing` it always answers 500.
"""

import os
from typing import Any

import requests

from local.api import TIMEOUT_SECONDS, Api
from local.demo import create
from local.stack import Stack
from tools.console import step

PEOPLE = (
    {"name": "Ada Admin", "email": "ada@example.com", "role": "admin", "handle": "ada"},
    {"name": "Max Manager", "email": "max@example.com", "role": "manager", "handle": "max"},
    {"name": "Sam Staff", "email": "sam@example.com", "role": "staff", "handle": "sam"},
)
BUILD = {
    "color": "good",
    "title": "Build 43",
    "title_link": "https://ci.example.com/builds/43",
    "text": "All 812 tests passed.",
    "fields": [
        {"title": "Branch", "value": "main", "short": True},
        {"title": "Took", "value": "4 min 12 s", "short": True},
    ],
}
BUTTONS = [[{"text": label, "callbackData": {"action": label.lower()}} for label in ("Approve", "Reject")]]


def wanted() -> bool:
    return os.environ.get("SAMPLE", "1") != "0"


def ensure(stack: Stack) -> None:
    """Start the sample's receiver, and create the sample unless the stack has one. Does nothing with SAMPLE=0."""
    if not wanted():
        return
    receiver = stack.receiver_url()
    if stack.info.get("sampled"):
        return
    with step("A sample workspace (SAMPLE=0 leaves it out)"):
        make(stack.api(), receiver)
        stack.sampled()


def make(api: Api, receiver: str) -> None:
    """Create the sample workspace. `receiver` is the URL below which its webhooks deliver."""
    people = [create(api, "/v1/users", person) for person in PEOPLE]
    members = [person["id"] for person in people]
    builds = create(api, "/v1/chats", {"name": "Builds", "member_ids": members})
    support = create(api, "/v1/chats", {"name": "Support", "member_ids": members, "external_id": "beat-42"})
    bot = _bot(api, builds, receiver)
    _webhooks(api, builds, support, receiver)
    create(
        api,
        "/v1/tokens",
        {"name": "Deploy script", "environment": "production", "scopes": ["messages:write"], "description": "CI"},
    )
    incoming = create(api, "/v1/incoming-webhooks", {"chat_id": builds["id"], "name": "CI"})
    for text in ("Build 41 passed", "Build 42 failed: 2 tests", "Build 43 passed"):
        _post(incoming["url"], {"text": text})
    create(api, "/v1/incoming-webhooks", {"chat_id": builds["id"], "name": "GitHub", "source": "github"})
    messages = f"/v1/chats/{builds['id']}/messages"
    create(api, messages, {"text": "@helper is build 43 on staging?"})
    create(Api(api.url, bot["token"]), messages, {"text": "Yes, since a minute ago.", "attachments": [BUILD]})
    _application(api, support, receiver)
    command = {"trigger": "build", "url": f"{receiver}/build", "autocomplete": True, "autocomplete_hint": "[number]"}
    create(api, "/v1/commands", {**command, "description": "Says how a build went"})
    notice = {"type": "review", "title": "Build 43 waits for your review", "everyone": True}
    create(api, "/v1/notifications", notice)


def _bot(api: Api, chat: dict[str, Any], receiver: str) -> dict[str, Any]:
    bot = create(api, "/v1/bots", {"name": "Helper", "handle": "helper", "about": "Answers questions about builds"})
    api.call("PUT", f"/v1/chats/{chat['id']}/members/{bot['id']}")
    create(api, f"/v1/bots/{bot['id']}/callbacks", {"url": f"{receiver}/helper", "name": "Answers"})
    return bot


def _webhooks(api: Api, builds: dict[str, Any], support: dict[str, Any], receiver: str) -> None:
    for name, path, chat in (("Dashboard", "/dashboard", builds), ("Ticket system", "/failing", builds)):
        body = {"name": name, "url": receiver + path, "events": ["message.created"], "chat_ids": [chat["id"]]}
        create(api, "/v1/webhooks", body)
    changes = {"events": ["message.created", "message.updated", "message.deleted"], "chat_ids": [support["id"]]}
    create(api, "/v1/webhooks", {"name": "Archive", "url": f"{receiver}/archive", **changes})
    create(api, "/v1/me/webhooks", {"name": "My phone", "url": f"{receiver}/phone"})


def _application(api: Api, chat: dict[str, Any], receiver: str) -> None:
    application = create(
        api,
        "/v1/applications",
        {
            "app_name": "approvals",
            "chat_id": chat["id"],
            "may_message_people": True,
            "webhook_url": f"{receiver}/approvals",
        },
    )
    token = application["token"]
    _post(f"{api.url}/webhooks/approvals/{token}", {"text": "Two requests wait for approval"})
    question = {"email": "owner@example.com", "text": "Approve the holiday of Sam Staff?"}
    _post(f"{api.url}/webhooks/{token}/fchat", {**question, "reply_markup": {"inlineKeyboard": BUTTONS}})


def _post(url: str, body: dict[str, Any]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.post(url, json=body, timeout=TIMEOUT_SECONDS).raise_for_status()

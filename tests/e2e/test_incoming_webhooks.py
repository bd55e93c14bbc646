"""Incoming webhooks on the embedded stack, used by clients that were not written for Ferryman."""

import subprocess
from typing import Any
from urllib.parse import urlsplit

import apprise
import pytest
from slack_sdk.webhook import WebhookClient

from tests.e2e.harness import E2E

AVATAR = "https://cdn.example.com/ci.png"


@pytest.fixture
def chat(stack: E2E) -> str:
    made = stack.api("POST", "/v1/chats", {"name": "Builds"})
    assert made.status == 201, made.body
    return str(made.json["id"])


@pytest.fixture
def hook(stack: E2E, chat: str) -> dict[str, Any]:
    made = stack.api("POST", "/v1/incoming-webhooks", {"chat_id": chat, "name": "CI", "avatar_url": AVATAR})
    assert made.status == 201, made.body
    shown: dict[str, Any] = made.json
    return shown


def _messages(stack: E2E, chat: str) -> list[dict[str, Any]]:
    """The messages of the chat, oldest first."""
    items: list[dict[str, Any]] = stack.api("GET", f"/v1/chats/{chat}/messages").json["items"]
    return items[::-1]


def _curl(*arguments: str) -> str:
    """The output of curl: the body of the answer, a space and the status."""
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", "--write-out", " %{http_code}", *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return finished.stdout


def test_slack_sdk_and_apprise_post_unmodified(stack: E2E, chat: str, hook: dict[str, Any]) -> None:
    answer = WebhookClient(hook["url"]).send(text="from slack_sdk")
    assert (answer.status_code, answer.body) == (200, "ok")

    url = urlsplit(hook["url"])
    notifier = apprise.Apprise()
    assert notifier.add(f"mmost://{url.netloc}/{url.path.rpartition('/')[2]}?image=no")
    assert notifier.notify(body="from apprise")

    assert [message["text"] for message in _messages(stack, chat)] == ["from slack_sdk", "from apprise"]
    for message in _messages(stack, chat):
        assert message["author"] == {
            "type": "incoming_webhook",
            "id": hook["id"],
            "name": "CI",
            "avatar_url": AVATAR,
            "emoji": None,
            "handle": None,
            "is_bot": None,
            "deleted": None,
        }


def test_curl_posts_json_a_form_and_with_no_content_type(stack: E2E, chat: str, hook: dict[str, Any]) -> None:
    url = hook["url"]
    assert _curl("--json", '{"text": "as JSON"}', url) == "ok 200"
    assert _curl("--data", '{"text": "as it comes"}', url) == "ok 200"
    assert _curl("--data-urlencode", 'payload={"text": "as a form & more"}', url) == "ok 200"
    assert _curl("--header", "Content-Type:", "--data", '{"text": "without a type"}', url) == "ok 200"
    assert _curl("--header", "Content-Type: text/plain", "--data", '{"text": "as text"}', url) == "ok 200"
    assert _curl("--data", "text=as+a+field", url) == "ok 200"
    assert [message["text"] for message in _messages(stack, chat)] == [
        "as JSON",
        "as it comes",
        "as a form & more",
        "without a type",
        "as text",
        "as a field",
    ]
    assert _curl("--data", "message=no+text", url).endswith(" 400")
    assert _curl("--header", "Content-Type: image/png", "--data", "{}", url).endswith(" 415")


def test_an_edited_author_and_a_new_url(stack: E2E, chat: str, hook: dict[str, Any]) -> None:
    at = f"/v1/incoming-webhooks/{hook['id']}"
    assert WebhookClient(hook["url"]).send(text="first").status_code == 200
    assert stack.api("PATCH", at, {"name": "Deploys", "avatar_url": None}).status == 200
    new = stack.api("POST", f"{at}/regenerate").json
    assert WebhookClient(hook["url"]).send(text="refused").status_code == 404
    assert WebhookClient(new["url"]).send(text="second").status_code == 200
    said = [
        (message["text"], message["author"]["name"], message["author"]["avatar_url"])
        for message in _messages(stack, chat)
    ]
    assert said == [("first", "CI", AVATAR), ("second", "Deploys", None)]
    assert [one["id"] for one in stack.api("GET", f"/v1/incoming-webhooks?chat_id={chat}").json["items"]] == [
        hook["id"]
    ]

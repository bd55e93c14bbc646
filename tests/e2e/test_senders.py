"""The clients of Mattermost and Slack in docs/senders.md use the embedded stack, unmodified."""

import hashlib
import hmac
import json
import os
import re
import subprocess
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import apprise
import pytest
from slack_sdk.webhook import WebhookClient

from tests.e2e.harness import E2E
from tests.support.mattermost import short
from tools import clients, node
from tools.clients import CLIENTS

ROOT = Path(__file__).resolve().parents[2]
PAYLOADS = ROOT / "tests" / "unit" / "sources" / "payloads"
PASSWORD = "correct horse battery"
# The deeds of each client that this run saw, by its name in the table of docs/senders.md.
SEEN: dict[str, str] = {}


@pytest.fixture
def chat(stack: E2E) -> str:
    return str(stack.api("POST", "/v1/chats", {"name": "Builds"}).json["id"])


def _hook(stack: E2E, chat: str, flavour: str) -> str:
    made = stack.api("POST", "/v1/incoming-webhooks", {"chat_id": chat, "name": "CI", "flavour": flavour})
    assert made.status == 201, made.body
    return str(made.json["url"])


def _messages(stack: E2E, chat: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stack.api("GET", f"/v1/chats/{chat}/messages").json["items"]
    return items[::-1]


def test_older_clients_post_unmodified(stack: E2E, chat: str, python: Path) -> None:
    command = [str(python), str(CLIENTS / "post.py"), _hook(stack, chat, "mattermost"), _hook(stack, chat, "slack")]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    answers = dict(json.loads(line) for line in finished.stdout.splitlines())
    assert answers == {"slackweb": "ok", "slacker": "ok", "notifiers": True, "matterhook": "sent", "knockknock": 42}
    *messages, started, finished_well = _messages(stack, chat)
    assert [message["text"] for message in messages] == ["slackweb", "slacker", "notifiers", "matterhook"]
    for message, line in ((started, "Your training has started"), (finished_well, "Your training is complete")):
        assert message["text"].startswith(line)
        assert (message["author"]["name"], message["author"]["emoji"] is not None) == ("Knock Knock", True)
    assert {message["author"]["name"] for message in messages} == {"bot"}
    titles = [box["title"] for message in messages for box in message["attachments"] or ()]
    assert titles == ["Build 17"] * 3
    assert messages[2]["author"]["emoji"] == "ship"
    SEEN["slackweb"] = "text, author, attachments, as a form"
    SEEN["slacker `incomingwebhook`"] = "text, author, attachments, without a content type"
    SEEN["notifiers `slack`"] = "text, author, emoji"
    SEEN["matterhook"] = "text, author, attachments"
    SEEN["knockknock"] = "text, author, emoji, without a content type"


def test_slack_sdk_and_apprise_use_all_that_they_have(stack: E2E, chat: str) -> None:
    url = _hook(stack, chat, "slack")
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "Deploy"}}]
    answer = WebhookClient(url).send(text="", blocks=blocks, attachments=[{"text": "box"}])
    assert (answer.status_code, answer.body) == (200, "ok")
    refused = WebhookClient(f"{url[:-1]}_").send(text="x")
    assert (refused.status_code, refused.body) == (404, "no_service")

    there = stack.api("POST", "/v1/chats", {"name": "Deploys", "handle": "senders-deploys"}).json["id"]
    parts = urlsplit(_hook(stack, chat, "mattermost"))
    notifier = apprise.Apprise()
    assert notifier.add(f"mmost://Robot@{parts.netloc}/{parts.path.rpartition('/')[2]}?image=no&to=senders-deploys")
    assert notifier.notify(title="Title", body="from apprise")
    (first,) = _messages(stack, chat)
    assert (first["text"], first["attachments"][0]["text"]) == ("#### Deploy", "box")
    (second,) = _messages(stack, str(there))
    assert (second["author"]["name"], second["text"].splitlines()) == ("Robot", ["Title", "from apprise"])
    SEEN["slack_sdk `WebhookClient`"] = "text, blocks, attachments, refusals"
    SEEN["apprise `mmost://`"] = "text, author, channel"


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def address(stack: E2E, chat: str) -> str:
    """The e-mail address of an account for a program: a person with a password, who was added to the chat."""
    email = f"{uuid.uuid4().hex}@example.com"
    user = stack.api("POST", "/v1/users", {"name": "Program", "email": email, "role": "admin"}).json
    token = stack.api("POST", f"/v1/users/{user['id']}/invitation").json["token"]
    accepted = stack.api("POST", "/v1/invitations/accept", {"token": token, "password": PASSWORD}, token="")
    assert accepted.status == 200, accepted.body
    assert stack.api("PUT", f"/v1/chats/{chat}/members/{user['id']}").status == 200
    return email


def _team(stack: E2E) -> str:
    return str(stack.api("GET", "/api/v4/users/me/teams").json[0]["name"])


def _answers(command: list[str], **options: Any) -> dict[str, Any]:
    """Run a program. Returns the lines that it printed, each of which is a name with its result."""
    finished = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, **options)
    assert finished.returncode == 0, finished.stderr
    return dict(json.loads(line) for line in finished.stdout.splitlines())


def test_clients_of_the_api_work_unmodified(stack: E2E, chat: str, python: Path, address: str) -> None:
    arguments = [stack.api_url, address, PASSWORD, _team(stack), short(chat)]
    answers = _answers([str(python), str(CLIENTS / "api.py"), *arguments])
    auto = answers["mattermostautodriver"]
    assert re.fullmatch("[a-z0-9]{26}", auto.pop("hook"))
    assert auto == {
        "me": address,
        "edited": "mattermostautodriver, edited",
        "read": "mattermostautodriver, edited",
        "members": 2,
        "listed": "Builds",
        "bot": "auto-bot",
        "refused": "ResourceNotFound",
        "deleted": "OK",
    }
    assert answers["mattermostdriver"] == {
        "called": "ok",
        "found": True,
        "thread": True,
        "refused": "NotEnoughPermissions",
        "deleted": "OK",
    }
    assert answers["mattermost"] == {
        "me": address,
        "channel": True,
        "user": True,
        "newest": "mattermost",
        "deleted": "OK",
        "logout": {"status": "OK"},
    }
    said = [(message["text"], message["author"]["name"]) for message in _messages(stack, chat)]
    assert said == [("mattermostautodriver, edited", "Program"), ("called by mattermostdriver", "driver")]
    SEEN["mattermostautodriver"] = "signing in, posts, members, incoming webhooks, bots, tokens, errors"
    SEEN["mattermostdriver"] = "signing in, channels, posts, threads, incoming webhooks and calling them, errors"
    SEEN["mattermost"] = "signing in, users, channels, posts"


def test_clients_of_node_work_unmodified(stack: E2E, chat: str, address: str) -> None:
    arguments = [_hook(stack, chat, "slack"), stack.api_url, address, PASSWORD, short(chat)]
    answers = _answers([str(node.NODE), str(clients.of_node()), *arguments], env=node.environment())
    assert answers["@slack/webhook"] == {"answer": "ok", "refused": "slack_webhook_http_error"}
    assert answers["winston-slack-webhook-transport"] == "logged"
    assert answers["@mattermost/client"] == {
        "me": address,
        "edited": "@mattermost/client, edited",
        "newest": "@mattermost/client, edited",
        "hook": "Node",
        "missing": [404, "app.post.get.app_error"],
        "deleted": "OK",
        "logout": 200,
    }
    assert [message["text"] for message in _messages(stack, chat)] == ["@slack/webhook", "winston: deployed"]
    SEEN["@slack/webhook"] = "text, author, refusals"
    SEEN["winston-slack-webhook-transport"] = "text"
    SEEN["@mattermost/client"] = "signing in, posts, incoming webhooks, errors"


def test_apprise_posts_as_a_bot_and_as_json_and_as_a_form(stack: E2E, chat: str, address: str) -> None:
    bot = stack.api("POST", "/v1/bots", {"name": "Apprise", "handle": f"apprise-{uuid.uuid4().hex[:8]}"}).json
    assert stack.api("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
    host = urlsplit(stack.api_url).netloc
    made = stack.api("POST", "/v1/incoming-webhooks", {"chat_id": chat, "name": "Any", "source": "generic"}).json
    generic = urlsplit(made["url"]).path
    form = urlsplit(_hook(stack, chat, "mattermost")).path
    for url, body in (
        (f"mmost://{_team(stack)}@{host}/{bot['token']}?mode=bot&to=+{short(chat)}", "as a bot"),
        (f"json://{host}{generic}", "as JSON"),
        (f"form://{host}{form}?:message=payload", json.dumps({"text": "as a form"})),
    ):
        notifier = apprise.Apprise()
        assert notifier.add(url), url
        assert notifier.notify(body=body), url
    assert [message["text"] for message in _messages(stack, chat)] == ["as a bot", "as JSON", "as a form"]
    SEEN["apprise `mmost://…?mode=bot`"] = "posts by a bot's token"
    SEEN["apprise `json://`"] = "text"
    SEEN["apprise `form://`"] = "JSON in the field `payload`"


def test_ansible_posts_unmodified(stack: E2E, chat: str, python: Path, tmp_path: Path) -> None:
    hook = stack.api("POST", "/api/v4/hooks/incoming", {"channel_id": short(chat)}).json
    options = {
        "url": stack.api_url,
        "api_key": hook["id"],
        "text": "from Ansible",
        "username": "Ansible",
        "priority": "urgent",
        "attachments": [{"text": "box", "color": "#ff00dd"}],
    }
    module = ["localhost", "-m", "community.general.mattermost", "-a", json.dumps(options)]
    places = {"HOME": str(tmp_path), "ANSIBLE_LOCAL_TEMP": str(tmp_path), "ANSIBLE_PYTHON_INTERPRETER": str(python)}
    finished = subprocess.run(
        [str(python.with_name("ansible")), *module],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | places | {"LC_ALL": "C.UTF-8", "ANSIBLE_LOCALHOST_WARNING": "false"},
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    (message,) = _messages(stack, chat)
    assert (message["text"], message["author"]["name"]) == ("from Ansible", "Ansible")
    assert message["attachments"][0]["text"] == "box"
    assert message["priority"]["level"] == "urgent"
    SEEN["Ansible (its module for Mattermost)"] = "text, author, attachments, priority"


def test_the_table_of_clients_has_what_was_seen(request: pytest.FixtureRequest) -> None:
    table = (ROOT / "docs" / "senders.md").read_text().partition("## Which clients work")[2]
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| [^|]+ \| ([^|]+) \|$", table, re.MULTILINE)
    said = {client: works for client, works in rows if client not in ("client", "---")}
    chosen = {item.name for item in request.session.items}
    if chosen >= {name for name in globals() if name.startswith("test_")}:
        assert said == SEEN
    assert SEEN.items() <= said.items()


# --- other products' payloads -----------------------------------------------------------------------------------------


def test_a_signed_event_of_github_becomes_a_message(stack: E2E, chat: str) -> None:
    body = {"chat_id": chat, "name": "GitHub", "source": "github", "sender_secret": "a-long-random-secret"}
    made = stack.api("POST", "/v1/incoming-webhooks", body)
    assert made.status == 201, made.body
    path = urlsplit(made.json["url"]).path
    (event,) = [one for one in json.loads((PAYLOADS / "github.json").read_text()) if one["name"] == "release.published"]
    content = json.dumps(event["payload"])
    signature = hmac.new(b"a-long-random-secret", content.encode(), hashlib.sha256).hexdigest()
    named = {"X_GitHub_Event": "release", "X_Hub_Signature_256": f"sha256={signature}"}
    assert stack.api("POST", path, event["payload"], token="", **named).status == 200
    assert stack.api("POST", path, {**event["payload"], "x": 1}, token="", **named).status == 403
    (message,) = _messages(stack, chat)
    assert message["text"].startswith("Codertocat published a release in [Codertocat/Hello-World]")


def test_a_message_that_sns_did_not_sign_is_refused(stack: E2E, chat: str) -> None:
    made = stack.api("POST", "/v1/incoming-webhooks", {"chat_id": chat, "name": "SNS", "source": "aws_sns"}).json
    event = json.loads((PAYLOADS / "aws_sns.json").read_text())[0]
    assert stack.api("POST", urlsplit(made["url"]).path, event["payload"], token="").status == 403
    assert _messages(stack, chat) == []

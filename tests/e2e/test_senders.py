"""Clients of Mattermost and Slack post to the embedded stack, unmodified: docs/senders.md lists them."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import apprise
import pytest
from slack_sdk.webhook import WebhookClient

from tests.e2e.harness import E2E

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = Path(__file__).parent / "clients"


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python of the folder in which the clients are installed; the folder is made once for each list of them."""
    requirements = CLIENTS / "requirements.txt"
    folder = ROOT / ".local" / "clients" / hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    found = folder / "bin" / "python"
    installed = ROOT / ".local" / "uv" / "bin" / "uv"
    uv = str(installed) if installed.exists() else shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on this machine")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
            install = [uv, "pip", "install", "--quiet", "--python", str(found), "--requirement", str(requirements)]
            subprocess.run(install, check=True)
            (folder / "complete").touch()
    return found


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
    assert answers == {"slackweb": "ok", "slacker": "ok", "notifiers": True, "matterhook": "sent"}
    messages = _messages(stack, chat)
    assert [message["text"] for message in messages] == list(answers)
    assert {message["author"]["name"] for message in messages} == {"bot"}
    titles = [box["title"] for message in messages for box in message["attachments"] or ()]
    assert titles == ["Build 17"] * 3
    assert messages[2]["author"]["emoji"] == "ship"


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

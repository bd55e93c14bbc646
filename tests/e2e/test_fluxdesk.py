"""The receiver published in FluxDesk's documentation (Node, Express), unchanged, accepts Ferryman's deliveries."""

import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.receiver import Request
from tests.e2e.harness import E2E

PROJECT = Path(__file__).parent / "fluxdesk"
PORT = 8787  # the published receiver's
URL = f"http://localhost:{PORT}/fluxdesk-events"
PATIENCE_SECONDS = 30
MINUTE_PATIENCE_SECONDS = 100


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The receiver as JavaScript, in a folder with the packages of its lock file."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not on this machine")
    folder = tmp_path_factory.mktemp("fluxdesk") / "receiver"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("node_modules"))
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel", "error"]
    subprocess.run([npm, "ci", *quiet], cwd=folder, check=True)
    # --noCheck: the types of Node and Express are not installed for one `!`.
    options = ["--noCheck", "--target", "es2022", "--module", "nodenext"]
    subprocess.run([folder / "node_modules/.bin/tsc", "receiver.ts", *options], cwd=folder, check=True)
    return folder / "receiver.js"


class NodeReceiver:
    """The published receiver as a running process. `lines` are the lines that it printed."""

    def __init__(self, script: Path, secret: str) -> None:
        environment = os.environ | {"FLUXDESK_WEBHOOK_SECRET": secret}
        self.process = subprocess.Popen(
            ["node", str(script)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def listens(self) -> bool:
        with socket.socket() as one:
            one.settimeout(1)
            return one.connect_ex(("localhost", PORT)) == 0

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


@pytest.fixture
def webhook(stack: E2E) -> Iterator[dict[str, Any]]:
    reply = stack.api("POST", "/v1/me/webhooks", {"url": URL})
    assert reply.status == 201, reply.body
    yield reply.json
    assert stack.api("DELETE", f"/v1/me/webhooks/{reply.json['id']}").status == 204


@pytest.fixture
def node(compiled: Path, webhook: dict[str, Any]) -> Iterator[NodeReceiver]:
    with socket.socket() as probe:
        assert probe.connect_ex(("localhost", PORT)) != 0, f"port {PORT}, which the receiver wants, is taken"
    running = NodeReceiver(compiled, webhook["secret"])
    try:
        _until(running.listens)
        yield running
    finally:
        running.stop()


def test_the_published_receiver_accepts_every_delivery_and_refuses_a_changed_byte(
    stack: E2E, webhook: dict[str, Any], node: NodeReceiver
) -> None:
    types = [item["type"] for item in stack.api("GET", "/v1/event-types").json["items"] if item["personal"]]
    assert len(types) == 8
    at = f"/v1/me/webhooks/{webhook['id']}"
    for type_ in types:
        _notify(stack, type=type_, title=f"Über {type_}", data={"n": 1})
    assert stack.api("POST", f"{at}/test", {}).status == 202
    _until(lambda: len(node.lines) == len(types) + 1)
    assert {f"got event: {type_} Über {type_}" for type_ in types} < set(node.lines)
    _until(lambda: {item["state"] for item in _log(stack, at)} == {"delivered"})
    assert {item["attempts"][0]["status"] for item in _log(stack, at)} == {204}

    # The same webhook, and so the same secret, with a receiver that keeps what comes: sent on, and sent on changed.
    keeping = stack.receiver()
    assert stack.api("PATCH", at, {"url": keeping.url("/kept")}).status == 200
    _notify(stack, title="Kept")
    [kept] = keeping.wait_for(lambda request: request.path == "/kept", PATIENCE_SECONDS)
    uuid.UUID(kept.headers["X-FluxDesk-Delivery-Id"])
    assert kept.headers["X-FluxDesk-Event-Type"] == "task_assigned"
    assert kept.body.startswith(b'{"version":1,"type":"task_assigned","title":"Kept"')
    assert _send_on(kept, kept.body) == (204, b"")
    for place in range(0, len(kept.body), 7):
        changed = bytearray(kept.body)
        changed[place] ^= 1
        assert _send_on(kept, bytes(changed)) == (401, b"invalid signature")
    _until(lambda: node.lines[-1] == "got event: task_assigned Kept")
    assert len(node.lines) == len(types) + 2

    # A rotated secret is another one: what it signs is refused by who still has the old one.
    assert stack.api("POST", f"{at}/rotate-secret", {"overlap_hours": 0}).status == 200
    _notify(stack, title="Rotated")
    rotated = keeping.wait_for(lambda request: request.path == "/kept", PATIENCE_SECONDS, count=2)[-1]
    assert _send_on(rotated, rotated.body) == (401, b"invalid signature")


def test_a_scheduled_reminder_comes_in_its_minute_and_a_cancelled_one_never(
    stack: E2E, webhook: dict[str, Any], node: NodeReceiver
) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=4)
    reminder = _notify(stack, type="meeting", title="Planning", send_at=soon.isoformat())
    cancelled = _notify(stack, type="meeting", title="Called off", send_at=soon.isoformat())
    assert reminder["state"] == cancelled["state"] == "scheduled"
    assert stack.api("POST", f"/v1/notifications/{cancelled['id']}/cancel").json["state"] == "cancelled"
    _until(lambda: bool(node.lines), MINUTE_PATIENCE_SECONDS)
    assert datetime.now(UTC) >= soon
    assert node.lines == ["got event: meeting Planning"]
    _until(lambda: stack.api("GET", f"/v1/notifications/{reminder['id']}").json["state"] == "sent")
    titles = [item["title"] for item in stack.api("GET", "/v1/me/notifications").json["items"]]
    assert "Planning" in titles
    assert "Called off" not in titles


def _notify(stack: E2E, **fields: Any) -> dict[str, Any]:
    body = {"type": "task_assigned", "title": "A task", "everyone": True, **fields}
    reply = stack.api("POST", "/v1/notifications", body)
    assert reply.status == 201, reply.body
    made: dict[str, Any] = reply.json
    return made


def _log(stack: E2E, at: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stack.api("GET", f"{at}/deliveries").json["items"]
    return found


def _send_on(request: Request, body: bytes) -> tuple[int, bytes]:
    """Send a recorded request, with this body, to the published receiver.

    Returns the status and the body of its answer.
    """
    headers = {
        name: value for name, value in request.headers.items() if name.lower().startswith(("x-", "content-type"))
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(URL, body, headers), timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def _until(condition: Any, seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not so after {seconds} s"
        time.sleep(0.1)

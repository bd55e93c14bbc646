"""The smoke test must fail against an API that answers wrongly."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tools.console import LocalError
from tools.deployment import smoke

HEALTHY: dict[str, tuple[int, Any]] = {
    "GET /openapi.yaml": (200, None),
    "GET /v1/me": (200, {"livemode": True}),
    "GET /v1/chats?limit=100": (200, {"items": [{"name": smoke.CHAT, "id": "cht_1"}]}),
    "POST /v1/webhooks": (201, {"id": "whk_1"}),
    "POST /v1/chats/cht_1/messages": (201, {"id": "msg_1"}),
    "GET /v1/webhooks/whk_1/deliveries": (
        200,
        {"items": [{"attempts": [{"outcome": "delivered", "status": 200}]}]},
    ),
    "DELETE /v1/webhooks/whk_1": (204, None),
}


class Answering(BaseHTTPRequestHandler):
    answers: dict[str, tuple[int, Any]]
    seen: list[str]

    def handle_any(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = f"{self.command} {self.path}"
        self.seen.append(key)
        status, body = self.answers[key]
        if key == "GET /v1/me" and "Authorization" not in self.headers:
            status, body = self.answers.get("nobody", (401, {}))
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = handle_any

    def log_message(self, *_: object) -> None:
        """Prints nothing."""


@pytest.fixture
def api() -> Iterator[tuple[str, dict[str, tuple[int, Any]], list[str]]]:
    answers, seen = dict(HEALTHY), list[str]()
    handler = type("Handler", (Answering,), {"answers": answers, "seen": seen})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", answers, seen
    server.shutdown()
    server.server_close()


def test_a_healthy_deployment_passes_and_keeps_no_webhook(api: Any) -> None:
    url, _, seen = api
    smoke.run(url, "token", "https://receiver.example.com/")
    assert seen[-1] == "DELETE /v1/webhooks/whk_1"


def test_an_attempt_that_is_under_way_is_waited_for(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    url, answers, _ = api
    key = "GET /v1/webhooks/whk_1/deliveries"
    done = answers[key]
    answers[key] = (200, {"items": [{"attempts": [{"outcome": "open", "status": None}]}]})
    monkeypatch.setattr(time, "sleep", lambda _: answers.__setitem__(key, done))
    smoke.run(url, "token", "https://receiver.example.com/")


def test_without_a_token_only_health_is_looked_at(api: Any, capsys: pytest.CaptureFixture[str]) -> None:
    url, _, seen = api
    smoke.run(url, None, None)
    assert seen == ["GET /openapi.yaml", "GET /v1/me"]
    assert "TOKEN is not set" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("GET /openapi.yaml", (503, None)),
        ("nobody", (200, {})),
        ("GET /v1/me", (500, {})),
        ("POST /v1/chats/cht_1/messages", (502, None)),
        (
            "GET /v1/webhooks/whk_1/deliveries",
            (200, {"items": [{"attempts": [{"outcome": "failed", "status": None, "error": "dns"}]}]}),
        ),
        ("GET /v1/webhooks/whk_1/deliveries", (200, {"items": [{"attempts": [{"outcome": "failed", "status": 500}]}]})),
    ],
)
def test_a_broken_deployment_fails(api: Any, key: str, answer: tuple[int, Any]) -> None:
    url, answers, seen = api
    answers[key] = answer
    with pytest.raises(LocalError):
        smoke.run(url, "token", "https://receiver.example.com/")
    assert "POST /v1/webhooks" not in seen or seen[-1] == "DELETE /v1/webhooks/whk_1"


def test_a_token_of_another_environment_is_not_taken_for_a_broken_deployment(api: Any) -> None:
    url, answers, _ = api
    answers["GET /v1/me"] = (401, {"detail": "The token is not known."})
    with pytest.raises(LocalError) as refused:
        smoke.run(url, "token", "https://receiver.example.com/")
    assert "Is TOKEN of this environment?" in refused.value.advice

"""The newest posts that an incoming webhook refused, and the reasons."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from ferryman import clock
from ferryman.integrations.incoming_webhooks import refusals, table

from tests.integration.conftest import Workspace
from tests.integration.mattermost.hooks import Hook, hook
from tests.support.world import World

START = 1_790_000_000.0


@pytest.fixture(autouse=True)
def at_the_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(clock, "now", lambda: START)
    yield
    refusals._noted.clear()


def noted(of: Hook) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = of.by.call("GET", f"/v1/incoming-webhooks/{of.id}").json["refusals"]
    return found


@pytest.mark.parametrize(
    ("flavour", "body", "status", "reason"),
    [
        ("ferryman", "{", 400, "not valid JSON"),
        ("ferryman", '{"text": ""}', 422, "/text: "),
        ("ferryman", json.dumps({"text": "x" * 300_000}), 413, "at most 262144"),
        ("mattermost", "{}", 400, "No text specified."),
        ("mattermost", '{"text": "x", "channel": "nowhere"}', 404, "Couldn't find the channel."),
        ("slack", "{}", 400, "no_text"),
    ],
)
def test_a_refused_post_is_noted_as_its_sender_was_told(
    workspace: Workspace, flavour: str, body: str, status: int, reason: str
) -> None:
    one = hook(workspace, flavour)
    assert noted(one) == []
    assert one.post(body=body).status == status
    (refusal,) = noted(one)
    assert (refusal["at"], refusal["status"]) == (clock.iso(START), status)
    assert reason in refusal["reason"]
    (listed,) = workspace.call("GET", f"/v1/incoming-webhooks?chat_id={one.chat}").json["items"]
    assert listed["refusals"] == [refusal]


@pytest.mark.parametrize(
    ("flavour", "reason"),
    [
        ("ferryman", "Too many requests in this minute. Send this one again in 41 seconds."),
        ("mattermost", "limit exceeded"),
        ("slack", "rate_limited"),
    ],
)
def test_a_post_beyond_the_rate_is_noted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, flavour: str, reason: str
) -> None:
    monkeypatch.setitem(workspace.world.parameters, "PostsPerMinute", "1")
    one = hook(workspace, flavour)
    assert [one.post({"text": "x"}).status for _ in range(2)] == [200, 429]
    (refusal,) = noted(one)
    assert (refusal["status"], refusal["reason"]) == (429, reason)


def test_nothing_that_a_sender_wrote_is_noted(workspace: Workspace) -> None:
    one = hook(workspace, "ferryman")
    one.post({"text": 5, "hunter2": "hunter2"})
    assert "hunter2" not in json.dumps(noted(one))


def test_the_newest_five_are_kept_and_one_of_ten_seconds(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = hook(workspace, "slack"), hook(workspace, "slack")
    for second in range(0, 70, 5):
        monkeypatch.setattr(clock, "now", lambda second=second: START + second)
        one.post({})
    other.post({})
    assert [refusal["at"] for refusal in noted(one)] == [clock.iso(START + second) for second in (60, 50, 40, 30, 20)]
    assert [refusal["at"] for refusal in noted(other)] == [clock.iso(START + 65)]


def test_two_processes_that_note_at_the_same_moment_keep_one(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = hook(workspace, "slack")
    one.post({})
    refusals._noted.clear()
    monkeypatch.setattr(clock, "now", lambda: START + 1)
    read = table.get
    # This one read the webhook before the other wrote.
    with monkeypatch.context() as patched:
        patched.setattr(table, "get", lambda *key: replace(read(*key), refusals=[]))
        assert one.post({}).status == 400
    assert [refusal["at"] for refusal in noted(one)] == [clock.iso(START)]


def test_a_note_that_fails_changes_no_answer(
    world: World, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    one = hook(workspace, "slack")
    with monkeypatch.context() as patched:
        patched.setitem(world._physical, "IncomingWebhooksTable", "a-table-that-is-gone")
        assert (one.post({}).status, one.post({}).body) == (400, b"no_text")
    assert "refusal.not_noted" in caplog.messages
    assert noted(one) == []


def test_a_disabled_webhook_says_that_it_refuses(workspace: Workspace) -> None:
    one = hook(workspace, "ferryman")
    workspace.call("PATCH", f"/v1/incoming-webhooks/{one.id}", {"state": "disabled"})
    assert one.post({"text": "x"}).status >= 400
    assert "disabled" in noted(one)[0]["reason"]
    workspace.call("PATCH", f"/v1/incoming-webhooks/{one.id}", {"state": "enabled"})
    assert one.post({"text": "x"}).status == 200
    assert len(noted(one)) == 1

"""Managing applications, and the log of their requests."""

import json
from typing import Any

import pytest
from ferryman import clock

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.integration.fchat.applications import CHANNEL, GOOD, App, Talk, group, refused
from tests.support.alarms import emitted
from tests.support.logged import logged
from tests.support.refusals import refused as aws_refused
from tests.support.world import World


@pytest.mark.parametrize("name", ["fchat", "FChat", "", "a b", "a/b", "ä", "-x", "x" * 65, "a?b", "..", None, 1])
def test_names_that_cannot_stand_in_the_url_are_refused(workspace: Workspace, name: Any) -> None:
    answer = workspace.call("POST", "/v1/applications", {"app_name": name})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/app_name")


def test_a_name_is_taken_once_in_a_workspace(workspace: Workspace, other: Workspace) -> None:
    first = App(workspace, chat_id=group(workspace))
    assert workspace.call("POST", "/v1/applications", {"app_name": "MY_APP"}).status == 409
    App(other)
    second = App(workspace, app_name="OTHER")
    assert workspace.call("PATCH", f"/v1/applications/{second.id}", {"app_name": "MY_APP"}).status == 409
    first.edit(app_name="RENAMED")
    assert refused(first.post({"text": "x"})) == (404, CHANNEL)
    first.name = "RENAMED"
    assert first.post({"text": "x"}).status == 200
    second.edit(app_name="MY_APP")


def test_a_token_is_shown_once_rotated_and_revoked(workspace: Workspace) -> None:
    app = App(workspace, chat_id=group(workspace))
    assert len(app.token) == 32
    assert app.token.isalnum()
    assert app.token.isascii()
    for path in ("/v1/applications", f"/v1/applications/{app.id}"):
        assert app.token.encode() not in workspace.call("GET", path).body
    assert app.token not in str(list(workspace.world.items()))
    old = app.token
    app.token = workspace.make(f"/v1/applications/{app.id}/rotate-token", None, 200)["token"]
    assert app.post({"text": "x"}).status == 200
    assert workspace.world.call("POST", f"/webhooks/{app.name}/{old}", json_body={"text": "x"}).status == 404
    revoked = workspace.make(f"/v1/applications/{app.id}/revoke-token", None, 200)
    assert revoked["has_token"] is False
    assert refused(app.post({"text": "x"})) == (404, CHANNEL)
    app.token = workspace.make(f"/v1/applications/{app.id}/rotate-token", None, 200)["token"]
    assert app.post({"text": "x"}).status == 200


def test_a_deleted_application_is_gone_with_its_token_name_and_callback(
    workspace: Workspace, receiver: Receiver
) -> None:
    talk = Talk(workspace, receiver)
    assert workspace.call("DELETE", f"/v1/applications/{talk.app.id}").status == 204
    assert workspace.call("GET", f"/v1/webhooks/{talk.app.made['webhook_id']}").status == 404
    assert refused(talk.app.message(GOOD)) == (404, "channel or token not found")
    talk.say("Anybody there?")
    assert talk.told() == []
    App(workspace)


def test_the_callback_is_added_moved_and_removed(workspace: Workspace, receiver: Receiver) -> None:
    app = App(workspace)
    added = app.edit(webhook_url=receiver.url("/a"))
    moved = app.edit(webhook_url=receiver.url("/b"))
    assert (moved["webhook_id"], moved["webhook_url"]) == (added["webhook_id"], receiver.url("/b"))
    removed = app.edit(webhook_url=None)
    assert (removed["webhook_id"], removed["webhook_url"]) == (None, None)
    assert workspace.call("GET", f"/v1/webhooks/{added['webhook_id']}").status == 404
    again = app.edit(webhook_url=receiver.url("/c"))
    assert workspace.call("DELETE", f"/v1/webhooks/{again['webhook_id']}").status == 204
    assert workspace.call("GET", f"/v1/applications/{app.id}").json["webhook_id"] is None
    refusal = workspace.call("PATCH", f"/v1/applications/{app.id}", {"webhook_url": "ftp://x"})
    assert (refusal.status, refusal.json["errors"][0]["pointer"]) == (422, "/webhook_url")


def test_an_application_posts_to_groups_only(workspace: Workspace, other: Workspace) -> None:
    private = workspace.chat("Private", type="private")
    for chat in (private, group(other)):
        answer = workspace.call("POST", "/v1/applications", {"app_name": "A", "chat_id": chat})
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/chat_id")


def test_a_group_that_cannot_be_posted_to_is_refused_when_it_is_assigned(workspace: Workspace) -> None:
    bare, closed = workspace.chat("Bare"), workspace.chat("Closed", external_id="beat-1")
    assert workspace.call("PATCH", f"/v1/chats/{closed}", {"active": False}).status == 200
    app = App(workspace, app_name="UNASSIGNED")
    for chat, why in ((bare, "no external_id"), (closed, "not active")):
        for method, path, body in (
            ("POST", "/v1/applications", {"app_name": "NEW", "chat_id": chat}),
            ("PATCH", f"/v1/applications/{app.id}", {"chat_id": chat}),
        ):
            answer = workspace.call(method, path, body)
            (error,) = answer.json["errors"]
            assert (answer.status, error["pointer"]) == (422, "/chat_id")
            assert why in error["detail"]
            assert f"PATCH /v1/chats/{chat}" in error["detail"]
    assert workspace.call("PATCH", f"/v1/chats/{bare}", {"external_id": "beat-2"}).status == 200
    assert workspace.call("PATCH", f"/v1/chats/{closed}", {"active": True}).status == 200
    assert app.edit(chat_id=bare)["chat_id"] == bare
    assert App(workspace, chat_id=closed).post({"text": "x"}).status == 200


def test_all_requests_are_logged_without_token_and_text(workspace: Workspace) -> None:
    app = App(workspace, chat_id=group(workspace), may_message_people=True)
    with logged() as log:
        sent = app.message({"email": "private@example.com", "text": "Top secret"})
        app.post({"text": "Top secret"})
        app.post({"text": ""})
        app.message({"email": "", "text": "Top secret"})
        app.world.call("POST", f"/webhooks/WRONG/{app.token}", json_body={"text": "Top secret"})
    written = log.text.getvalue()
    accepted = log.lines("message.accepted")
    assert [line["status"] for line in accepted] == [200, 200]
    assert [line["status"] for line in log.lines("request.handled")] == [400, 400, 404]
    assert accepted[0]["application_id"] == app.id
    for secret in ("Top secret", app.token, "private@example.com"):
        assert secret not in written
        assert secret not in json.dumps(app.requests())
    shown = [(line["endpoint"], line["outcome"], line["status"], line["error"]) for line in app.requests()]
    assert shown == [
        ("person", "refused", 400, "Bad Request: email is empty"),
        ("group", "refused", 400, "Bad Request: message text is empty"),
        ("group", "accepted", 200, None),
        ("person", "accepted", 200, None),
    ]
    last = app.requests()[-1]
    assert last["context_id"] == sent.json["context"]["id"]
    assert last["request_id"] == sent.headers["x-request-id"]


def test_requests_with_an_unknown_token_leave_a_trace_without_it(world: World, workspace: Workspace) -> None:
    """Such requests belong to no application, so only the function's log and the count of refused posts show them."""
    App(workspace, chat_id=group(workspace))
    unknown = "0f" * 16
    with logged() as log:
        answers = [
            world.call("POST", f"/webhooks/{unknown}/fchat", json_body=GOOD),
            world.call("POST", f"/webhooks/MY_APP/{unknown}", json_body={"text": "Top secret"}),
        ]
    lines = log.lines("request.handled")
    assert [(line["status"], line["error"]) for line in lines] == [
        (404, "channel or token not found"),
        (404, "Channel or token not found"),
    ]
    assert [line["route"] for line in lines] == [
        "POST /webhooks/{token}/fchat",
        "POST /webhooks/{app_name}/{token}",
    ]
    assert [line["request_id"] for line in lines] == [answer.headers["x-request-id"] for answer in answers]
    assert emitted(log) == {"RefusedPostsUnknown": [1, 1]}
    for secret in (unknown, "Top secret", GOOD["email"]):
        assert secret not in log.text.getvalue()


def test_the_log_ends_with_the_logs_retention(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    app = App(workspace, chat_id=group(workspace))
    app.post({"text": "x"})
    days = int(workspace.world.parameters["LogRetentionDays"])
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + days * 86_400 - 10)
    assert len(app.requests()) == 1
    monkeypatch.setattr(clock, "now", lambda: now + days * 86_400 + 1)
    assert app.requests() == []


def test_an_error_of_ours_has_the_envelope_of_fchat(world: World, workspace: Workspace) -> None:
    app = App(workspace, chat_id=group(workspace))
    from ferryman.aws import clients as aws

    def busy(model: Any, **_: Any) -> None:
        if model.name == "TransactWriteItems":
            raise aws_refused("TransactWriteItems", "ThrottlingException")

    aws.dynamodb().meta.events.register("before-call", busy, unique_id="busy")
    try:
        answer = app.post({"text": "x"})
    finally:
        aws.dynamodb().meta.events.unregister("before-call", unique_id="busy")
    assert refused(answer)[0] == 503
    assert answer.headers["retry-after"] == "2"

"""An application's own token as a bearer token: its contexts and its chats, and nothing else."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ferryman import clock
from ferryman.aws import clients
from ferryman.conversations.contexts import table as contexts
from ferryman.http.needs import PUBLIC
from ferryman.identity import permissions

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.integration.fchat.applications import App, Talk, email_of, group, person, texts
from tests.support.logs import captured
from tests.support.meanwhile import meanwhile
from tests.support.objects import Objects, path
from tests.support.refusals import cancelled, failing
from tests.support.refusals import refused as aws_refused
from tests.support.world import Answer
from tools import openapi

ROUTES = [route for route in openapi.routes() if route.needs.scope is not PUBLIC]


def call(app: App, method: str, target: str, body: Any = None, **options: Any) -> Answer:
    """Call the API with the application's own token."""
    return app.world.call(method, target, token=app.token, json_body=body, **options)


def say(app: App, chat: str, text: str = "Deployed", **fields: Any) -> Answer:
    return call(app, "POST", f"/v1/chats/{chat}/messages", {"text": text, **fields})


def in_group(workspace: Workspace, **fields: Any) -> tuple[App, str]:
    chat = group(workspace)
    return App(workspace, chat_id=chat, **fields), chat


def context_of(app: App, chat: str) -> str:
    """Post to the group. Returns the id of the new context."""
    return app.post({"text": f"To {chat}"}).headers["x-fm-context-id"]


def test_the_token_reads_contexts_of_people_and_of_the_group(workspace: Workspace) -> None:
    somebody = person(workspace)
    app, chat = in_group(workspace, may_message_people=True)
    sent = app.message({"email": email_of(somebody, workspace), "text": "x", "context": {"parameters": {"n": 1.50}}})
    of_person = call(app, "GET", f"/v1/contexts/{sent.json['context']['id']}").json
    assert sent.headers["x-fm-context-id"] == of_person["id"]
    assert (of_person["user_id"], of_person["parameters"]) == (somebody.user_id, {"n": 1.5})
    posted = app.post({"text": "x"})
    assert posted.json == {"ok": True}, "FChat's body is this and no more"
    of_group = call(app, "GET", f"/v1/contexts/{posted.headers['x-fm-context-id']}").json
    assert (of_group["user_id"], of_group["chat_id"], of_group["application_id"]) == (None, chat, app.id)
    assert of_group["message_id"] == posted.headers["x-fm-message-id"]
    assert workspace.call("GET", f"/v1/contexts/{of_group['id']}").json == of_group
    assert [line["context_id"] for line in app.requests()] == [of_group["id"], of_person["id"]]


def test_a_context_ends_for_the_token_too(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start)
    app, chat = in_group(workspace)
    target = f"/v1/contexts/{context_of(app, chat)}"
    monkeypatch.setattr(clock, "now", lambda: start + 299)
    assert call(app, "GET", target).status == 200
    monkeypatch.setattr(clock, "now", lambda: start + 300)
    assert call(app, "GET", target).status == 404


def test_the_token_sends_to_the_group(workspace: Workspace) -> None:
    app, chat = in_group(workspace)
    sent = say(app, chat, "/deploy runs no command here", priority={"level": "urgent"})
    assert sent.status == 201, sent.body
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    author = message["author"]
    assert (author["type"], author["id"], author["name"]) == ("application", app.id, app.name)
    assert message["priority"]["level"] == "urgent"
    assert message["context_id"] == sent.json["context_id"]
    assert call(app, "GET", f"/v1/contexts/{sent.json['context_id']}").json["message_id"] == message["id"]
    (line,) = app.requests()
    assert (line["endpoint"], line["outcome"], line["status"]) == ("group", "accepted", 201)
    assert (line["message_id"], line["context_id"]) == (message["id"], message["context_id"])


def test_the_token_sends_to_a_person_who_answers_in_time(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    sent = say(talk.app, talk.chat, "Any news?")
    assert sent.status == 201, sent.body
    assert texts(talk.person, talk.chat) == ["Approve?", "Any news?"]
    talk.say("None")
    (body,) = talk.told()
    assert body["context"]["id"] == sent.json["context_id"]
    assert call(talk.app, "GET", f"/v1/contexts/{sent.json['context_id']}").json["answers"] == 1
    assert [line["endpoint"] for line in talk.app.requests()] == ["person", "person"]


@pytest.mark.parametrize("to", ["group", "person"])
def test_messages_at_the_same_moment_do_not_collide(workspace: Workspace, receiver: Receiver, to: str) -> None:
    """DynamoDB refuses one of two simultaneous transactions that write the same item, so these must share none."""
    talk = Talk(workspace, receiver, chat_id=group(workspace))
    written: list[set[str]] = []

    def note(params: Any, **_: Any) -> None:
        puts = (item["Put"] for item in params["TransactItems"])
        keys = ("chat", "message_id", "context")
        written.append({json.dumps([put["Item"].get(name) for name in keys]) for put in puts})

    events, name = clients.dynamodb().meta.events, "before-parameter-build.dynamodb.TransactWriteItems"
    events.register(name, note, unique_id="note")
    try:
        for _ in range(2):
            send = talk.app.post if to == "group" else talk.app.message
            assert send({"text": "x", "email": talk.email}).status == 200
    finally:
        events.unregister(name, unique_id="note")
    assert [len(keys) for keys in written] == [2, 2]
    assert written[0].isdisjoint(written[1])


@pytest.mark.parametrize("to", ["group", "person"])
def test_a_message_stays_accepted_when_its_context_cannot_become_the_newest(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, to: str
) -> None:
    talk = Talk(workspace, receiver, chat_id=group(workspace))

    def busy(_context: Any) -> None:
        raise aws_refused("PutItem", "ThrottlingException")

    monkeypatch.setattr(contexts, "make_newest", busy)
    send = talk.app.post if to == "group" else talk.app.message
    sent = send({"text": "x", "email": talk.email})
    assert (sent.status, sent.headers["x-fm-context-id"] != talk.context) == (200, True)
    assert talk.say("An answer")["context_id"] == talk.context


def test_a_request_that_is_repeated_under_its_key_sends_once(workspace: Workspace) -> None:
    app, chat = in_group(workspace)
    other = App(workspace, app_name="OTHER", chat_id=chat)
    body, key = {"text": "Once"}, {"Idempotency-Key": "deploy-7"}
    target = f"/v1/chats/{chat}/messages"
    first, again, theirs = (call(one, "POST", target, body, headers=key) for one in (app, app, other))
    assert (first.status, again.status, again.headers["idempotency-replayed"]) == (201, 201, "true")
    assert again.json["id"] == first.json["id"] != theirs.json["id"], "keys of two applications are two keys"
    assert texts(workspace, chat) == ["Once", "Once"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [({"text": "x" * 2001}, "/text"), ({"visible_to": "usr_01J00000000000000000000000"}, "/visible_to")],
)
def test_the_limits_of_an_application_hold(workspace: Workspace, fields: dict[str, Any], pointer: str) -> None:
    app, chat = in_group(workspace)
    answer = say(app, chat, **fields)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert texts(workspace, chat) == []
    (line,) = app.requests()
    assert (line["outcome"], line["status"]) == ("refused", 422)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (cancelled("ThrottlingError", "None", "None"), 503),
        (aws_refused("TransactWriteItems", "ThrottlingException"), 503),
        (cancelled("TransactionConflict", "None", "None"), 409),
        (cancelled("ValidationError", "None", "None"), 500),
    ],
)
def test_a_message_that_cannot_be_stored_is_in_the_log_with_what_was_answered(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, error: ClientError, status: int
) -> None:
    app, chat = in_group(workspace)
    assert say(app, chat).status == 201, "its use is marked"
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with failing("TransactWriteItems", error):
        answer = say(app, chat)
    assert answer.status == status
    line = app.requests()[0]
    assert (line["outcome"], line["status"]) == ("failed" if status >= 500 else "refused", status)
    assert line["error"] == answer.json["detail"]


def test_a_request_that_met_its_twin_is_not_called_refused(workspace: Workspace) -> None:
    """The answer is the message of the equal request, and only that request has a line in the log."""
    app, chat = in_group(workspace)
    key = {"Idempotency-Key": "deploy-8"}

    def send() -> Answer:
        return call(app, "POST", f"/v1/chats/{chat}/messages", {"text": "Once"}, headers=key)

    assert say(app, chat).status == 201, "its use is marked"
    first: list[Answer] = []
    with meanwhile(lambda: first.append(send())):
        second = send()
    assert (first[0].status, second.status, second.headers["idempotency-replayed"]) == (201, 201, "true")
    assert [line["message_id"] for line in app.requests()][:1] == [second.json["id"]]
    assert len(app.requests()) == 2


@pytest.mark.parametrize(
    ("change", "status"), [({"external_id": None}, 409), ({"active": False}, 409), ({"name": "Renamed"}, 201)]
)
def test_the_group_is_checked_at_each_message(workspace: Workspace, change: dict[str, Any], status: int) -> None:
    app, chat = in_group(workspace)
    assert workspace.call("PATCH", f"/v1/chats/{chat}", change).status == 200
    assert say(app, chat).status == status


def test_a_person_who_may_not_be_messaged_is_not(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    talk.app.edit(may_message_people=False)
    assert say(talk.app, talk.chat).status == 403
    talk.app.edit(may_message_people=True)
    assert workspace.call("PATCH", f"/v1/users/{talk.person.user_id}", {"active": False}).status == 200
    assert say(talk.app, talk.chat).status == 409
    assert [line["status"] for line in talk.app.requests()] == [409, 403, 200]


# --- whose it is ----------------------------------------------------------------------------------------------------


def test_another_application_sees_and_reaches_nothing_of_it(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver, chat_id=group(workspace))
    context = context_of(talk.app, "the group")
    others_group = workspace.chat("Other", external_id="beat-43")
    other = App(workspace, app_name="OTHER", may_message_people=True, chat_id=others_group)
    unknown = call(other, "GET", "/v1/contexts/ctx_01J00000000000000000000000").json["detail"]
    for one in (context, talk.context):
        answer = call(other, "GET", f"/v1/contexts/{one}")
        assert (answer.status, answer.json["detail"]) == (404, unknown)
    missing = say(other, "cht_01J00000000000000000000000").json["detail"]
    for chat in (talk.chat, talk.app.made["chat_id"], workspace.chat("Private", type="private")):
        answer = say(other, chat)
        assert (answer.status, answer.json["detail"]) == (404, missing)
    assert texts(talk.person, talk.chat) == ["Approve?"]


def test_an_application_of_another_workspace_sees_and_reaches_nothing(workspace: Workspace, other: Workspace) -> None:
    app, chat = in_group(workspace)
    theirs, _ = in_group(other)
    assert call(theirs, "GET", f"/v1/contexts/{context_of(app, chat)}").status == 404
    assert say(theirs, chat).status == 404
    assert texts(workspace, chat) == [f"To {chat}"]


def test_a_test_application_and_a_live_one_do_not_meet(workspace: Workspace) -> None:
    tester = workspace.narrow("admin:*", environment="development")
    app, chat = in_group(workspace)
    trial = App(tester, app_name="TRIAL", chat_id=chat)
    assert say(trial, chat, "A trial").json["livemode"] is False
    assert (texts(workspace, chat), texts(tester, chat)) == ([], ["A trial"])
    assert call(trial, "GET", f"/v1/contexts/{context_of(app, chat)}").status == 404
    context = f"/v1/contexts/{context_of(trial, chat)}"
    assert (call(app, "GET", context).status, call(trial, "GET", context).status) == (404, 200)
    assert (workspace.call("GET", context).status, tester.call("GET", context).status) == (404, 200)


def test_a_token_that_was_taken_away_is_refused_at_once(workspace: Workspace) -> None:
    admin = workspace.person("admin", "admin:*")
    app, chat = in_group(admin)
    target = f"/v1/contexts/{context_of(app, chat)}"

    def statuses() -> tuple[int, int]:
        return call(app, "GET", target).status, say(app, chat).status

    assert statuses() == (200, 201)
    app.edit(state="disabled")
    assert statuses() == (401, 401)
    app.edit(state="enabled")
    old = app.token
    app.token = workspace.make(f"/v1/applications/{app.id}/rotate-token", None, 200)["token"]
    assert statuses() == (200, 201)
    app.token, new = old, app.token
    assert statuses() == (401, 401)
    app.token = new
    assert workspace.call("PATCH", f"/v1/users/{admin.user_id}", {"active": False}).status == 200
    assert statuses() == (401, 401), "its owner was deactivated"
    assert workspace.call("PUT", f"/v1/applications/{app.id}/owner", {"user_id": workspace.user_id}).status == 200
    assert statuses() == (401, 401), "it stays disabled until somebody enables it"
    app.workspace = workspace
    app.edit(state="enabled")
    assert statuses() == (200, 201)
    assert workspace.call("DELETE", f"/v1/applications/{app.id}").status == 204
    assert statuses() == (401, 401)


def test_the_token_is_limited_as_its_urls_are(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    app, chat = in_group(workspace)
    target = f"/v1/contexts/{context_of(app, chat)}"
    monkeypatch.setitem(workspace.world.parameters, "PostsPerMinute", "2")
    assert [call(app, "GET", target).status for _ in range(3)][-1] == 429


def test_its_use_is_shown_and_its_secret_is_not_logged(workspace: Workspace) -> None:
    app, chat = in_group(workspace)
    assert workspace.call("GET", f"/v1/applications/{app.id}").json["last_used_at"] is None
    with captured() as logged:
        assert say(app, chat).status == 201
    assert workspace.call("GET", f"/v1/applications/{app.id}").json["last_used_at"]
    assert app.token not in logged.unmasked.getvalue()
    (line,) = [line for line in logged.lines() if line["message"] == "message.accepted"]
    assert (line["application_id"], line["chat_id"]) == (app.id, chat)


def test_no_other_route_knows_an_application(workspace: Workspace) -> None:
    """An application's token has two scopes, which count only on routes for applications."""
    objects = Objects(workspace)
    objects.id("application_id")
    for route in ROUTES:
        target, body = path(route, objects.ids(route)), objects.body(route)
        before = workspace.world.rows()
        answer = workspace.world.call(route.method, target, token=objects.id("token"), json_body=body)
        if route.needs.applications:
            assert route.needs.scope in permissions.OF_APPLICATIONS
            assert answer.status in (200, 201), (route.key, answer.body)
        else:
            assert answer.status == 401, (route.key, answer.body)
            assert workspace.world.rows() == before, route.key

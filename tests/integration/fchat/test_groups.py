"""FChat's messages to a group. docs/coverage.md names these tests beside sentences of FChat's documentation."""

from typing import Any

import pytest

from tests.integration.conftest import Workspace
from tests.integration.fchat.applications import CHANNEL, App, group, refused, texts
from tests.support.clients import aws_client


def test_a_message_to_the_group_is_posted_there(workspace: Workspace) -> None:
    chat = group(workspace)
    answer = App(workspace, chat_id=chat).post({"text": "System notification: All services running"})
    assert (answer.status, answer.json) == (200, {"ok": True})
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    assert message["text"] == "System notification: All services running"
    assert message["origin"] == "application"
    assert answer.headers["x-fm-message-id"] == message["id"]
    assert (message["author"]["type"], message["author"]["name"]) == ("application", "MY_APP")


def test_text_goes_before_message_and_unknown_keys_are_ignored(workspace: Workspace) -> None:
    chat = group(workspace)
    app = App(workspace, chat_id=chat)
    for body in ({"message": "one"}, {"text": "two", "message": "x"}, {"text": "three", "beatchat_id": "other"}):
        assert app.post(body).status == 200
    assert app.post({"text": None, "message": "four"}).status == 200
    assert texts(workspace, chat) == ["one", "two", "three", "four"]


@pytest.mark.parametrize("endpoint", ["group", "person"])
@pytest.mark.parametrize("letter", ["x", "💣", "é"])
def test_2000_characters_pass_and_2001_do_not(workspace: Workspace, endpoint: str, letter: str) -> None:
    """A character is a code point, whatever its size in bytes."""
    app = App(workspace, chat_id=group(workspace), may_message_people=True)
    send = app.post if endpoint == "group" else app.message
    assert send({"email": "a@example.com", "text": letter * 2000}).status == 200
    long = send({"email": "a@example.com", "text": letter * 2001})
    assert refused(long) == (400, "Bad Request: message is too long")


def break_group(app: App, chat: str, how: str) -> None:
    match how:
        case "none":
            app.edit(chat_id=None)
        case "gone":
            key = {"workspace_id": {"S": app.workspace.workspace_id}, "entry": {"S": f"chat/{chat}"}}
            aws_client("dynamodb").delete_item(TableName=app.world.table("chats"), Key=key)
        case "no id":
            assert app.workspace.call("PATCH", f"/v1/chats/{chat}", {"external_id": None}).status == 200
        case "inactive":
            assert app.workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False}).status == 200


@pytest.mark.parametrize(
    ("how", "body", "status", "description"),
    [
        ("", {}, 400, "Bad Request: message text is empty"),
        ("", {"text": " \n\t"}, 400, "Bad Request: message text is empty"),
        ("", {"text": "", "message": "x"}, 400, "Bad Request: message text is empty"),
        ("", {"text": "x" * 2001}, 400, "Bad Request: message is too long"),
        ("", [], 400, "Bad Request: invalid request"),
        ("", {"text": 1}, 400, "Bad Request: invalid request"),
        ("no id", {"text": "x"}, 400, "Bad Request: beatchat group id not found"),
        ("inactive", {"text": "x"}, 400, "Bad Request: group is not active"),
        ("none", {"text": "x"}, 404, "Application does not have a group assigned"),
        ("gone", {"text": "x"}, 404, "Group not found"),
    ],
)
def test_the_table_of_group_errors(workspace: Workspace, how: str, body: Any, status: int, description: str) -> None:
    chat = group(workspace)
    app = App(workspace, chat_id=chat)
    break_group(app, chat, how)
    assert refused(app.post(body)) == (status, description)
    (line,) = app.requests()
    assert (line["outcome"], line["status"], line["error"]) == ("refused", status, description)


def test_a_wrong_name_a_wrong_token_and_both_are_answered_alike(workspace: Workspace, other: Workspace) -> None:
    app = App(workspace, chat_id=group(workspace))
    theirs = App(other, chat_id=group(other), app_name="THEIRS")
    answers = [
        workspace.world.call("POST", f"/webhooks/{name}/{token}", json_body={"text": "x"})
        for name, token in (
            ("WRONG", app.token),
            ("my_app", app.token),
            (app.name, "0" * 32),
            (app.name, theirs.token),
            (app.name, "x"),
            (app.name, "%00"),
            ("WRONG", "0" * 32),
            ("💣", "é"),
        )
    ]
    assert {refused(answer) for answer in answers} == {(404, CHANNEL)}
    assert len({answer.body for answer in answers}) == 1
    assert app.requests() == theirs.requests() == []
    # Before anything else: nobody without a token learns what is wrong with a body.
    broken = workspace.world.call("POST", f"/webhooks/{app.name}/{'0' * 32}", body="{")
    assert broken.body == answers[0].body


def test_a_wrong_name_costs_what_a_wrong_token_costs(workspace: Workspace) -> None:
    """Both mistakes cost the same reads and writes, so the time of the answer reveals nothing.

    The test counts calls.
    """
    app = App(workspace, chat_id=group(workspace))
    calls: list[str] = []

    def count(model: Any, **_: Any) -> None:
        calls.append(model.name)

    from ferryman.aws import clients as aws

    with workspace.world.inside("fchat"):
        aws.dynamodb().meta.events.register("before-call", count, unique_id="count")
    made = []
    for name, token in (("WRONG", app.token), (app.name, "0" * 32), ("WRONG", "0" * 32), ("WRONG", "not a token")):
        calls.clear()
        workspace.world.call("POST", f"/webhooks/{name}/{token.replace(' ', '%20')}", json_body={"text": "x"})
        made.append(list(calls))
    aws.dynamodb().meta.events.unregister("before-call", unique_id="count")
    assert made == [["GetItem"]] * 4

"""Each refusal of a post, as Mattermost's AppError and as Slack's word, row by row of the documented tables."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from ferryman.conversations.messages.attachments import MAX_BYTES

from tests.integration.conftest import Workspace
from tests.integration.mattermost.hooks import FORM, Hook, hook, multipart

OK = {"text": "x"}


@dataclass
class Row:
    sent: dict[str, Any]
    status: int
    id: str
    message: str
    word: str
    slack_status: int
    arrange: Callable[[Hook], Any] | None = None
    fields: dict[str, Any] | None = None


def body(content: str, headers: dict[str, str]) -> dict[str, Any]:
    return {"body": content, "headers": headers}


def close(one: Hook) -> None:
    assert one.by.call("PATCH", f"/v1/chats/{one.chat}", {"active": False}).status == 200


def revoke(one: Hook) -> None:
    assert one.by.call("DELETE", f"/v1/incoming-webhooks/{one.id}").status == 204


def disable(one: Hook) -> None:
    assert one.by.call("PATCH", f"/v1/incoming-webhooks/{one.id}", {"state": "disabled"}).status == 200


def elsewhere(one: Hook) -> None:
    one.by.chat("Other", handle="elsewhere")


def closed_elsewhere(one: Hook) -> None:
    chat = one.by.chat("Other", handle="elsewhere")
    assert one.by.call("PATCH", f"/v1/chats/{chat}", {"active": False}).status == 200


def foreign(one: Hook) -> None:
    """Create a chat to which the webhook's creator does not belong."""
    chat = one.by.chat("Other", handle="elsewhere")
    assert one.by.call("DELETE", f"/v1/chats/{chat}/members/{one.by.user_id}").status == 204


DATA = ("model.incoming_hook.parse_data.app_error", "Unable to parse incoming data.")
CREATING = ("api.post.create_webhook_post.creating.app_error", "Error creating post.")
NO_TEXT = ("web.incoming_webhook.text.app_error", "No text specified.")
NO_USER = ("web.incoming_webhook.user.app_error", "Couldn't find the user.")
MULTIPART = ("api.webhook.incoming.error", "Could not decode the multipart payload of incoming webhook.")
PARAMETER = "api.context.invalid_param.app_error"
BAD = ("invalid_payload", 400)

ROWS = {
    "an unreadable content type": Row(
        body("payload=%7B%7D", {"content-type": "application/x-www-form-urlencoded wrongtext"}), 400, *MULTIPART, *BAD
    ),
    "an unknown field of a multipart body": Row(multipart(text="x", file="y"), 400, *MULTIPART, *BAD),
    "a multipart body without a boundary": Row(
        body("x", {"content-type": "multipart/form-data"}), 400, *MULTIPART, *BAD
    ),
    "no JSON": Row(body("{", {}), 400, *DATA, *BAD),
    "nothing": Row(body("", {}), 400, *DATA, *BAD),
    "no object": Row(body("[]", {}), 400, *DATA, *BAD),
    "a form without payload": Row(body("a=b", FORM), 400, *DATA, *BAD),
    "a number as text": Row({"json_body": {"text": 5}}, 400, *DATA, *BAD),
    "a wrong short": Row({"json_body": {"attachments": [{"fields": [{"short": 1}]}]}}, 400, *DATA, *BAD),
    "a body of 400 kB": Row({"json_body": {"text": "x" * 400_000}}, 400, *DATA, *BAD),
    "no text": Row({"json_body": {}}, 400, *NO_TEXT, "no_text", 400),
    "no text and no attachments": Row({"json_body": {"text": "", "attachments": []}}, 400, *NO_TEXT, "no_text", 400),
    "an unknown webhook": Row(
        {"json_body": OK}, 400, "web.incoming_webhook.invalid.app_error", "Invalid webhook.", "no_service", 404, revoke
    ),
    "a disabled webhook": Row(
        {"json_body": OK},
        400,
        "web.incoming_webhook.invalid.app_error",
        "Invalid webhook.",
        "no_active_hooks",
        404,
        disable,
    ),
    "no text to an unknown webhook": Row({"json_body": {}}, 400, *NO_TEXT, "no_text", 400, revoke),
    "an unknown person": Row({"json_body": {**OK, "channel": "@x"}}, 400, *NO_USER, "user_not_found", 400),
    "an unknown chat": Row(
        {"json_body": {**OK, "channel": "#x"}},
        404,
        "web.incoming_webhook.channel.app_error",
        "Couldn't find the channel.",
        "channel_not_found",
        404,
    ),
    "a locked webhook": Row(
        {"json_body": {**OK, "channel": "elsewhere"}},
        403,
        "web.incoming_webhook.channel_locked.app_error",
        "This webhook is not permitted to post to the requested channel.",
        "action_prohibited",
        403,
        elsewhere,
        {"chat_locked": True},
    ),
    "a chat without the creator": Row(
        {"json_body": {**OK, "channel": "elsewhere"}},
        403,
        "web.incoming_webhook.permissions.app_error",
        "Inappropriate channel permissions.",
        "action_prohibited",
        403,
        foreign,
    ),
    "a priority without its level": Row(
        {"json_body": {**OK, "priority": {"requested_ack": True}}},
        400,
        PARAMETER,
        "Invalid webhook.priority.priority parameter.",
        *BAD,
    ),
    "a type of the system's": Row(
        {"json_body": {**OK, "type": "system_join"}}, 400, PARAMETER, "Invalid post.type parameter.", *BAD
    ),
    "props that fit into no message": Row(
        {"json_body": {**OK, "props": {"x": "y" * MAX_BYTES}}},
        400,
        "web.incoming_webhook.split_props_length.app_error",
        "Unable to split webhook props into 131072 byte parts.",
        *BAD,
    ),
    "an unknown type": Row({"json_body": {**OK, "type": "x"}}, 400, *CREATING, *BAD),
    "a closed chat": Row({"json_body": OK}, 400, *CREATING, "channel_is_archived", 410, close),
    "another closed chat": Row(
        {"json_body": {**OK, "channel": "elsewhere"}}, 400, *CREATING, "channel_is_archived", 410, closed_elsewhere
    ),
    "blocks without a type": Row({"json_body": {"blocks": [{}]}}, 400, *DATA, "invalid_blocks", 400),
}


@pytest.mark.parametrize("flavour", ["mattermost", "slack"])
@pytest.mark.parametrize("name", ROWS)
def test_a_refusal_is_in_the_words_of_the_flavour(workspace: Workspace, name: str, flavour: str) -> None:
    row = ROWS[name]
    one = hook(workspace, flavour, **(row.fields or {}))
    if row.arrange:
        row.arrange(one)
    answer = one.post(row.sent.get("json_body"), **{key: row.sent[key] for key in row.sent if key != "json_body"})
    if flavour == "slack":
        assert (answer.body.decode(), answer.status) == (row.word, row.slack_status)
        assert answer.headers["content-type"].startswith("text/plain")
    else:
        assert answer.json == {
            "id": row.id,
            "message": row.message,
            "detailed_error": "",
            "request_id": answer.headers["x-request-id"],
            "status_code": row.status,
        }
        assert list(answer.json) == ["id", "message", "detailed_error", "request_id", "status_code"]
        assert (answer.status, answer.headers["content-type"]) == (row.status, "application/json")
    if row.arrange is not close:
        assert one.messages() == []


def test_addresses_of_slack_name_workspace_and_webhook(workspace: Workspace, other: Workspace) -> None:
    one, foreign_hook = hook(workspace, "slack"), hook(other, "slack")
    _, _, team, key, secret = one.path.split("/")
    _, _, other_team, other_key, other_secret = foreign_hook.path.split("/")

    def word(*parts: str) -> tuple[int, str]:
        answer = workspace.world.call("POST", "/services/" + "/".join(parts), json_body=OK)
        return answer.status, answer.body.decode()

    assert word(other_team, key, secret) == (404, "no_team")
    assert word(team, other_key, secret) == (404, "no_service")
    assert word(team, key, other_secret) == (404, "no_team")
    assert word(team, key, "0" * 32) == (404, "no_service")
    assert word(team, key, secret) == (200, "ok")


def test_too_many_attachments_are_too_many_for_slack_only(workspace: Workspace) -> None:
    sent = {"attachments": [{"text": "x"}] * 101}
    answer = hook(workspace, "slack").post(sent)
    assert (answer.status, answer.body) == (400, b"too_many_attachments")
    assert len(hook(workspace).said(sent)["attachments"]) == 101


def test_a_body_of_a_megabyte_is_refused_at_the_edge(workspace: Workspace) -> None:
    content = json.dumps({"text": "x" * 1_000_000})
    answer = hook(workspace).post(body=content, headers={})
    assert (answer.status, answer.json["status_code"]) == (413, 413)
    assert hook(workspace, "slack").post(body=content, headers={}).status == 413

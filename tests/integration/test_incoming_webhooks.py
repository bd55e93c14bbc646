"""Incoming webhooks: anybody who has the URL can post to one chat, until the webhook is revoked."""

import gzip
import json
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from ferryman.conversations.messages.model import MAX_TEXT
from ferryman.identity.credentials import secrets

from tests.integration.conftest import Workspace
from tests.support.meanwhile import meanwhile
from tests.support.world import Answer, World

FORM = {"content-type": "application/x-www-form-urlencoded"}


def hook(by: Workspace, chat: str, name: str = "CI") -> dict[str, Any]:
    made: dict[str, Any] = by.make("/v1/incoming-webhooks", {"chat_id": chat, "name": name})
    return made | {"path": str(made["url"]).removeprefix("https://api.test")}


def post(world: World, path: str, text: str = "Build passed") -> Answer:
    return world.call("POST", path, json_body={"text": text})


# --- the URL ----------------------------------------------------------------------------------------------


def test_the_url_is_shown_once_and_is_on_the_host_the_request_came_to(workspace: Workspace) -> None:
    made = hook(workspace, workspace.chat())
    assert re.fullmatch(r"https://api\.test/hooks/[0-9A-Za-z]{32}", made["url"])
    shown = workspace.call("GET", f"/v1/incoming-webhooks/{made['id']}").json
    listed = workspace.call("GET", "/v1/incoming-webhooks").json["items"]
    assert listed == [shown]
    assert "url" not in shown
    assert shown["last_used_at"] is None


def test_a_post_is_a_message_of_the_webhook(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    made = hook(workspace, chat)
    answer = post(world, made["path"])
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"ok", "text/plain; charset=utf-8")
    (message,) = workspace.messages(chat)
    assert message["id"] == answer.headers["x-fm-message-id"]
    assert (message["text"], message["origin"], message["livemode"]) == ("Build passed", "incoming_webhook", True)
    author = message["author"]
    assert (author["type"], author["id"], author["name"]) == ("incoming_webhook", made["id"], "CI")
    assert workspace.call("GET", f"/v1/incoming-webhooks/{made['id']}").json["last_used_at"]


def test_the_longest_text_is_accepted_however_it_is_escaped(world: World, workspace: Workspace) -> None:
    path = hook(workspace, workspace.chat())["path"]
    text = json.dumps({"text": "🚢" * MAX_TEXT})
    assert world.call("POST", path, body=text).status == 200
    assert world.call("POST", path, body=urlencode({"payload": text}), headers=FORM).status == 200
    assert world.call("POST", path, body=json.dumps({"text": "🚢" * (MAX_TEXT + 1)})).status == 422


def test_gzip_and_a_byte_order_mark_are_read(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    path = hook(workspace, chat)["path"]
    packed = gzip.compress(b'{"text": "packed"}')
    assert world.call("POST", path, body=packed, headers={"content-encoding": "gzip"}).status == 200
    assert world.call("POST", path, body=b'\xef\xbb\xbf{"text": "marked"}').status == 200
    assert world.call("POST", path, body="{}", headers={"content-encoding": "br"}).status == 415
    assert {message["text"] for message in workspace.messages(chat)} == {"packed", "marked"}


def test_fields_that_are_ignored_are_not_judged(world: World, workspace: Workspace) -> None:
    path = hook(workspace, workspace.chat())["path"]
    ignored = r'{"text": "x", "attachments": [{"text": "\u0000", "size": 1e400, "id": %s}]}' % ("9" * 41)
    assert world.call("POST", path, body=ignored).status == 200


def test_an_ampersand_that_was_not_encoded_is_named(world: World, workspace: Workspace) -> None:
    path = hook(workspace, workspace.chat())["path"]
    answer = world.call("POST", path, body='payload={"text": "Ferry & man"}', headers=FORM)
    assert answer.status == 400
    assert "%26" in answer.json["detail"]


def test_no_page_that_is_linked_to_learns_the_url(world: World, workspace: Workspace) -> None:
    path = hook(workspace, workspace.chat())["path"]
    for text in ("x", ""):
        assert post(world, path, text).headers["referrer-policy"] == "no-referrer"


PAYLOAD = json.dumps({"text": "Build passed é 🚢"})
MULTIPART = {"content-type": "multipart/form-data; boundary=b"}


def _multipart(name: str, value: str) -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--b--\r\n'.encode()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (PAYLOAD, {"content-type": "application/json"}),
        (PAYLOAD, {"content-type": "application/json; charset=utf-8"}),
        (PAYLOAD, {"content-type": "text/plain"}),
        (PAYLOAD, {}),
        (PAYLOAD.encode(), {"content-type": "application/json"}),
        (PAYLOAD, FORM),  # what curl -d says it sends
        (urlencode({"payload": PAYLOAD}), FORM),
        (urlencode({"token": "x", "payload": PAYLOAD}).encode(), FORM),
        (urlencode({"text": "Build passed é 🚢", "channel": "#x"}), FORM),
        (_multipart("text", "Build passed é 🚢"), MULTIPART),
        (_multipart("payload", PAYLOAD), MULTIPART),
        (json.dumps({"text": "Build passed é 🚢", "username": "x", "channel": "#x", "attachments": []}), {}),
    ],
)
def test_senders_say_it_in_many_ways(
    world: World, workspace: Workspace, body: bytes | str, headers: dict[str, str]
) -> None:
    chat = workspace.chat()
    answer = world.call("POST", hook(workspace, chat)["path"], body=body, headers=headers)
    assert (answer.status, answer.body) == (200, b"ok")
    assert [message["text"] for message in workspace.messages(chat)] == ["Build passed é 🚢"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("", {}, 400),
        ("{", {}, 400),
        ("[]", {}, 400),
        ('"text"', {}, 400),
        ("Build passed", {"content-type": "text/plain"}, 400),
        ("message=Build+passed", FORM, 400),
        ("text=", FORM, 422),
        ("text=%00", FORM, 400),
        (_multipart("message", "Build passed"), MULTIPART, 400),
        (b"--b\r\n\xff", MULTIPART, 400),
        ("payload=", FORM, 400),
        ("payload=%7B", FORM, 400),
        ("payload=%ff", FORM, 400),
        ("a=b&" * 60 + "payload=%7B%7D", FORM, 400),
        ("<x/>", {"content-type": "application/xml"}, 415),
        ("x" * 270_000, {}, 413),
        ("{}", {}, 422),
        ('{"text": null}', {}, 422),
        ('{"text": 1}', {}, 422),
        ('{"text": ["x"]}', {}, 422),
        ('{"text": ""}', {}, 422),
        ('{"text": " \\n"}', {}, 422),
        (json.dumps({"text": "x" * (MAX_TEXT + 1)}), {}, 422),
        ('{"Text": "x"}', {}, 422),
    ],
)
def test_a_text_that_cannot_be_posted_is_refused_with_the_reason(
    world: World, workspace: Workspace, body: str, headers: dict[str, str], status: int
) -> None:
    chat = workspace.chat()
    answer = world.call("POST", hook(workspace, chat)["path"], body=body, headers=headers)
    assert answer.status == status
    assert answer.json["detail"]
    assert workspace.messages(chat) == []


def test_the_longest_text_fits(world: World, workspace: Workspace) -> None:
    path = hook(workspace, workspace.chat())["path"]
    body = json.dumps({"text": "💣" * MAX_TEXT}, ensure_ascii=False).encode()
    assert world.call("POST", path, body=body).status == 200


# --- revoking ---------------------------------------------------------------------------------------------


def test_a_revoked_url_refuses_the_next_post_like_one_that_never_was(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    made = hook(workspace, chat)
    assert post(world, made["path"]).status == 200
    assert workspace.call("DELETE", f"/v1/incoming-webhooks/{made['id']}").status == 204
    revoked = post(world, made["path"])
    never = post(world, f"/hooks/{secrets.new_hook_secret()}")
    assert (revoked.status, never.status) == (404, 404)
    assert {**revoked.json, "request_id": ""} == {**never.json, "request_id": ""}
    assert len(workspace.messages(chat)) == 1
    for method in ("GET", "DELETE"):
        assert workspace.call(method, f"/v1/incoming-webhooks/{made['id']}").status == 404


def test_revoking_while_a_post_marks_its_use_still_revokes(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    made = hook(workspace, chat)
    with meanwhile(lambda: workspace.call("DELETE", f"/v1/incoming-webhooks/{made['id']}")):
        assert post(world, made["path"]).status == 404
    assert post(world, made["path"]).status == 404
    assert workspace.messages(chat) == []


@pytest.mark.parametrize(
    "secret", ["x", "0" * 31, "0" * 33, "0" * 31 + "-", "0" * 31 + "é", "%20" * 32, "0" * 2_000, "fm_live_" + "0" * 36]
)
def test_a_malformed_secret_is_not_found(world: World, secret: str) -> None:
    answer = post(world, f"/hooks/{secret}")
    assert answer.status == 404
    assert secret not in answer.body.decode() or len(secret) < 5


def test_api_tokens_and_hook_secrets_do_not_stand_for_each_other(world: World, workspace: Workspace) -> None:
    made = hook(workspace, workspace.chat())
    assert post(world, f"/hooks/{workspace.token}").status == 404
    assert world.call("GET", "/v1/me", token=made["path"].removeprefix("/hooks/")).status == 401


# --- who may have one -------------------------------------------------------------------------------------


def test_only_members_of_a_chat_make_a_url_for_it(workspace: Workspace, other: Workspace) -> None:
    manager = workspace.person("manager", "webhooks:read", "webhooks:write", "chats:read")
    for chat in (workspace.chat(), other.chat(), "cht_01JZZZZZZZ0123456789ABCDEF"):
        answer = manager.call("POST", "/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/chat_id")
        assert answer.json["detail"] == "You do not belong to a chat with this id."
    mine = workspace.chat(member_ids=[manager.user_id])
    assert hook(manager, mine)["chat_id"] == mine


def test_members_see_the_urls_of_their_chats_only(workspace: Workspace) -> None:
    manager = workspace.person("manager", "webhooks:read", "webhooks:write")
    ours = workspace.chat(member_ids=[manager.user_id])
    theirs = hook(workspace, workspace.chat())
    first, second = hook(workspace, ours), hook(manager, ours)
    assert [made["id"] for made in manager.call("GET", "/v1/incoming-webhooks").json["items"]] == [
        second["id"],
        first["id"],
    ]
    assert manager.call("DELETE", f"/v1/incoming-webhooks/{theirs['id']}").status == 404
    assert manager.call("DELETE", f"/v1/incoming-webhooks/{first['id']}").status == 204


# --- live and test ----------------------------------------------------------------------------------------


def test_a_test_tokens_url_posts_test_messages(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    tester = workspace.narrow("admin:*", environment="staging")
    live, test = hook(workspace, chat, "live"), hook(tester, chat, "test")
    assert (live["livemode"], test["livemode"]) == (True, False)
    for made in (live, test):
        assert post(world, made["path"], made["name"]).status == 200
    for by, own, foreign in ((workspace, live, test), (tester, test, live)):
        assert [message["text"] for message in by.messages(chat)] == [own["name"]]
        assert [made["id"] for made in by.call("GET", "/v1/incoming-webhooks").json["items"]] == [own["id"]]
        assert by.call("GET", f"/v1/incoming-webhooks/{foreign['id']}").status == 404
        assert by.call("DELETE", f"/v1/incoming-webhooks/{foreign['id']}").status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_probe_of_a_secret_url_is_told_to_post_whether_or_not_the_secret_is_known(
    world: World, workspace: Workspace, method: str
) -> None:
    """Several products refuse a URL that answers 404 to a GET."""
    known = hook(workspace, workspace.chat())["path"]
    for path in (known, f"/hooks/{'x' * 43}"):
        answer = world.call(method, path)
        assert (answer.status, answer.headers["allow"]) == (405, "POST")

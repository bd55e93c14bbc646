"""Buttons and menus of attachments. A click calls the integration, whose URL no reader of the message sees."""

import json
from typing import Any

import pytest

from local.receiver import Answer, Receiver
from tests.integration.conftest import Workspace
from tests.integration.mattermost.actions import SECRET, answers, box, click, newest
from tests.integration.mattermost.hooks import hook
from tests.integration.mattermost.v4 import refused
from tests.support.mattermost import short

type Made = dict[str, Any]


@pytest.fixture
def post(workspace: Workspace, receiver: Receiver, chat: str) -> Made:
    """A message with a button, posted through an incoming webhook of the flavour `mattermost`."""
    url = hook(workspace, chat=chat).path
    answer = workspace.world.call(
        "POST", url, json_body={"text": "Ready?", "attachments": [box(receiver)], "props": {"card": "kept"}}
    )
    assert answer.status == 200, answer.body
    return newest(workspace, chat)


def native(workspace: Workspace, message: Made, **fields: Any) -> Any:
    return workspace.call("POST", f"/v1/messages/{message['id']}/callbacks", {"action_id": "go", **fields})


def test_a_click_calls_the_integration_with_its_context(
    workspace: Workspace, receiver: Receiver, chat: str, post: Made
) -> None:
    receiver.answer("/actions", Answer(body=b""))
    answer = click(workspace, post)
    assert answer.status == 200, answer.body
    assert list(answer.json) == ["status", "trigger_id"]
    (request,) = receiver.requests("/actions")
    assert (request.headers["content-type"], request.headers["accept"]) == ("application/json", "application/json")
    me = workspace.call("GET", f"/v1/users/{workspace.user_id}").json
    assert json.loads(request.body) == {
        "user_id": short(workspace.user_id),
        "user_name": me["handle"] or short(workspace.user_id),
        "channel_id": short(chat),
        "channel_name": "builds",
        "team_id": short(workspace.workspace_id),
        "team_domain": "acme",
        "post_id": short(post["id"]),
        "trigger_id": answer.json["trigger_id"],
        "type": "button",
        "data_source": "",
        "context": {"secret": SECRET, "build": 17},
    }
    assert newest(workspace, chat) == post


def test_a_menu_sends_its_choice(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    answers(receiver, {})
    options = [{"text": "Production", "value": "production"}]
    menu = box(receiver, type="select", options=options)
    made = workspace.make(
        "/api/v4/posts", {"channel_id": short(chat), "message": "Where?", "props": {"attachments": [menu]}}
    )
    (shown,) = made["props"]["attachments"][0]["actions"]
    assert (shown["type"], shown["options"]) == ("select", options)
    assert click(workspace, made, body={"selected_option": "production", "cookie": "x"}).status == 200
    found = json.loads(receiver.requests("/actions")[0].body)
    assert (found["type"], found["context"]["selected_option"]) == ("select", "production")


def test_an_update_replaces_the_message_and_webhooks_are_told(
    workspace: Workspace, receiver: Receiver, chat: str, post: Made
) -> None:
    workspace.world.pump()
    workspace.make(
        "/v1/webhooks",
        {"url": receiver.url("/all"), "events": ["message.updated"], "chat_ids": [chat]},
    )
    answers(receiver, {"update": {"message": "Deployed", "props": {"attachments": [{"text": "done"}], "more": 1}}})
    done = native(workspace, post)
    assert (done.status, done.json["outcome"]) == (201, "answered")
    after = newest(workspace, chat)
    assert (after["text"], after["props"], after["revision"]) == ("Deployed", {"more": 1}, 2)
    assert [one["text"] for one in after["attachments"]] == ["done"]
    assert after["author"] == post["author"]
    assert done.json["message"] == after
    workspace.world.pump()
    told = [json.loads(request.body) for request in receiver.requests("/all")]
    assert [event["type"] for event in told] == ["message.updated"]
    assert click(workspace, post).status == 404, "the button is gone"


def test_an_update_without_props_keeps_them_and_empty_props_remove_the_buttons(
    workspace: Workspace, receiver: Receiver, chat: str, post: Made
) -> None:
    answers(receiver, {"update": {"message": "Deploying", "props": None}})
    assert click(workspace, post).status == 200
    after = newest(workspace, chat)
    assert (after["text"], after["attachments"], after["props"]) == ("Deploying", post["attachments"], {"card": "kept"})
    answers(receiver, {"update": {"message": "Deployed", "props": {}}})
    assert click(workspace, post).status == 200
    assert (newest(workspace, chat)["attachments"], newest(workspace, chat)["props"]) == (None, None)


def test_an_ephemeral_text_is_for_the_person_who_clicked(
    workspace: Workspace, receiver: Receiver, chat: str, post: Made
) -> None:
    answers(receiver, {"ephemeral_text": "See <https://ci.example.com|the log>"})
    colleague = workspace.person("staff", "messages:read", "messages:write", "chats:read")
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{colleague.user_id}").status == 200
    done = native(colleague, post).json
    assert done["reply"]["text"] == "See [the log](https://ci.example.com)"
    assert done["reply"]["visible_to"] == colleague.user_id
    assert newest(colleague, chat)["id"] == done["reply"]["id"]
    assert newest(workspace, chat)["id"] == post["id"]


def test_an_error_of_the_integration_is_shown(workspace: Workspace, receiver: Receiver, post: Made) -> None:
    answers(receiver, {"error": {"message": "Not today"}})
    done = native(workspace, post).json
    assert (done["outcome"], done["detail"]) == ("failed", "Not today")


FAILING = {
    "another status": Answer(status=201, body=b"{}"),
    "an error": Answer(status=500, body=b'{"update": {"message": "x"}}'),
    "broken JSON": Answer(body=b"{"),
    "a list": Answer(body=b"[]"),
    "a wrong type": Answer(body=b'{"update": {"message": 5}}'),
    "a text that is too long": Answer(body=json.dumps({"update": {"message": "x" * 16_384}}).encode()),
}


@pytest.mark.parametrize("answer", FAILING.values(), ids=list(FAILING))
def test_an_integration_that_fails_changes_nothing(
    workspace: Workspace, receiver: Receiver, chat: str, post: Made, answer: Answer
) -> None:
    receiver.answer("/actions", answer)
    assert refused(click(workspace, post)) == (400, "api.post.do_action.action_integration.app_error")
    done = native(workspace, post).json
    assert done["outcome"] == "failed"
    assert done["detail"]
    assert newest(workspace, chat) == post


def test_addresses_that_may_not_be_called_are_not_called(workspace: Workspace, chat: str) -> None:
    url = hook(workspace, chat=chat).path
    bad = {"id": "go", "name": "x", "integration": {"url": "https://169.254.169.254/"}}
    assert workspace.world.call("POST", url, json_body={"attachments": [{"actions": [bad]}]}).status == 200
    assert refused(click(workspace, newest(workspace, chat)))[1] == "api.post.do_action.action_integration.app_error"


def test_unknown_buttons_and_messages_are_not_there(
    workspace: Workspace, other: Workspace, receiver: Receiver, chat: str, post: Made
) -> None:
    assert refused(click(workspace, post, "stop")) == (404, "api.post.do_action.action_id.app_error")
    stranger = workspace.person("staff", "messages:write")
    for caller in (stranger, other):
        assert refused(click(caller, post)) == (404, "app.post.get.app_error")
        assert native(caller, post).status == 404
    assert refused(click(workspace.narrow("messages:read"), post)) == (403, "api.context.permissions.app_error")
    assert refused(click(workspace, {"id": "nobody"})) == (400, "api.context.invalid_url_param.app_error")
    tester = workspace.narrow("admin:*", environment="development")
    assert click(tester, post).status == 404
    url = hook(workspace, chat=chat).path
    still = {**box(receiver)["actions"][0], "disabled": True}
    plain = {"id": "plain", "name": "x"}
    assert workspace.world.call("POST", url, json_body={"attachments": [{"actions": [still, plain]}]}).status == 200
    for action in ("go", "plain"):
        assert click(workspace, newest(workspace, chat), action).status == 404
    assert not receiver.requests("/actions")


def test_a_native_message_can_have_buttons(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    receiver.answer("/actions", Answer(body=b""))
    called = {"url": receiver.url("/actions"), "context": {"secret": SECRET}}
    wanted = {"title": "Build", "actions": [{"name": "Deploy", "integration": called}]}
    made = workspace.make(f"/v1/chats/{chat}/messages", {"text": "Ready?", "attachments": [wanted]})
    (action,) = made["attachments"][0]["actions"]
    assert (action["name"], action["type"]) == ("Deploy", "button")
    assert native(workspace, made, action_id=action["id"]).json["outcome"] == "answered"
    assert json.loads(receiver.requests("/actions")[0].body)["context"] == {"secret": SECRET}
    for body in ({"action_id": "go", "row": 0, "column": 0}, {"row": 0, "column": 0, "selected_option": "x"}, {}):
        assert workspace.call("POST", f"/v1/messages/{made['id']}/callbacks", body).status == 422


def test_nobody_who_reads_the_message_sees_the_integration(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    everything = {"url": receiver.url("/all"), "events": ["message.created", "message.updated"], "chat_ids": [chat]}
    workspace.make("/v1/webhooks", everything)
    for format_ in ("slack", "mattermost"):
        workspace.make("/v1/webhooks", {**everything, "events": ["message.created"], "format": format_})
    url = hook(workspace, chat=chat).path
    sent = {"text": "Ready?", "attachments": [box(receiver)]}
    assert workspace.world.call("POST", url, json_body=sent).status == 200
    message = newest(workspace, chat)
    posted = workspace.call(
        "POST",
        "/api/v4/posts",
        {"channel_id": short(chat), "message": "Ready?", "props": {"attachments": [box(receiver)]}},
    )
    answers(receiver, {"update": {"message": "Again?", "props": {"attachments": [box(receiver)]}}})
    seen = [posted, click(workspace, message), native(workspace, message)]
    workspace.world.pump()
    for target in (
        f"/v1/chats/{chat}/messages",
        f"/v1/chats/{chat}/messages/{message['id']}",
        f"/api/v4/channels/{short(chat)}/posts",
        f"/api/v4/posts/{short(message['id'])}",
        f"/api/v4/posts/{short(message['id'])}/thread",
        "/v1/audit",
        "/v1/webhooks",
    ):
        seen.append(workspace.call("GET", target))
        assert seen[-1].status == 200, target
    bodies = [answer.body for answer in seen] + [request.body for request in receiver.requests("/all")]
    assert len(receiver.requests("/all")) >= 5
    for body in bodies:
        assert SECRET.encode() not in body
        assert b"/actions" not in body.replace(b"/api/v4/posts", b"")
    stored = [json.dumps(item) for name, item in workspace.world.items() if name in ("EventsTable", "DeliveriesTable")]
    assert stored
    assert not [item for item in stored if SECRET in item]

"""Commands: created and changed by their owners, and run by a message that begins with a slash."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from ferryman import clock
from ferryman.integrations.commands import running

from local.receiver import Answer, Receiver
from tests.integration.commands import answers, command
from tests.integration.conftest import Later, Workspace
from tests.support.mattermost import form, short

type Made = dict[str, Any]


@pytest.fixture
def chat(workspace: Workspace) -> str:
    return workspace.chat("Builds", handle="builds")


def say(workspace: Workspace, chat: str, text: str, status: int = 201, **options: Any) -> Made:
    answer = workspace.call("POST", f"/v1/chats/{chat}/messages", {"text": text}, **options)
    assert answer.status == status, answer.body
    return dict(answer.json)


def said(workspace: Workspace, chat: str) -> list[Made]:
    return workspace.messages(chat)[::-1]


# --- managing ---------------------------------------------------------------------------------------------------------


def test_a_command_is_created_read_changed_and_deleted(workspace: Workspace, receiver: Receiver) -> None:
    made = command(workspace, receiver, trigger="Deploy", name="Deployments", autocomplete=True)
    assert (made["trigger"], made["method"], made["state"]) == ("deploy", "post", "enabled")
    token = made.pop("token")
    assert len(token) == 26
    path = f"/v1/commands/{made['id']}"
    assert workspace.call("GET", path).json == made
    assert workspace.call("GET", "/v1/commands").json["items"] == [made]
    changed = workspace.call("PATCH", path, {"trigger": "ship", "name": None, "method": "get"})
    assert (changed.status, changed.json["trigger"], changed.json["name"]) == (200, "ship", None)
    again = workspace.make(f"{path}/regenerate", None, 200)
    assert len(again["token"]) == 26
    assert again["token"] != token
    assert command(workspace, receiver)["trigger"] == "deploy", "the old trigger is free"
    assert workspace.call("DELETE", path).status == 204
    assert workspace.call("GET", path).status == 404
    command(workspace, receiver, trigger="ship")
    actions = [entry["action"] for entry in workspace.call("GET", "/v1/audit").json["items"]]
    assert {"command.created", "command.edited", "command.regenerated", "command.deleted"} <= set(actions)


def test_a_trigger_is_held_once_in_live_and_once_in_test(workspace: Workspace, receiver: Receiver) -> None:
    made = command(workspace, receiver)
    wanted = {"trigger": "DEPLOY", "url": receiver.url("/commands")}
    assert workspace.call("POST", "/v1/commands", wanted).status == 409
    other = command(workspace, receiver, trigger="ship")
    assert workspace.call("PATCH", f"/v1/commands/{other['id']}", {"trigger": "deploy"}).status == 409
    tester = workspace.narrow("admin:*", environment="development")
    assert tester.call("POST", "/v1/commands", wanted).status == 201
    assert tester.call("GET", f"/v1/commands/{made['id']}").status == 404


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"trigger": "/deploy"}, "/trigger"),
        ({"trigger": "two words"}, "/trigger"),
        ({"trigger": ""}, "/trigger"),
        ({"trigger": "a" * 129}, "/trigger"),
        ({"trigger": "Help"}, "/trigger"),
        ({"url": "https://169.254.169.254/"}, "/url"),
        ({"url": "ftp://ci.example.com/"}, "/url"),
        ({"method": "put"}, "/method"),
        ({"reply_avatar_url": "http://cdn.example.com/x.png"}, "/reply_avatar_url"),
    ],
)
def test_a_command_that_could_not_work_is_refused(
    workspace: Workspace, receiver: Receiver, fields: Made, place: str
) -> None:
    answer = workspace.call("POST", "/v1/commands", {"trigger": "deploy", "url": receiver.url("/c"), **fields})
    assert answer.status == 422, answer.body
    assert [error["pointer"] for error in answer.json["errors"]] == [place]


def test_an_owner_who_is_deactivated_takes_the_command_along(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    manager = workspace.person("manager", "webhooks:write", "webhooks:read")
    made = command(manager, receiver)
    assert workspace.call("PATCH", f"/v1/users/{manager.user_id}", {"active": False}).status == 200
    path = f"/v1/commands/{made['id']}"
    shown = workspace.call("GET", path).json
    assert (shown["state"], shown["disabled_reason"]) == ("disabled", "owner_deactivated")
    say(workspace, chat, "/deploy")
    assert not receiver.requests("/commands")
    assert [message["text"] for message in said(workspace, chat)] == ["/deploy"]
    assert workspace.call("PATCH", path, {"state": "enabled"}).status == 409
    assert workspace.call("PUT", f"{path}/owner", {"user_id": workspace.user_id}).status == 200
    assert workspace.call("PATCH", path, {"state": "enabled"}).json["state"] == "enabled"
    say(workspace, chat, "/deploy")
    assert len(receiver.requests("/commands")) == 1


def test_narrow_tokens_manage_their_own_commands(workspace: Workspace, receiver: Receiver) -> None:
    made = command(workspace, receiver)
    manager = workspace.person("manager", "webhooks:write", "webhooks:read")
    own = command(manager, receiver, trigger="ship")
    assert [one["id"] for one in manager.call("GET", "/v1/commands").json["items"]] == [own["id"]]
    assert manager.call("GET", f"/v1/commands/{made['id']}").status == 404
    assert manager.call("PATCH", f"/v1/commands/{made['id']}", {"name": "Mine"}).status == 404


# --- running ----------------------------------------------------------------------------------------------------------


def test_the_receiver_gets_all_fields_and_the_command_is_not_posted(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    made = command(workspace, receiver)
    answers(receiver, {"response_type": "in_channel", "text": "Deploying", "goto_location": "https://ci.example.com/1"})
    ran = say(workspace, chat, "/Deploy  prod\nnow ")
    assert (ran["command_id"], ran["outcome"], ran["goto_location"]) == (
        made["id"],
        "answered",
        "https://ci.example.com/1",
    )
    (request,) = receiver.requests("/commands")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["authorization"] == f"Token {made['token']}"
    assert request.headers["accept"] == "application/json"
    found = form(request.body)
    me = workspace.call("GET", f"/v1/users/{workspace.user_id}").json
    assert urlsplit(found.pop("response_url")).path.startswith("/hooks/commands/")
    assert found == {
        "token": made["token"],
        "team_id": short(workspace.workspace_id),
        "team_domain": "acme",
        "channel_id": short(chat),
        "channel_name": "builds",
        "user_id": short(workspace.user_id),
        "user_name": me["handle"] or short(workspace.user_id),
        "command": "/deploy",
        "text": " prod\nnow ",
        "trigger_id": ran["trigger_id"],
    }
    (message,) = said(workspace, chat)
    assert (message["text"], message["visible_to"]) == ("Deploying", None)
    assert message["author"] == {
        "type": "command",
        "id": made["id"],
        "name": "deploy",
        "avatar_url": None,
        "emoji": None,
        "handle": None,
        "is_bot": None,
        "deleted": None,
    }
    assert [message["id"]] == [one["id"] for one in ran["messages"]]


def test_an_ephemeral_answer_is_for_the_person_alone(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    command(workspace, receiver)
    colleague = workspace.person("staff", "messages:read", "messages:write", "chats:read")
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{colleague.user_id}").status == 200
    workspace.make("/v1/webhooks", {"url": receiver.url("/all"), "events": ["message.created"], "chat_ids": [chat]})
    answers(receiver, {"text": "Only for you"})
    ran = say(colleague, chat, "/deploy")
    assert ran["messages"][0]["visible_to"] == colleague.user_id
    assert [one["text"] for one in said(colleague, chat)] == ["Only for you"]
    assert said(workspace, chat) == []
    workspace.world.pump()
    assert not receiver.requests("/all")


def test_each_of_the_extra_answers_is_posted_where_it_says(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    command(workspace, receiver, reply_name="CI")
    other = workspace.chat("Releases")
    answers(
        receiver,
        {
            "text": "for you",
            "username": "nobody",
            "extra_responses": [
                {"response_type": "in_channel", "text": "for all", "attachments": [{"text": "<!here>"}]},
                {"response_type": "in_channel", "text": "elsewhere", "channel_id": short(other)},
                None,
                {"response_type": "in_channel", "text": "nowhere", "channel_id": "0" * 26},
                {"response_type": "in_channel", "text": "x", "type": "system_join"},
            ],
        },
    )
    ran = say(workspace, chat, "/deploy")
    assert ran["outcome"] == "failed"
    assert "does not belong" in ran["detail"]
    assert [one["text"] for one in said(workspace, chat)] == ["for you", "for all"]
    assert {one["author"]["name"] for one in said(workspace, chat)} == {"CI"}
    assert said(workspace, chat)[1]["attachments"][0]["text"] == "@here"
    assert [one["text"] for one in said(workspace, other)] == ["elsewhere"]


def test_a_text_that_is_not_json_is_the_answer_itself(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    command(workspace, receiver)
    receiver.answer("/commands", Answer(body=b'{"text": "no JSON"}', headers={"Content-Type": "text/plain"}))
    say(workspace, chat, "/deploy")
    assert [one["text"] for one in said(workspace, chat)] == ['{"text": "no JSON"}']


def test_a_get_command_has_its_fields_in_the_url(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    command(workspace, receiver, url=receiver.url("/commands?x=1"), method="get")
    say(workspace, chat, "/deploy prod")
    (request,) = receiver.requests()
    assert (request.method, request.body) == ("GET", b"")
    query = dict(parse_qsl(urlsplit(request.path).query))
    assert (query["x"], query["text"], query["command"]) == ("1", "prod", "/deploy")
    ran = say(workspace, chat, "/deploy " + "x" * 3000)
    assert (ran["outcome"], len(receiver.requests())) == ("failed", 1)


def test_people_who_are_named_are_listed(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    command(workspace, receiver)
    bot = workspace.make("/v1/bots", {"name": "Bot", "handle": f"bot-{workspace.workspace_id[-8:].lower()}"})
    handle = workspace.call("GET", f"/v1/bots/{bot['id']}").json["handle"]
    say(workspace, chat, f"/deploy with @{handle} and @nobody-at-all")
    found = form(receiver.requests("/commands")[0].body)
    assert (found["user_mentions"], found["user_mentions_ids"]) == (handle, short(bot["id"]))


@pytest.mark.parametrize("text", ["/unknown", "/usr/bin is missing", "/ deploy", "/", " /deploy", "//deploy"])
def test_texts_that_run_no_command_are_posted(workspace: Workspace, receiver: Receiver, chat: str, text: str) -> None:
    command(workspace, receiver)
    assert say(workspace, chat, text)["text"] == text
    assert not receiver.requests("/commands")


FAILING = {
    "another status": (Answer(status=201, body=b"{}"), "status 201"),
    "an error": (Answer(status=500, body=b'{"text": "x"}'), "status 500"),
    "a redirect": (Answer(status=302, headers={"Location": "https://example.com"}), "status 302"),
    "broken JSON": (Answer(body=b"{", headers={"Content-Type": "application/json"}), "cannot be read"),
    "a list": (Answer(body=b"[]", headers={"Content-Type": "application/json; charset=utf-8"}), "cannot be read"),
    "a wrong type": (Answer(body=b'{"text": 5}', headers={"Content-Type": "application/json"}), "cannot be read"),
}


@pytest.mark.parametrize(("answer", "reason"), FAILING.values(), ids=list(FAILING))
def test_a_receiver_that_fails_is_told_of_and_nothing_is_posted(
    workspace: Workspace, receiver: Receiver, chat: str, answer: Answer, reason: str
) -> None:
    command(workspace, receiver)
    receiver.answer("/commands", answer)
    ran = say(workspace, chat, "/deploy")
    assert ran["outcome"] == "failed"
    assert reason in ran["detail"]
    assert said(workspace, chat) == []


def test_a_receiver_that_cannot_be_reached_is_told_of(workspace: Workspace, chat: str) -> None:
    workspace.make("/v1/commands", {"trigger": "deploy", "url": "https://nobody.invalid/"})
    ran = say(workspace, chat, "/deploy")
    assert (ran["outcome"], ran["messages"]) == ("failed", [])


def test_who_may_not_post_runs_nothing(workspace: Workspace, other: Workspace, receiver: Receiver, chat: str) -> None:
    command(workspace, receiver)
    stranger = workspace.person("staff", "messages:write")
    for caller in (stranger, other):
        assert caller.call("POST", f"/v1/chats/{chat}/messages", {"text": "/deploy"}).status == 404
    reader = workspace.narrow("messages:read")
    assert reader.call("POST", f"/v1/chats/{chat}/messages", {"text": "/deploy"}).status == 403
    assert workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False}).status == 200
    assert workspace.call("POST", f"/v1/chats/{chat}/messages", {"text": "/deploy"}).status == 409
    assert not receiver.requests("/commands")


def test_a_repeated_key_runs_a_command_once(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    command(workspace, receiver)
    answers(receiver, {"text": "done"})
    headers = {"idempotency-key": "run-1"}
    assert say(workspace, chat, "/deploy", headers=headers)["outcome"] == "answered"
    assert say(workspace, chat, "/deploy", headers=headers)["outcome"] == "repeated"
    assert len(receiver.requests("/commands")) == 1


def test_the_answer_in_the_chat_calls_outgoing_webhooks_by_their_words(
    workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    command(workspace, receiver)
    workspace.make(
        "/v1/webhooks",
        {
            "url": receiver.url("/out"),
            "events": ["message.created"],
            "chat_ids": [chat],
            "format": "mattermost",
            "trigger_words": ["shipped"],
        },
    )
    answers(receiver, {"response_type": "in_channel", "text": "shipped it"})
    say(workspace, chat, "/deploy")
    workspace.world.pump()
    assert form(receiver.requests("/out")[0].body)["user_name"] == "deploy"


def test_a_workspace_runs_so_many_commands_a_minute(
    workspace: Workspace, receiver: Receiver, chat: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "RUNS_PER_MINUTE", 2)
    monkeypatch.setattr(clock, "now", lambda: 1_795_257_600.0 + 5)
    made = command(workspace, receiver)
    assert made
    statuses = [workspace.call("POST", f"/v1/chats/{chat}/messages", {"text": "/deploy"}).status for _ in range(3)]
    assert statuses == [201, 201, 429]
    assert len(receiver.requests("/commands")) == 2


# --- answering later --------------------------------------------------------------------------------------------------


@pytest.fixture
def address(workspace: Workspace, receiver: Receiver, chat: str) -> str:
    """The path of the reply address of a command that was run in the chat."""
    command(workspace, receiver)
    answers(receiver, {})
    say(workspace, chat, "/deploy")
    return urlsplit(form(receiver.requests("/commands")[0].body)["response_url"]).path


def refused(answer: Any) -> tuple[int, str]:
    assert list(answer.json) == ["id", "message", "detailed_error", "request_id", "status_code"]
    return answer.status, answer.json["id"]


def test_five_answers_are_posted_and_no_sixth(workspace: Workspace, chat: str, address: str) -> None:
    call = workspace.world.call
    for number in range(5):
        answer = call("POST", address, json_body={"response_type": "in_channel", "text": f"step {number}"})
        assert (answer.status, answer.body) == (200, b"ok")
        assert answer.headers["content-type"].startswith("text/plain")
        if not number:  # what cannot be read is not counted
            bad = call("POST", address, body="{", headers={"content-type": "application/json"})
            assert refused(bad) == (400, "web.command_webhook.parse.app_error")
    sixth = call("POST", address, json_body={"response_type": "in_channel", "text": "step 6"})
    assert refused(sixth) == (400, "app.command_webhook.try_use.invalid")
    assert [one["text"] for one in said(workspace, chat)] == [f"step {number}" for number in range(5)]


def test_an_address_ends_after_half_an_hour(workspace: Workspace, chat: str, address: str, later: Later) -> None:
    later(1790)
    assert workspace.world.call("POST", address, json_body={"text": "in time"}).status == 200
    later(1810)
    late = workspace.world.call("POST", address, json_body={"text": "late"})
    assert refused(late) == (404, "app.command_webhook.get.missing")
    assert [one["text"] for one in said(workspace, chat)] == ["in time"]


def test_a_later_answer_is_for_the_person_unless_it_says_otherwise(
    workspace: Workspace, chat: str, address: str
) -> None:
    assert workspace.world.call("POST", address, body="plain", headers={"content-type": "text/plain"}).status == 200
    assert workspace.world.call("POST", address, json_body={"replace_original": True}).status == 200
    (message,) = said(workspace, chat)
    assert (message["text"], message["visible_to"]) == ("plain", workspace.user_id)


def test_unknown_addresses_and_deleted_commands_accept_nothing(workspace: Workspace, chat: str, address: str) -> None:
    for path in (
        f"{address[:-1]}_",
        "/hooks/commands/" + "a" * 26,
        address.upper().replace("/HOOKS/COMMANDS", "/hooks/commands"),
    ):
        unknown = workspace.world.call("POST", path, json_body={"text": "x"})
        assert refused(unknown) == (404, "app.command_webhook.get.missing")
    (made,) = workspace.call("GET", "/v1/commands").json["items"]
    assert workspace.call("DELETE", f"/v1/commands/{made['id']}").status == 204
    gone = workspace.world.call("POST", address, json_body={"text": "x"})
    assert refused(gone) == (404, "store.sql_command.save.get.app_error")
    assert said(workspace, chat) == []


def test_nothing_is_answered_to_a_person_who_left_the_chat(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    command(workspace, receiver)
    answers(receiver, {})
    colleague = workspace.person("staff", "messages:write")
    member = f"/v1/chats/{chat}/members/{colleague.user_id}"
    assert workspace.call("PUT", member).status == 200
    say(colleague, chat, "/deploy")
    address = urlsplit(form(receiver.requests("/commands")[0].body)["response_url"]).path
    assert workspace.call("DELETE", member).status == 204
    answer = workspace.world.call("POST", address, json_body={"response_type": "in_channel", "text": "x"})
    assert refused(answer) == (403, "api.context.permissions.app_error")
    assert said(workspace, chat) == []


def test_the_secret_of_an_address_opens_nothing_else(workspace: Workspace, address: str) -> None:
    secret = address.rpartition("/")[2]
    assert workspace.world.call("GET", "/v1/me", token=secret).status == 401
    assert workspace.world.call("POST", f"/hooks/{secret}", json_body={"text": "x"}).status == 400

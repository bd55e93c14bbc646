"""The documented tables of outgoing webhooks, commands and buttons, row by row: triggers, requests and replies."""

import json
from typing import Any

import pytest
from ferryman import clock

from local.receiver import Answer, Receiver
from tests.integration.conftest import Workspace
from tests.integration.mattermost.actions import answers, box, click, newest
from tests.integration.mattermost.hooks import hook as incoming
from tests.integration.mattermost.outgoing import hook, posted, say
from tests.integration.mattermost.v4 import execute, refused
from tests.support.mattermost import form, short

type Made = dict[str, Any]
JSON = {"Content-Type": "application/json"}


# --- outgoing webhooks: what calls ------------------------------------------------------------------------------------

FIRING: dict[str, tuple[list[str], str, str, str | None]] = {
    "the word itself": (["deploy"], "first_word", "deploy", "deploy"),
    "the word and more": (["deploy"], "first_word", "deploy now", "deploy"),
    "the word behind blanks": (["deploy"], "first_word", "  \n\tdeploy now", "deploy"),
    "a second word": (["deploy"], "first_word", "please deploy", None),
    "a longer word": (["deploy"], "first_word", "deployment", None),
    "a word in other letters": (["deploy"], "first_word", "Deploy", None),
    "one of several": (["build", "deploy"], "first_word", "deploy", "deploy"),
    "a beginning": (["deploy"], "starts_with", "deployment", "deploy"),
    "a beginning of a second word": (["deploy"], "starts_with", "a deployment", None),
    "a beginning in other letters": (["deploy"], "starts_with", "DEPLOY", None),
    "no words at all": ([], "first_word", "anything", ""),
}


@pytest.mark.parametrize(("words", "when", "text", "expected"), FIRING.values(), ids=list(FIRING))
def test_which_message_calls(
    workspace: Workspace, receiver: Receiver, chat: str, words: list[str], when: str, text: str, expected: str | None
) -> None:
    hook(workspace, receiver, chat, trigger_words=words, trigger_when=when)
    say(workspace, chat, text)
    calls = [form(request.body)["trigger_word"] for request in receiver.requests("/out")]
    assert calls == ([] if expected is None else [expected])


def test_the_channel_and_the_word_must_both_be_right(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    hook(workspace, receiver, chat)
    say(workspace, workspace.chat("Another"), "deploy")
    assert not receiver.requests("/out")


def test_posts_of_the_api_call_those_of_people_and_of_bots(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    hook(workspace, receiver, chat)
    bot = workspace.make("/v1/bots", {"name": "Robot", "handle": "robot"})
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
    as_bot = Workspace(workspace.world, workspace.workspace_id, bot["id"], bot["token"])
    for by in (workspace, as_bot):
        by.make("/api/v4/posts", {"channel_id": short(chat), "message": "deploy"})
        workspace.world.pump()
    assert [form(one.body)["user_name"] for one in receiver.requests("/out")][1:] == ["robot"]
    assert len(receiver.requests("/out")) == 2


def test_attachments_of_a_message_are_not_sent(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    hook(workspace, receiver, chat, trigger_words=[])
    sent = {"channel_id": short(chat), "message": "see", "props": {"attachments": [{"text": "hidden"}]}}
    workspace.make("/api/v4/posts", sent)
    workspace.world.pump()
    (request,) = receiver.requests("/out")
    assert b"hidden" not in request.body
    assert form(request.body)["text"] == "see"


# --- outgoing webhooks: what goes out ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "kept"),
    [
        ("application/json", "application/json"),
        ("application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        ("text/plain", "application/x-www-form-urlencoded"),
        ("", "application/x-www-form-urlencoded"),
        (None, "application/x-www-form-urlencoded"),
    ],
)
def test_the_body_is_json_or_a_form(
    workspace: Workspace, receiver: Receiver, chat: str, content_type: str | None, kept: str
) -> None:
    wanted = {
        "team_id": short(workspace.workspace_id),
        "channel_id": short(chat),
        "display_name": "Deployments",
        "trigger_words": ["deploy"],
        "callback_urls": [receiver.url("/out")],
        "content_type": content_type,
    }
    made = workspace.make("/api/v4/hooks/outgoing", wanted)
    assert made["content_type"] == kept
    before = clock.now()
    message = say(workspace, chat, "deploy prod & more")
    (request,) = receiver.requests("/out")
    assert request.headers["content-type"] == kept
    if kept == "application/json":
        found = json.loads(request.body)
        milliseconds = found.pop("timestamp")
    else:
        found = form(request.body)
        milliseconds = int(found.pop("timestamp")) * 1000
    assert isinstance(milliseconds, int)
    assert int(before) * 1000 <= milliseconds <= clock.now() * 1000
    assert {name: found[name] for name in ("token", "text", "post_id", "file_ids", "trigger_word")} == {
        "token": made["token"],
        "text": "deploy prod & more",
        "post_id": short(message["id"]),
        "file_ids": "",
        "trigger_word": "deploy",
    }


# --- outgoing webhooks: what comes back -------------------------------------------------------------------------------

SILENT: dict[str, Answer] = {
    "nothing": Answer(body=b""),
    "a text": Answer(body=b"thank you"),
    "a page": Answer(body=b"<html>{}</html>"),
    "broken JSON": Answer(body=b'{"text": "x"'),
    "a list": Answer(body=b'[{"text": "x"}]'),
    "an empty object": Answer(body=b"{}"),
    "an empty text": Answer(body=b'{"text": ""}'),
    "blanks": Answer(body=b'{"text": " \\n"}'),
    "null": Answer(body=b'{"text": null, "attachments": []}'),
    "a number": Answer(body=b'{"text": 5}'),
    "a redirect": Answer(status=302, headers={"Location": "https://example.com"}, body=b'{"text": "x"}'),
    "an error": Answer(status=500, body=b'{"text": "x"}'),
}


@pytest.mark.parametrize("answer", SILENT.values(), ids=list(SILENT))
def test_an_answer_that_says_nothing_posts_nothing(
    workspace: Workspace, receiver: Receiver, chat: str, answer: Answer
) -> None:
    receiver.answer("/out", answer)
    hook(workspace, receiver, chat)
    say(workspace, chat, "deploy")
    assert receiver.requests("/out")
    assert posted(workspace, chat) == []


SPEAKING: dict[str, tuple[Answer, Made]] = {
    "a text": (Answer(body=b'{"text": "done"}'), {"text": "done", "attachments": None}),
    "with another status of success": (Answer(status=202, body=b'{"text": "done"}'), {"text": "done"}),
    "attachments alone": (Answer(body=b'{"text": null, "attachments": [{"text": "box"}]}'), {"text": ""}),
    "a comment": (Answer(body=b'{"text": "done", "response_type": "comment"}'), {"text": "done"}),
    "a post": (Answer(body=b'{"text": "done", "response_type": "post"}'), {"text": "done"}),
    "an announcement": (
        Answer(body=b'{"text": "<!here> <https://e.example|log>"}'),
        {"text": "@here [log](https://e.example)"},
    ),
    "props": (Answer(body=b'{"text": "done", "props": {"card": "x", "from_webhook": "no"}}'), {"props": {"card": "x"}}),
}


@pytest.mark.parametrize(("answer", "expected"), SPEAKING.values(), ids=list(SPEAKING))
def test_an_answer_is_posted_once_and_calls_nobody(
    workspace: Workspace, receiver: Receiver, chat: str, answer: Answer, expected: Made
) -> None:
    receiver.answer("/out", answer)
    hook(workspace, receiver, chat, trigger_words=[])  # every message of the chat would call it
    say(workspace, chat, "deploy")
    (message,) = posted(workspace, chat)
    assert {name: message[name] for name in expected} == expected
    assert len(receiver.requests("/out")) == 1, "the answer is in the chat and calls nobody"


NAMING = {
    "text": "<@{ada}> and <@U024BE7LH>",
    "attachments": [
        {"pretext": "<@{ada}>", "title": "<@{ada}>", "text": "<@{ada}>", "fields": [{"value": "<@{ada}>"}]}
    ],
    "priority": {"priority": "urgent", "requested_ack": True},
}


@pytest.fixture
def naming(workspace: Workspace) -> bytes:
    """An answer that mentions a user in each of its texts, and has a priority."""
    ada = workspace.make("/v1/users", {"name": "Ada", "email": "a@example.com", "role": "staff", "handle": "ada"})
    return json.dumps(NAMING).replace("{ada}", short(ada["id"])).encode()


def named(message: Made) -> list[str]:
    (shown,) = message["attachments"]
    return [message["text"], shown["pretext"], shown["title"], shown["text"], shown["fields"][0]["value"]]


HANDLES = ["@ada and <@U024BE7LH>", "@ada", "@ada", "@ada", "@ada"]


def test_an_answer_names_people_by_their_ids_and_has_a_priority(
    workspace: Workspace, receiver: Receiver, chat: str, naming: bytes
) -> None:
    receiver.answer("/out", Answer(body=naming))
    hook(workspace, receiver, chat)
    say(workspace, chat, "deploy")
    (message,) = posted(workspace, chat)
    assert named(message) == HANDLES
    assert message["priority"] == {"level": "urgent", "acknowledge": True, "persistent": False}


@pytest.mark.parametrize("kept", [False, True])
def test_an_answer_of_a_command_names_people_too(
    workspace: Workspace, receiver: Receiver, chat: str, naming: bytes, kept: bool
) -> None:
    body = json.loads(naming) | ({"skip_slack_parsing": True} if kept else {})
    receiver.answer("/commands", Answer(body=json.dumps(body).encode(), headers=JSON))
    command(workspace, receiver)
    assert execute(workspace, chat, "/deploy").status == 200
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    assert (named(message) == HANDLES, "@ada" in message["text"]) == (not kept, not kept)
    assert message["priority"]["level"] == "urgent"


def test_a_name_that_slack_escapes_stays_a_text(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    ada = workspace.make("/v1/users", {"name": "Ada", "email": "a@example.com", "role": "staff", "handle": "ada"})
    text = f"&lt;@{short(ada['id'])}&gt;"
    receiver.answer("/out", Answer(body=json.dumps({"text": text}).encode()))
    hook(workspace, receiver, chat, format="slack")
    say(workspace, chat, "deploy")
    assert [one["text"] for one in posted(workspace, chat)] == [text.replace("&lt;", "<").replace("&gt;", ">")]


# --- commands ---------------------------------------------------------------------------------------------------------


def command(workspace: Workspace, receiver: Receiver, **fields: Any) -> Made:
    wanted = {
        "team_id": short(workspace.workspace_id),
        "trigger": "deploy",
        "method": "P",
        "url": receiver.url("/commands"),
        **fields,
    }
    made: Made = workspace.make("/api/v4/commands", wanted)
    return made


SPLIT: dict[str, tuple[str, str]] = {
    "nothing behind": ("/deploy", ""),
    "one blank": ("/deploy prod", "prod"),
    "two blanks": ("/deploy  prod ", " prod "),
    "a line feed": ("/deploy\nprod", "prod"),
    "a tab": ("/deploy\tprod", "prod"),
    "a blank of another kind": ("/deploy\u00a0prod", "prod"),
    "capitals": ("/DEPLOY Prod", "Prod"),
}


@pytest.mark.parametrize(("said", "text"), SPLIT.values(), ids=list(SPLIT))
def test_a_command_ends_at_the_first_blank(
    workspace: Workspace, receiver: Receiver, chat: str, said: str, text: str
) -> None:
    command(workspace, receiver)
    assert execute(workspace, chat, said).status == 200
    found = form(receiver.requests("/commands")[0].body)
    assert (found["command"], found["text"]) == ("/deploy", text)


ANSWERED: dict[str, tuple[Answer, list[tuple[str, bool]]]] = {
    "nothing": (Answer(body=b""), []),
    "an empty object": (Answer(body=b"{}", headers=JSON), []),
    "a text for the person": (Answer(body=b'{"text": "x"}', headers=JSON), [("x", True)]),
    "ephemeral": (Answer(body=b'{"text": "x", "response_type": "ephemeral"}', headers=JSON), [("x", True)]),
    "for everybody": (Answer(body=b'{"text": "x", "response_type": "in_channel"}', headers=JSON), [("x", False)]),
    "plain text": (Answer(body=b"x", headers={"Content-Type": "text/plain"}), [("x", True)]),
    "no content type": (Answer(body=b'{"text": "x"}', headers={"Content-Type": ""}), [('{"text": "x"}', True)]),
    "JSON with a charset": (
        Answer(body=b'{"text": "x"}', headers={"Content-Type": "application/json; charset=utf-8"}),
        [("x", True)],
    ),
    "notation": (Answer(body=b'{"text": "<!here>"}', headers=JSON), [("@here", True)]),
    "notation that is kept": (
        Answer(body=b'{"text": "<!here>", "skip_slack_parsing": true}', headers=JSON),
        [("<!here>", True)],
    ),
    "more answers": (
        Answer(body=b'{"text": "x", "extra_responses": [{"text": "y", "response_type": "in_channel"}]}', headers=JSON),
        [("x", True), ("y", False)],
    ),
}


@pytest.mark.parametrize(("answer", "expected"), ANSWERED.values(), ids=list(ANSWERED))
def test_an_answer_of_a_command_becomes_messages(
    workspace: Workspace, receiver: Receiver, chat: str, answer: Answer, expected: list[tuple[str, bool]]
) -> None:
    command(workspace, receiver)
    receiver.answer("/commands", answer)
    assert execute(workspace, chat, "/deploy").status == 200
    items = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"][::-1]
    assert [(one["text"], one["visible_to"] is not None) for one in items] == expected


# --- buttons ----------------------------------------------------------------------------------------------------------


def test_each_field_of_an_action_is_shown_but_its_program(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    action = {
        "id": "go",
        "type": "select",
        "name": "Go",
        "style": "#ff00dd",
        "tooltip": "Really",
        "disabled": True,
        "data_source": "users",
        "default_option": "a",
        "options": [{"text": "A", "value": "a"}],
    }
    sent = {"text": "?", "attachments": [{"text": "box", "actions": [{**action, "integration": {"url": "https://x"}}]}]}
    message = incoming(workspace, chat=chat).said(sent)
    shown = workspace.call("GET", f"/api/v4/posts/{short(message['id'])}").json
    assert shown["props"]["attachments"][0]["actions"] == [action]


@pytest.mark.parametrize("given", ["", None, 5, "with-dash", "with_line"])
def test_an_action_is_called_by_its_own_id_or_by_one_that_it_gets(
    workspace: Workspace, receiver: Receiver, chat: str, given: Any
) -> None:
    receiver.answer("/actions", Answer(body=b""))
    incoming(workspace, chat=chat).said({"text": "?", "attachments": [box(receiver, id=given)]})
    message = newest(workspace, chat)
    id_ = message["attachments"][0]["actions"][0]["id"]
    if isinstance(given, str) and given:
        assert id_ == given
    else:
        assert (len(id_), id_.isalnum()) == (26, True)
    assert click(workspace, message, id_).status == 200


CLICKED: dict[str, tuple[Made, str]] = {
    "notation": ({"ephemeral_text": "<!here> <https://e.example|log>"}, "@here [log](https://e.example)"),
    "notation that is kept": ({"ephemeral_text": "<!here>", "skip_slack_parsing": True}, "<!here>"),
}


@pytest.mark.parametrize(("answer", "expected"), CLICKED.values(), ids=list(CLICKED))
def test_the_text_for_the_person_who_clicked(
    workspace: Workspace, receiver: Receiver, chat: str, answer: Made, expected: str
) -> None:
    incoming(workspace, chat=chat).said({"text": "?", "attachments": [box(receiver)]})
    answers(receiver, answer)
    assert click(workspace, newest(workspace, chat)).status == 200
    shown = newest(workspace, chat)
    assert (shown["text"], shown["visible_to"]) == (expected, workspace.user_id)


@pytest.mark.parametrize("kept", [False, True])
def test_the_text_for_the_person_who_clicked_names_people_too(
    workspace: Workspace, receiver: Receiver, chat: str, naming: bytes, kept: bool
) -> None:
    text = json.loads(naming)["text"]
    incoming(workspace, chat=chat).said({"text": "?", "attachments": [box(receiver)]})
    answers(receiver, {"ephemeral_text": text, "skip_slack_parsing": kept})
    assert click(workspace, newest(workspace, chat)).status == 200
    assert newest(workspace, chat)["text"] == (text if kept else HANDLES[0])


def test_an_update_keeps_who_posted(workspace: Workspace, receiver: Receiver, chat: str) -> None:
    sent = {"text": "?", "username": "Robot", "icon_emoji": "ship", "attachments": [box(receiver)]}
    message = incoming(workspace, chat=chat).said(sent)
    props = {"override_username": "root", "from_webhook": "no", "build": 2}
    answers(receiver, {"update": {"message": "done", "props": props}})
    assert click(workspace, message).status == 200
    after = newest(workspace, chat)
    assert (after["author"], after["props"], after["text"]) == (message["author"], {"build": 2}, "done")


@pytest.mark.parametrize("body", [None, {}, {"cookie": "x"}, {"selected_option": None}, {"selected_option": 5}])
def test_a_click_needs_no_body(workspace: Workspace, receiver: Receiver, chat: str, body: Any) -> None:
    receiver.answer("/actions", Answer(body=b""))
    incoming(workspace, chat=chat).said({"text": "?", "attachments": [box(receiver)]})
    answer = click(workspace, newest(workspace, chat), body=body)
    assert (answer.status, answer.json["status"], len(answer.json["trigger_id"])) == (200, "OK", 26)


def test_a_program_that_is_not_there_is_an_error_of_the_integration(workspace: Workspace, chat: str) -> None:
    action = {"id": "go", "name": "Go", "integration": {"url": "https://nobody.invalid/"}}
    incoming(workspace, chat=chat).said({"text": "?", "attachments": [{"actions": [action]}]})
    failed = (400, "api.post.do_action.action_integration.app_error")
    assert refused(click(workspace, newest(workspace, chat))) == failed

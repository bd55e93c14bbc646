"""FChat, sentence by sentence: docs/coverage.md names these tests beside what FChat's documentation promises."""

import hashlib
import hmac
import json
from typing import Any

import boto3
import jsonschema
import pytest
from ferryman import clock

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.logged import logged
from tests.support.refusals import refused as aws_refused
from tests.support.world import Answer, World

CHANNEL = "Channel or token not found"
KEYBOARD = {
    "inlineKeyboard": [
        [{"text": "✅ Approve", "callbackData": {"action": "approve", "data": "approve_request"}}],
        [{"text": "❌ Reject", "callbackData": {"action": "reject", "data": "reject_request"}}],
    ]
}


class App:
    """An application of a workspace, seen from outside."""

    def __init__(self, workspace: Workspace, **fields: Any) -> None:
        self.workspace = workspace
        self.world = workspace.world
        self.name = fields.pop("app_name", "MY_APP")
        self.made = workspace.make("/v1/applications", {"app_name": self.name, **fields})
        self.id = str(self.made["id"])
        self.token = str(self.made["token"])

    def post(self, body: Any = None, **options: Any) -> Answer:
        """To the group."""
        return self.world.call("POST", f"/webhooks/{self.name}/{self.token}", json_body=body, **options)

    def message(self, body: Any = None, **options: Any) -> Answer:
        """To a person."""
        return self.world.call("POST", f"/webhooks/{self.token}/fchat", json_body=body, **options)

    def edit(self, **changes: Any) -> Any:
        answer = self.workspace.call("PATCH", f"/v1/applications/{self.id}", changes)
        assert answer.status == 200, answer.body
        return answer.json

    def requests(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.workspace.call("GET", f"/v1/applications/{self.id}/requests").json["items"]
        return items


def group(workspace: Workspace) -> str:
    return workspace.chat("Alerts", external_id="beat-42")


def texts(workspace: Workspace, chat: str) -> list[str]:
    items = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    return [item["text"] for item in reversed(items)]


def refused(answer: Answer) -> tuple[int, str]:
    """Status and text of a refusal, whose envelope must be whole."""
    content = answer.json
    assert set(content) == {"ok", "error_code", "description"}
    assert content["ok"] is False
    assert content["error_code"] == answer.status
    assert answer.headers["content-type"] == "application/json"
    return answer.status, content["description"]


def people(workspace: Workspace) -> set[str]:
    return {user["email"] for user in workspace.call("GET", "/v1/users?limit=100").json["items"]}


def person(workspace: Workspace) -> Workspace:
    """A colleague who can read and write messages."""
    return workspace.person("staff", "messages:read", "messages:write", "chats:read")


def email_of(person: Workspace, owner: Workspace) -> str:
    return str(owner.call("GET", f"/v1/users/{person.user_id}").json["email"])


# --- the group --------------------------------------------------------------------------------------------


def test_a_message_to_the_group_is_posted_there(workspace: Workspace) -> None:
    chat = group(workspace)
    answer = App(workspace, chat_id=chat).post({"text": "System notification: All services running"})
    assert (answer.status, answer.json) == (200, {"ok": True})
    (message,) = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    assert message["text"] == "System notification: All services running"
    assert message["origin"] == "application"
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
    """Characters are code points, whatever their bytes."""
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
            boto3.client("dynamodb").delete_item(TableName=app.world.table("chats"), Key=key)
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
    """The same reads and writes, so that time tells nothing: counted, not measured."""
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


# --- people -----------------------------------------------------------------------------------------------


def test_a_person_is_messaged_by_email(workspace: Workspace) -> None:
    ada = person(workspace)
    app = App(workspace, may_message_people=True)
    answer = app.message({"email": email_of(ada, workspace).upper(), "text": "Hello!"})
    assert answer.status == 200
    context = answer.json["context"]
    assert answer.json == {
        "ok": True,
        "error_code": 200,
        "description": "Message sent to queue",
        "context": {"id": context["id"], "parameters": {}},
    }
    (chat,) = ada.call("GET", "/v1/chats").json["items"]
    assert (chat["type"], chat["application_id"], chat["name"]) == ("private", app.id, "MY_APP")
    assert texts(ada, chat["id"]) == ["Hello!"]
    again = app.message({"email": email_of(ada, workspace), "text": "Again"})
    assert again.json["context"]["id"] != context["id"]
    assert texts(ada, chat["id"]) == ["Hello!", "Again"]


def test_people_are_created_unless_that_is_turned_off(workspace: Workspace) -> None:
    app = App(workspace, may_message_people=True)
    assert app.message({"email": "new@example.com", "text": "Hello!"}).status == 200
    assert "new@example.com" in people(workspace)
    app.edit(creates_people=False)
    assert refused(app.message({"email": "b@example.com", "text": "x"})) == (404, "User b@example.com not found!")
    assert app.message({"email": "new@example.com", "text": "x"}).status == 200
    assert "b@example.com" not in people(workspace)
    assert app.requests()[1]["error"] == "User {email} not found!"


def test_people_of_other_domains_are_not_created(workspace: Workspace) -> None:
    app = App(workspace, may_message_people=True, email_domains=["Example.com"])
    assert app.message({"email": "a@EXAMPLE.com", "text": "x"}).status == 200
    for email in ("a@example.org", "a@sub.example.com", "a@notexample.com"):
        assert refused(app.message({"email": email, "text": "x"})) == (404, f"User {email} not found!")


def test_no_more_people_than_the_cap_are_created_in_an_hour(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = (clock.now() // 3600) * 3600 + 10
    monkeypatch.setattr(clock, "now", lambda: now)
    app = App(workspace, may_message_people=True, people_per_hour=2)
    answers = [app.message({"email": f"p{number}@example.com", "text": "x"}) for number in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 404]
    assert refused(answers[2])[1] == "User p2@example.com not found!"
    assert app.message({"email": "p1@example.com", "text": "x"}).status == 200
    monkeypatch.setattr(clock, "now", lambda: now + 3600)
    assert app.message({"email": "p2@example.com", "text": "x"}).status == 200
    app.edit(people_per_hour=0)
    assert app.message({"email": "p9@example.com", "text": "x"}).status == 404


def test_a_deactivated_person_is_not_found(workspace: Workspace) -> None:
    ada = person(workspace)
    email = email_of(ada, workspace)
    assert workspace.call("PATCH", f"/v1/users/{ada.user_id}", {"active": False}).status == 200
    app = App(workspace, may_message_people=True)
    assert refused(app.message({"email": email, "text": "x"})) == (404, f"User {email} not found!")


@pytest.mark.parametrize("stage", ["new person", "new chat"])
def test_two_at_once_make_one_person_and_one_chat(
    workspace: Workspace, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second request comes while the first has looked and not yet written."""
    from ferryman.conversations.chats import table as chats
    from ferryman.integrations.applications import table

    app = App(workspace, may_message_people=True)
    target = (table, "counting_person") if stage == "new person" else (chats, "creating")
    real = getattr(*target)
    inner: list[Any] = []

    def meanwhile(*arguments: Any) -> Any:
        if not inner:
            inner.append(None)
            inner[0] = app.message({"email": "both@example.com", "text": "second"})
        return real(*arguments)

    monkeypatch.setattr(*target, meanwhile)
    first = app.message({"email": "both@example.com", "text": "first"})
    assert (first.status, inner[0].status) == (200, 200)
    users = [user for user in workspace.call("GET", "/v1/users").json["items"] if user["email"] == "both@example.com"]
    (chat,) = [chat for chat in workspace.call("GET", "/v1/chats").json["items"] if chat["application_id"]]
    assert len(users) == 1
    assert sorted(texts(workspace, chat["id"])) == ["first", "second"]


GOOD = {"email": "user@example.com", "text": "Please choose an option:"}
TOO_MANY = [[{"text": str(number), "callbackData": number} for number in range(31)]]
SHAPE = "Bad Request: inlineKeyboard must be a list of list of dicts"
DICTIONARY = "Bad Request: reply_markup must be a dictionary"


@pytest.mark.parametrize(
    ("body", "description"),
    [
        ([], "Bad Request: invalid request"),
        ("text", "Bad Request: invalid request"),
        ({"text": "x"}, "Bad Request: email is empty"),
        ({"email": "  ", "text": "x"}, "Bad Request: email is empty"),
        ({"email": None, "text": "x"}, "Bad Request: email is empty"),
        ({"email": 1, "text": "x"}, "Bad Request: invalid request"),
        ({"email": "nobody", "text": "x"}, "Bad Request: invalid request"),
        ({"email": "user@example.com"}, "Bad Request: message text is empty"),
        ({"email": "user@example.com", "text": "\n"}, "Bad Request: message text is empty"),
        ({"email": "user@example.com", "text": "x" * 2001}, "Bad Request: message is too long"),
        ({**GOOD, "reply_markup": []}, DICTIONARY),
        ({**GOOD, "reply_markup": "x"}, DICTIONARY),
        ({**GOOD, "reply_markup": {}}, SHAPE),
        ({**GOOD, "reply_markup": {"inlineKeyboard": {}}}, SHAPE),
        ({**GOOD, "reply_markup": {"inlineKeyboard": [{"text": "x", "callbackData": 1}]}}, SHAPE),
        ({**GOOD, "reply_markup": {"inlineKeyboard": [["x"]]}}, SHAPE),
        ({**GOOD, "reply_markup": {"inlineKeyboard": [[{"text": "x"}]]}}, SHAPE),
        ({**GOOD, "reply_markup": {"inlineKeyboard": [[{"callbackData": 1}]]}}, SHAPE),
        ({**GOOD, "buttons": {}}, "Bad Request: invalid request"),
        ({**GOOD, "buttons": [{"title": "x"}]}, "Bad Request: invalid request"),
        ({**GOOD, "reply_markup": {"inlineKeyboard": TOO_MANY}}, "Limit 30 buttons"),
        ({**GOOD, "buttons": [{"title": "x", "payload": 1}] * 31}, "Limit 30 buttons"),
        (
            {**GOOD, "reply_markup": {"inlineKeyboard": [TOO_MANY[0][:30]]}, "buttons": [{"title": "x", "payload": 1}]},
            "Limit 30 buttons",
        ),
    ],
)
def test_the_table_of_user_errors(workspace: Workspace, body: Any, description: str) -> None:
    app = App(workspace, may_message_people=True)
    before = people(workspace)
    assert refused(app.message(body)) == (400, description)
    assert people(workspace) == before


def test_the_other_user_errors(workspace: Workspace) -> None:
    app = App(workspace, may_message_people=True, creates_people=False)
    unknown = workspace.world.call("POST", f"/webhooks/{'0' * 32}/fchat", json_body=GOOD)
    assert refused(unknown) == (404, "channel or token not found")
    assert refused(app.message(GOOD)) == (404, "User user@example.com not found!")
    app.edit(may_message_people=False)
    assert refused(app.message(GOOD)) == (404, "this app have not permission to send fchat message")
    assert refused(app.message(body="{")) == (404, "this app have not permission to send fchat message")


def test_the_first_thing_wrong_is_what_is_answered(workspace: Workspace) -> None:
    """Wrong in every way, and repaired one by one."""
    app = App(workspace, creates_people=False)
    body: dict[str, Any] = {"email": "", "text": "", "reply_markup": 1}
    token, app.token = app.token, "0" * 32
    said = [refused(app.message(body="{"))]
    app.token = token
    said.append(refused(app.message(body="{")))
    app.edit(may_message_people=True)
    said.append(refused(app.message(body="{")))
    for repair in (
        {},
        {"email": "x"},
        {"email": "user@example.com"},
        {"text": "x" * 2001},
        {"text": "x"},
        {"reply_markup": {"inlineKeyboard": 1}},
        {"reply_markup": {"inlineKeyboard": TOO_MANY}},
        {"reply_markup": None},
    ):
        body |= repair
        said.append(refused(app.message(body)))
    assert said == [
        (404, "channel or token not found"),
        (404, "this app have not permission to send fchat message"),
        (400, "Bad Request: invalid request"),
        (400, "Bad Request: email is empty"),
        (400, "Bad Request: invalid request"),
        (400, "Bad Request: message text is empty"),
        (400, "Bad Request: message is too long"),
        (400, DICTIONARY),
        (400, SHAPE),
        (400, "Limit 30 buttons"),
        (404, "User user@example.com not found!"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"reply_markup": KEYBOARD},
        {
            "reply_markup": {
                "inline_keyboard": [
                    [{"text": button["text"], "callback_data": button["callbackData"]} for button in row]
                    for row in KEYBOARD["inlineKeyboard"]
                ]
            }
        },
        {
            "buttons": [
                {"title": row[0]["text"], "payload": row[0]["callbackData"]} for row in KEYBOARD["inlineKeyboard"]
            ]
        },
    ],
)
def test_every_form_of_buttons_is_the_same(workspace: Workspace, body: dict[str, Any]) -> None:
    app = App(workspace, may_message_people=True)
    assert app.message({**GOOD, **body}).status == 200
    (chat,) = [chat for chat in workspace.call("GET", "/v1/chats").json["items"] if chat["application_id"]]
    (message,) = workspace.call("GET", f"/v1/chats/{chat['id']}/messages").json["items"]
    assert message["buttons"] == [
        [{"label": "✅ Approve", "data": {"action": "approve", "data": "approve_request"}}],
        [{"label": "❌ Reject", "data": {"action": "reject", "data": "reject_request"}}],
    ]


def test_thirty_buttons_pass(workspace: Workspace) -> None:
    app = App(workspace, may_message_people=True)
    assert app.message({**GOOD, "reply_markup": {"inlineKeyboard": [TOO_MANY[0][:30]]}}).status == 200


# --- answers ----------------------------------------------------------------------------------------------


class Talk:
    """A person who was asked something by an application with a callback."""

    def __init__(self, workspace: Workspace, receiver: Receiver, keyboard: Any = KEYBOARD, **fields: Any) -> None:
        self.world = workspace.world
        self.owner = workspace
        self.receiver = receiver
        self.person = person(workspace)
        self.email = email_of(self.person, workspace)
        self.app = App(workspace, may_message_people=True, webhook_url=receiver.url("/callback"), **fields)
        answer = self.app.message({"email": self.email, "text": "Approve?", "reply_markup": keyboard})
        assert answer.status == 200, answer.body
        self.context = answer.json["context"]["id"]
        (chat,) = self.person.call("GET", "/v1/chats").json["items"]
        self.chat = chat["id"]
        (message,) = self.person.call("GET", f"/v1/chats/{self.chat}/messages").json["items"]
        self.message = message["id"]

    def say(self, text: str) -> Any:
        return self.person.make(f"/v1/chats/{self.chat}/messages", {"text": text})

    def click(self, **choice: Any) -> Any:
        return self.person.make(f"/v1/messages/{self.message}/callbacks", choice)

    def told(self) -> list[Any]:
        self.world.pump()
        return [json.loads(request.body) for request in self.receiver.requests("/callback")]


def test_what_a_person_says_is_delivered_as_fchat_says_it(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    talk.say("Yes, ship it ✅")
    (body,) = talk.told()
    name = workspace.call("GET", f"/v1/users/{talk.person.user_id}").json["name"]
    assert body == {
        "message": {
            "text": "Yes, ship it ✅",
            "user": {"email": talk.email, "name": name},
            "chat": {"id": talk.chat, "type": "private"},
        }
    }
    assert list(body["message"]) == ["text", "user", "chat"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"action": "approve", "data": "approve_request"}, '{"action":"approve","data":"approve_request"}'),
        ({"z": 1, "a": [True, None, 1.5], "é": "✅"}, '{"z":1,"a":[true,null,1.5],"é":"✅"}'),
        ("option_a", "option_a"),
        ('"quoted"', '"quoted"'),
        ("", ""),
        (7, "7"),
        (None, "null"),
        (False, "false"),
        ([], "[]"),
    ],
)
@pytest.mark.parametrize("by", ["place", "data"])
def test_a_click_is_delivered_with_its_data(
    workspace: Workspace, receiver: Receiver, data: Any, text: str, by: str
) -> None:
    talk = Talk(
        workspace,
        receiver,
        {"inlineKeyboard": [[{"text": "No", "callbackData": "no"}], [{"text": "OK", "callbackData": data}]]},
    )
    clicked = talk.click(row=1, column=0) if by == "place" else talk.click(callback_data=data)
    assert (clicked["label"], clicked["data"], clicked["context_id"]) == ("OK", data, talk.context)
    (body,) = talk.told()
    assert body["message"]["text"] == "OK"
    assert body["message"]["callback_query"] == {"data": text, "message": {"message_id": talk.message}}
    assert list(body["message"]) == ["text", "user", "chat", "callback_query"]


def test_callbacks_are_ordinary_deliveries(workspace: Workspace, receiver: Receiver) -> None:
    """Signed, retried with the same bytes, logged."""
    receiver.answer("/callback", 500, 200)
    talk = Talk(workspace, receiver)
    talk.say("Hello")
    talk.world.pump(30)
    first, second = receiver.requests("/callback")
    assert first.body == second.body
    assert first.headers["X-FM-Delivery-ID"] == second.headers["X-FM-Delivery-ID"]
    time = second.headers["X-FM-Webhook-Timestamp"]
    signed = hmac.new(talk.app.made["webhook_secret"].encode(), f"{time}.".encode() + second.body, hashlib.sha256)
    assert second.headers["X-FM-Webhook-Signature"] == f"t={time},v1={signed.hexdigest()}"
    log = workspace.call("GET", f"/v1/webhooks/{talk.app.made['webhook_id']}/deliveries").json["items"]
    assert [(one["state"], one["event_type"], len(one["attempts"])) for one in log] == [
        ("delivered", "message.created", 2)
    ]


def test_the_body_of_a_retry_is_that_of_the_first_attempt_whatever_changed(
    workspace: Workspace, receiver: Receiver
) -> None:
    talk = Talk(workspace, receiver)
    receiver.answer("/callback", 500)
    talk.say("Hello")
    talk.world.pump_streams()
    talk.world.pump_queue("DeliveriesQueue", "deliverer")
    assert workspace.call("PATCH", f"/v1/users/{talk.person.user_id}", {"name": "Renamed"}).status == 200
    talk.world.pump(30)
    bodies = {request.body for request in receiver.requests("/callback")}
    assert len(receiver.requests("/callback")) == 4
    assert len(bodies) == 1


def test_only_answers_to_the_application_itself_reach_it(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver, chat_id=group(workspace))
    other_app = App(workspace, app_name="OTHER", may_message_people=True, webhook_url=receiver.url("/other"))
    other_app.message({"email": talk.email, "text": "Another chat"})
    talk.app.message({"email": talk.email, "text": "What it says itself"})
    talk.app.post({"text": "In the group"})
    workspace.make(f"/v1/chats/{talk.app.made['chat_id']}/messages", {"text": "A person in the group"})
    talk.say("To the application")
    assert [body["message"]["text"] for body in talk.told()] == ["To the application"]
    assert receiver.requests("/other") == []


def test_ordinary_webhooks_hear_of_clicks_in_our_own_words(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    workspace.make("/v1/webhooks", {"url": receiver.url("/own"), "events": ["interaction.created", "message.created"]})
    talk.click(row=0, column=0)
    talk.world.pump()
    (request,) = receiver.requests("/own")
    told = json.loads(request.body)
    assert told["type"] == "interaction.created"
    assert told["data"]["interaction"]["data"] == {"action": "approve", "data": "approve_request"}
    assert told["data"]["conversation"]["person"]["email"] == talk.email


def test_an_application_can_ask_for_our_own_format(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver, format="ferryman")
    talk.say("Hello")
    (body,) = talk.told()
    assert (body["type"], body["data"]["message"]["text"]) == ("message.created", "Hello")


def test_the_catalogue_describes_what_an_application_is_told(workspace: Workspace, receiver: Receiver) -> None:
    types = {item["type"]: item for item in workspace.call("GET", "/v1/event-types").json["items"]}
    described = {name: item["formats"]["fchat"] for name, item in types.items() if "fchat" in item["formats"]}
    assert set(described) == {"interaction.created", "message.created"}
    talk = Talk(workspace, receiver)
    talk.say("Hello")
    talk.click(row=0, column=0)
    bodies = sorted(talk.told(), key=lambda body: "callback_query" in body["message"])
    for body, name in zip(bodies, ("message.created", "interaction.created"), strict=True):
        jsonschema.validate(body, described[name]["body_schema"])
        jsonschema.validate(described[name]["example"], described[name]["body_schema"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(bodies[0], described["interaction.created"]["body_schema"])


def test_a_webhook_for_every_chat_can_hear_answers_in_fchats_words(workspace: Workspace, receiver: Receiver) -> None:
    body = {"url": receiver.url("/own"), "events": ["message.created"], "format": "fchat"}
    webhook = workspace.make("/v1/webhooks", body)
    talk = Talk(workspace, receiver)
    talk.say("Hello")
    workspace.make(f"/v1/webhooks/{webhook['id']}/test", {}, 202)
    talk.world.pump()
    heard = [json.loads(request.body)["message"]["text"] for request in receiver.requests("/own")]
    assert len(heard) == 2
    assert "Hello" in heard, "what the application said itself is no answer, and has no words in FChat"


def test_an_application_asks_for_a_format_that_has_words_for_answers(workspace: Workspace) -> None:
    answer = workspace.call("POST", "/v1/applications", {"app_name": "OTHER-WORDS", "format": "fluxdesk"})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/format")


def test_a_test_delivery_speaks_the_callbacks_format(workspace: Workspace, receiver: Receiver) -> None:
    app = App(workspace, webhook_url=receiver.url("/callback"))
    webhook = app.made["webhook_id"]
    workspace.make(f"/v1/webhooks/{webhook}/test", {}, 202)
    workspace.make(f"/v1/webhooks/{webhook}/test", {"event_type": "message.created"}, 202)
    workspace.world.pump()
    bodies = [json.loads(request.body)["message"] for request in receiver.requests("/callback")]
    assert sorted("callback_query" in body for body in bodies) == [False, True]
    answer = workspace.call("POST", f"/v1/webhooks/{webhook}/test", {"event_type": "message.deleted"})
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/event_type")


def test_wrong_clicks_are_refused(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    target = f"/v1/messages/{talk.message}/callbacks"
    for body in ({}, {"row": 0}, {"row": 0, "column": 0, "callback_data": 1}, {"row": -1, "column": 0}, {"row": True}):
        assert talk.person.call("POST", target, body).status == 422, body
    missing: list[dict[str, Any]] = [
        {"row": 2, "column": 0},
        {"row": 0, "column": 1},
        {"callback_data": "no such"},
        {"callback_data": None},
    ]
    for none in missing:
        answer = talk.person.call("POST", target, none)
        assert (answer.status, "no such button" in answer.json["detail"]) == (422, True), none
    stranger = person(workspace)
    unknown = talk.person.call("POST", "/v1/messages/msg_01JCXHZ5E0ABCDEFGHJKMNPQRS/callbacks", {"row": 0, "column": 0})
    answer = stranger.call("POST", target, {"row": 0, "column": 0})
    assert answer.status == unknown.status == 404
    assert answer.json["detail"] == unknown.json["detail"]
    assert talk.told() == []


def test_a_click_under_one_idempotency_key_is_one_click(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    target, body = f"/v1/messages/{talk.message}/callbacks", {"row": 0, "column": 0}
    answers = [talk.person.call("POST", target, body, headers={"idempotency-key": "k"}) for _ in range(2)]
    assert answers[0].json == answers[1].json
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert len(talk.told()) == 1


# --- contexts ---------------------------------------------------------------------------------------------


def test_answers_within_a_contexts_life_belong_to_it(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    assert talk.say("Yes")["context_id"] == talk.context
    assert talk.click(row=0, column=0)["context_id"] == talk.context
    context = talk.person.call("GET", f"/v1/contexts/{talk.context}").json
    assert (context["answers"], context["message_id"], context["user_id"]) == (2, talk.message, talk.person.user_id)
    assert context["parameters"] == {}
    assert clock.seconds(context["expires_at"]) - clock.seconds(context["created_at"]) == pytest.approx(300)


def test_a_context_ends_to_the_millisecond(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB deletes it days later; what counts is the time."""
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start)
    talk = Talk(workspace, receiver, context_seconds=60)
    monkeypatch.setattr(clock, "now", lambda: start + 59.998)
    assert talk.say("in time")["context_id"] == talk.context
    assert talk.click(row=0, column=0)["context_id"] == talk.context
    monkeypatch.setattr(clock, "now", lambda: start + 60)
    assert talk.person.call("GET", f"/v1/contexts/{talk.context}").status == 404
    assert talk.say("too late")["context_id"] is None
    assert talk.click(row=0, column=0)["context_id"] is None
    assert [body["message"]["text"] for body in talk.told()].count("too late") == 1
    assert len(talk.told()) == 4


def test_a_context_that_ends_while_the_answer_is_written_does_not_count(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was alive when it was looked for; the transaction itself holds the answer to the time."""
    from ferryman.conversations.contexts.model import Context

    talk = Talk(workspace, receiver)
    monkeypatch.setattr(Context, "is_alive", lambda _: True)
    later = clock.now() + 400
    monkeypatch.setattr(clock, "now", lambda: later)
    assert talk.say("late")["context_id"] is None
    assert talk.click(row=0, column=0)["context_id"] is None


def test_a_context_is_for_those_of_its_chat(workspace: Workspace, other: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    assert workspace.call("GET", f"/v1/contexts/{talk.context}").status == 200
    for stranger in (person(workspace), other, workspace.narrow("admin:*", environment="staging")):
        assert stranger.call("GET", f"/v1/contexts/{talk.context}").status == 404


# --- managing applications --------------------------------------------------------------------------------


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


# --- logging ----------------------------------------------------------------------------------------------


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


def test_the_log_ends_with_the_logs_retention(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    app = App(workspace, chat_id=group(workspace))
    app.post({"text": "x"})
    days = int(workspace.world.parameters["LogRetentionDays"])
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + days * 86_400 - 10)
    assert len(app.requests()) == 1
    monkeypatch.setattr(clock, "now", lambda: now + days * 86_400 + 1)
    assert app.requests() == []


def test_what_is_ours_to_repair_is_fchats_envelope_too(world: World, workspace: Workspace) -> None:
    app = App(workspace, chat_id=group(workspace))
    from ferryman.aws import clients as aws

    def busy(model: Any, **_: Any) -> None:
        if model.name == "PutItem":
            raise aws_refused("PutItem", "ThrottlingException")

    aws.dynamodb().meta.events.register("before-call", busy, unique_id="busy")
    try:
        answer = app.post({"text": "x"})
    finally:
        aws.dynamodb().meta.events.unregister("before-call", unique_id="busy")
    assert refused(answer)[0] == 503
    assert answer.headers["retry-after"] == "2"

"""FChat's messages to a person, their buttons, and the answer to each mistake."""

from typing import Any

import pytest
from ferryman import clock

from tests.integration.conftest import Workspace
from tests.integration.fchat.applications import GOOD, KEYBOARD, App, email_of, people, person, refused, texts


def test_a_person_is_messaged_by_email(workspace: Workspace) -> None:
    ada = person(workspace)
    app = App(workspace, may_message_people=True)
    answer = app.message({"email": email_of(ada, workspace).upper(), "text": "Hello!"})
    assert answer.status == 200
    context = answer.json["context"]
    assert answer.headers["x-fm-message-id"] == ada.call("GET", f"/v1/contexts/{context['id']}").json["message_id"]
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
    """The second request runs between the first request's read and its write."""
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
        ({**GOOD, "context": []}, "Bad Request: invalid request"),
        ({**GOOD, "context": {"parameters": "x"}}, "Bad Request: invalid request"),
        ({**GOOD, "context": {"parameters": {"x": "é" * 700}}}, "Bad Request: context parameters are too long"),
        ({**GOOD, "buttons": {}}, "Bad Request: invalid request"),
        ({**GOOD, "buttons": [{"title": "x"}]}, "Bad Request: invalid request"),
        ({**GOOD, "reply_markup": {"inlineKeyboard": TOO_MANY}}, "Limit 30 buttons"),
        ({**GOOD, "buttons": [{"title": "x", "payload": 1}] * 31}, "Limit 30 buttons"),
        ({**GOOD, "buttons": [{"title": "x" * 257, "payload": 1}]}, "Bad Request: button text is too long"),
        (
            {**GOOD, "reply_markup": {"inlineKeyboard": [[{"text": "x" * 257, "callbackData": 1}]]}},
            "Bad Request: button text is too long",
        ),
        ({**GOOD, "buttons": [{"title": "x", "payload": "x" * 4095}]}, "Bad Request: button data is too long"),
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
    """The request begins with every mistake, which are then corrected one by one."""
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

"""Answers and clicks, as FChat's callbacks report them to an application, and contexts."""

import hashlib
import hmac
import json
from typing import Any

import jsonschema
import pytest
from ferryman import clock

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.integration.fchat.applications import KEYBOARD, App, Talk, group, person


def test_a_persons_message_is_delivered_in_the_words_of_fchat(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    talk.say("Yes, ship it ✅")
    (body,) = talk.told()
    name = workspace.call("GET", f"/v1/users/{talk.person.user_id}").json["name"]
    assert body == {
        "message": {
            "text": "Yes, ship it ✅",
            "user": {"email": talk.email, "name": name},
            "chat": {"id": talk.chat, "type": "private"},
        },
        "context": {"id": talk.context, "parameters": {}},
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
    clicked = body["message"]["callback_query"]
    as_json = clicked.pop("data_json")
    assert clicked == {"data": text, "message": {"message_id": talk.message}}
    assert json.loads(as_json) == data
    assert as_json == text or isinstance(data, str)
    assert list(body["message"]) == ["text", "user", "chat", "callback_query"]


def test_a_legacy_payload_arrives_as_it_is_and_as_json(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    buttons = [{"title": "Option A", "payload": "option_a"}, {"title": "Option B", "payload": "option_b"}]
    sent = talk.app.message({"email": talk.email, "text": "Please choose:", "buttons": buttons})
    message = sent.headers["x-fm-message-id"]
    assert talk.person.call("POST", f"/v1/messages/{message}/callbacks", {"row": 1, "column": 0}).status == 201
    (body,) = talk.told()
    clicked = body["message"]["callback_query"]
    assert (clicked["data"], clicked["data_json"]) == ("option_b", '"option_b"')


def test_parameters_of_a_context_come_back_with_each_answer_in_time(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start)
    talk = Talk(workspace, receiver)
    given = {"z": 1.10, "a": [2**53 - 1, None, "✅"], "deep": {"x": 1e-300}}
    question = {"email": talk.email, "text": "Sure?", "reply_markup": KEYBOARD, "context": {"parameters": given}}
    sent = talk.app.message(question)
    context = {"id": sent.json["context"]["id"], "parameters": given}
    message = sent.headers["x-fm-message-id"]
    assert sent.json["context"] == context
    assert talk.person.call("GET", f"/v1/contexts/{context['id']}").json["parameters"] == given
    talk.say("Yes")
    talk.person.make(f"/v1/messages/{message}/callbacks", {"row": 0, "column": 0})
    assert [body["context"] for body in talk.told()] == [context, context]
    talk.click(row=0, column=0)
    assert talk.told()[-1]["context"] == {"id": talk.context, "parameters": {}}, "a click belongs to its message"
    monkeypatch.setattr(clock, "now", lambda: start + 301)
    talk.say("Too late")
    talk.person.make(f"/v1/messages/{message}/callbacks", {"row": 1, "column": 0})
    assert ["context" in body for body in talk.told()[3:]] == [False, False]


def test_callbacks_are_ordinary_deliveries(workspace: Workspace, receiver: Receiver) -> None:
    """Callbacks are signed, retried with the same bytes, and logged."""
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
    talk.app.message({"email": talk.email, "text": "A message of its own"})
    talk.app.post({"text": "In the group"})
    workspace.make(f"/v1/chats/{talk.app.made['chat_id']}/messages", {"text": "A person in the group"})
    talk.say("To the application")
    assert [body["message"]["text"] for body in talk.told()] == ["To the application"]
    assert receiver.requests("/other") == []


def test_ordinary_webhooks_hear_of_clicks_in_our_own_words(workspace: Workspace, receiver: Receiver) -> None:
    talk = Talk(workspace, receiver)
    workspace.make("/v1/webhooks", {"url": receiver.url("/own"), "events": ["interaction.created"]})
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


def test_the_catalogue_describes_each_event_of_an_application(workspace: Workspace, receiver: Receiver) -> None:
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
    assert "Hello" in heard, "the application's own message is not an answer, and FChat has no words for it"


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


def test_a_double_click_is_one_event(workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Idempotency-Key of a second click then stands for the event of the first click."""
    start = int(clock.now())
    monkeypatch.setattr(clock, "now", lambda: start)
    talk = Talk(workspace, receiver)
    target, body = f"/v1/messages/{talk.message}/callbacks", {"row": 0, "column": 0}
    first = talk.click(**body)
    by_data = talk.click(callback_data={"data": "approve_request", "action": "approve"})
    keyed = talk.person.call("POST", target, body, headers={"idempotency-key": "k"}).json
    other_button = talk.click(row=1, column=0)
    assert by_data == keyed == first
    assert other_button["id"] != first["id"]
    assert talk.person.call("GET", f"/v1/contexts/{talk.context}").json["answers"] == 2
    monkeypatch.setattr(clock, "now", lambda: start + 2)
    replayed = talk.person.call("POST", target, body, headers={"idempotency-key": "k"})
    assert (replayed.json, replayed.headers["idempotency-replayed"]) == (first, "true")
    assert talk.click(**body)["id"] != first["id"]
    assert len(talk.told()) == 3


def test_nobody_clicks_in_the_private_chat_of_another(workspace: Workspace, receiver: Receiver) -> None:
    """An admin can read the chat, but can neither answer for the person in it nor join it."""
    talk = Talk(workspace, receiver)
    assert workspace.call("GET", f"/v1/chats/{talk.chat}/messages").status == 200
    answer = workspace.call("POST", f"/v1/messages/{talk.message}/callbacks", {"row": 0, "column": 0})
    assert (answer.status, answer.json["detail"]) == (404, "No message with buttons has this id.")
    joining = workspace.call("PUT", f"/v1/chats/{talk.chat}/members/{workspace.user_id}")
    assert (joining.status, "Other people cannot be added." in joining.json["detail"]) == (403, True)
    assert talk.told() == []


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
    """DynamoDB deletes a context only days later, so the code has to compare the time."""
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start)
    talk = Talk(workspace, receiver, context_seconds=60)
    monkeypatch.setattr(clock, "now", lambda: start + 59.998)
    assert talk.say("in time")["context_id"] == talk.context
    assert talk.click(row=0, column=0)["context_id"] == talk.context
    monkeypatch.setattr(clock, "now", lambda: start + 60)
    assert talk.person.call("GET", f"/v1/contexts/{talk.context}").status == 404
    assert talk.say("too late")["context_id"] is None
    assert talk.click(row=1, column=0)["context_id"] is None
    assert [body["message"]["text"] for body in talk.told()].count("too late") == 1
    assert len(talk.told()) == 4


def test_a_context_that_ends_while_the_answer_is_written_does_not_count(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The context was still alive when it was read. The transaction checks the time again."""
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

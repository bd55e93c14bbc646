"""An application assigned to a group gets the texts of the group, if the application asks for them."""

import json
from typing import Any

import jsonschema
import pytest
from ferryman import clock

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.integration.fchat.applications import App, Talk, email_of, group, person


class Group:
    """A group with an application that gets its texts, and a person in it."""

    def __init__(self, workspace: Workspace, receiver: Receiver, **fields: Any) -> None:
        self.world, self.owner, self.receiver = workspace.world, workspace, receiver
        self.chat = group(workspace)
        self.person = person(workspace)
        self.email = email_of(self.person, workspace)
        self.add(self.person.user_id)
        self.app = App(workspace, **{"chat_id": self.chat, "group_messages": True, "webhook_url": self.url, **fields})

    @property
    def url(self) -> str:
        return self.receiver.url("/callback")

    def add(self, user_id: str) -> None:
        assert self.owner.call("PUT", f"/v1/chats/{self.chat}/members/{user_id}").status == 200

    def say(self, text: str, by: Workspace | None = None, **fields: Any) -> Any:
        return (by or self.person).make(f"/v1/chats/{self.chat}/messages", {"text": text, **fields})

    def told(self, path: str = "/callback") -> list[Any]:
        self.world.pump()
        return [json.loads(request.body) for request in self.receiver.requests(path)]

    def texts(self, path: str = "/callback") -> list[str]:
        return [body["message"]["text"] for body in self.told(path)]


def test_a_persons_text_in_the_group_is_delivered_in_the_words_of_fchat(
    workspace: Workspace, receiver: Receiver
) -> None:
    there = Group(workspace, receiver)
    there.say("Is the build green? ✅")
    (body,) = there.told()
    name = workspace.call("GET", f"/v1/users/{there.person.user_id}").json["name"]
    assert body == {
        "message": {
            "text": "Is the build green? ✅",
            "user": {"email": there.email, "name": name},
            "chat": {"id": there.chat, "type": "group"},
        }
    }
    answer = workspace.world.call(
        "POST", f"/v1/chats/{body['message']['chat']['id']}/messages", token=there.app.token, json_body={"text": "Yes"}
    )
    assert answer.status == 201, "the callback says where to answer"


def test_nothing_is_delivered_unless_the_application_asks_for_it(workspace: Workspace, receiver: Receiver) -> None:
    chat = group(workspace)
    app = App(workspace, chat_id=chat, webhook_url=receiver.url("/callback"))
    assert app.made["group_messages"] is False
    target = f"/v1/chats/{chat}/messages"
    for options in ({}, {"group_messages": True}, {"group_messages": False}, {"group_messages": True, "chat_id": None}):
        if options:
            app.edit(**options)
        workspace.make(target, {"text": json.dumps(options)})
        workspace.world.pump()
    heard = [json.loads(request.body)["message"]["text"] for request in receiver.requests("/callback")]
    assert heard == ['{"group_messages": true}']


@pytest.mark.parametrize("first", ["group_messages", "chat_id", "webhook_url"])
def test_the_group_the_wish_and_the_url_may_come_in_any_order(
    workspace: Workspace, receiver: Receiver, first: str
) -> None:
    there = Group(workspace, receiver)
    fields = {"chat_id": there.chat, "group_messages": True, "webhook_url": receiver.url("/later")}
    app = App(workspace, app_name="LATER", **{first: fields.pop(first)})
    for name, value in fields.items():
        app.edit(**{name: value})
    there.say("Heard by both")
    assert (there.texts(), there.texts("/later")) == (["Heard by both"], ["Heard by both"])
    app.edit(webhook_url=receiver.url("/moved"))
    there.say("Moved")
    assert (there.texts("/later"), there.texts("/moved")) == (["Heard by both"], ["Moved"])
    app.edit(webhook_url=None)
    there.say("Alone")
    assert (len(there.texts()), len(there.texts("/moved"))) == (3, 1)


def test_a_text_carries_the_newest_context_of_the_application_in_the_group(
    workspace: Workspace, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = clock.now()
    monkeypatch.setattr(clock, "now", lambda: start)
    there = Group(workspace, receiver)
    App(workspace, app_name="OTHER", chat_id=there.chat).post({"text": "A context of another"})
    there.say("Before")
    there.app.post({"text": "First"})
    newest = there.app.post({"text": "Second"}).headers["x-fm-context-id"]
    there.say("In time")
    monkeypatch.setattr(clock, "now", lambda: start + 301)
    there.say("Too late")
    found = {body["message"]["text"]: body.get("context") for body in there.told()}
    assert found == {"Before": None, "In time": {"id": newest, "parameters": {}}, "Too late": None}


def test_no_program_comes_back_to_the_application(workspace: Workspace, receiver: Receiver) -> None:
    """The application gets neither its own posts nor those of other applications, bots and incoming webhooks."""
    there = Group(workspace, receiver)
    App(workspace, app_name="OTHER", chat_id=there.chat).post({"text": "Another application"})
    there.app.post({"text": "Its own, by its URL"})
    target = f"/v1/chats/{there.chat}/messages"
    assert workspace.world.call("POST", target, token=there.app.token, json_body={"text": "By its token"}).status == 201
    bot = workspace.make("/v1/bots", {"name": "Helper", "handle": "helper"})
    there.add(bot["id"])
    assert workspace.world.call("POST", target, token=bot["token"], json_body={"text": "A bot"}).status == 201
    hook = workspace.make("/v1/incoming-webhooks", {"name": "CI", "chat_id": there.chat})
    posted = workspace.world.call("POST", hook["url"].removeprefix("https://api.test"), json_body={"text": "CI"})
    assert posted.status == 200
    there.say("Between us", visible_to=workspace.user_id)
    there.say("A person")
    assert there.texts() == ["A person"]


def test_a_post_of_the_owner_because_of_a_delivery_does_not_come_back(workspace: Workspace, receiver: Receiver) -> None:
    there = Group(workspace, receiver)
    there.say("Ping", by=workspace)
    there.world.pump()
    (request,) = receiver.requests("/callback")
    answered = {"X-FM-Delivery-ID": request.headers["X-FM-Delivery-ID"]}
    target = f"/v1/chats/{there.chat}/messages"
    assert workspace.call("POST", target, {"text": "Pong"}, headers=answered).status == 201
    assert there.texts() == ["Ping"]


def test_the_callback_of_a_group_is_an_ordinary_delivery(workspace: Workspace, receiver: Receiver) -> None:
    """The callback is retried with the same bytes even after a change, logged, and shown as it was sent."""
    there = Group(workspace, receiver)
    there.app.post({"text": "A question"})
    receiver.answer("/callback", 500, 500, 200)
    said = there.say("An answer")
    there.world.pump_streams()
    there.world.pump_queue("DeliveriesQueue", "deliverer")
    assert workspace.call("PATCH", f"/v1/users/{there.person.user_id}", {"name": "Renamed"}).status == 200
    there.app.post({"text": "Another context"})
    edited = there.person.call("PATCH", f"/v1/chats/{there.chat}/messages/{said['id']}", {"text": "Changed"})
    assert edited.status == 200
    there.world.pump(30)
    requests = receiver.requests("/callback")
    assert (len(requests), len({request.body for request in requests})) == (3, 1)
    assert json.loads(requests[0].body)["message"]["text"] == "An answer"
    log = workspace.call("GET", f"/v1/webhooks/{there.app.made['webhook_id']}/deliveries").json["items"]
    assert [(one["state"], one["event_type"], len(one["attempts"])) for one in log] == [
        ("delivered", "message.created", 3)
    ]
    shown = workspace.call("GET", f"/v1/deliveries/{log[0]['id']}").json["request"]
    assert shown["body"].encode() == requests[0].body


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("off", "the application no longer asks for the texts of this group"),
        ("another group", "the application no longer asks for the texts of this group"),
        ("deleted", "the message was deleted"),
        ("disabled", "the webhook is disabled: disabled by a user"),
    ],
)
def test_a_text_that_may_not_be_told_any_more_is_not_sent(
    workspace: Workspace, receiver: Receiver, change: str, reason: str
) -> None:
    there = Group(workspace, receiver)
    said = there.say("A secret")
    there.world.pump_streams()
    match change:
        case "off":
            there.app.edit(group_messages=False)
        case "another group":
            there.app.edit(chat_id=workspace.chat("Other", external_id="beat-43"))
        case "deleted":
            assert there.person.call("DELETE", f"/v1/chats/{there.chat}/messages/{said['id']}").status == 204
        case "disabled":
            webhook = f"/v1/webhooks/{there.app.made['webhook_id']}"
            assert workspace.call("PATCH", webhook, {"state": "disabled"}).status == 200
    assert there.told() == []
    log = workspace.call("GET", f"/v1/webhooks/{there.app.made['webhook_id']}/deliveries").json["items"]
    assert [(one["state"], one["reason"]) for one in log] == [("cancelled", reason)]


def test_a_text_of_the_time_while_the_callback_was_disabled_is_held(workspace: Workspace, receiver: Receiver) -> None:
    there = Group(workspace, receiver)
    webhook = f"/v1/webhooks/{there.app.made['webhook_id']}"
    assert workspace.call("PATCH", webhook, {"state": "disabled"}).status == 200
    there.say("Meanwhile")
    assert there.told() == []
    held = workspace.call("GET", f"{webhook}/held").json
    assert held["count"] == 1
    assert workspace.call("PATCH", webhook, {"state": "enabled", "held": "deliver"}).status == 200
    assert there.texts() == ["Meanwhile"]


def test_other_webhooks_hear_a_text_of_the_group_as_ever(workspace: Workspace, receiver: Receiver) -> None:
    """Only the application gets the person's e-mail address, and FChat's form is only for answers to an application."""
    there = Group(workspace, receiver)
    for name, format_ in (("/own", "ferryman"), ("/words", "fchat")):
        body = {"url": receiver.url(name), "events": ["message.created"], "format": format_}
        workspace.make("/v1/webhooks", body)
    there.say("Hello")
    there.world.pump()
    (request,) = receiver.requests("/own")
    assert there.email not in request.body.decode()
    assert set(json.loads(request.body)["data"]) == {"message"}
    assert receiver.requests("/words") == []
    assert there.texts() == ["Hello"]


def test_an_application_can_be_told_in_our_own_format(workspace: Workspace, receiver: Receiver) -> None:
    there = Group(workspace, receiver, format="ferryman")
    there.say("Hello")
    (body,) = there.told()
    assert body["data"]["conversation"]["person"]["email"] == there.email
    types = {item["type"]: item for item in workspace.call("GET", "/v1/event-types").json["items"]}
    jsonschema.validate(body, types["message.created"]["body_schema"])


def test_an_application_is_told_of_its_own_workspace_and_mode_alone(
    workspace: Workspace, other: Workspace, receiver: Receiver
) -> None:
    there = Group(workspace, receiver)
    tester = workspace.narrow("admin:*", environment="development")
    trial = tester.chat("Trial", external_id="beat-trial")
    App(tester, app_name="TRIAL", chat_id=trial, group_messages=True, webhook_url=receiver.url("/trial"))
    elsewhere = Group(other, receiver, webhook_url=receiver.url("/elsewhere"))
    there.say("Live")
    for chat in (there.chat, trial):
        tester.make(f"/v1/chats/{chat}/messages", {"text": f"Trial in {chat}"})
    workspace.make(f"/v1/chats/{trial}/messages", {"text": "Live in the trial"})
    elsewhere.say("Elsewhere")
    assert there.texts() == ["Live"]
    assert there.texts("/trial") == [f"Trial in {trial}"]
    assert there.texts("/elsewhere") == ["Elsewhere"]


@pytest.mark.parametrize("by", ["creating", "editing"])
def test_a_test_application_changes_no_live_chat(workspace: Workspace, by: str) -> None:
    chat = group(workspace)
    tester = workspace.narrow("admin:*", environment="development")
    before = workspace.call("GET", f"/v1/chats/{chat}").json
    wanted = {"chat_id": chat, "group_messages": True}
    if by == "creating":
        answer = tester.call("POST", "/v1/applications", {"app_name": "TRIAL", **wanted})
    else:
        trial = tester.make("/v1/applications", {"app_name": "TRIAL"})
        answer = tester.call("PATCH", f"/v1/applications/{trial['id']}", wanted)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/group_messages")
    assert workspace.call("GET", f"/v1/chats/{chat}").json == before


def test_answers_of_a_person_and_texts_of_the_group_come_side_by_side(workspace: Workspace, receiver: Receiver) -> None:
    chat = group(workspace)
    talk = Talk(workspace, receiver, chat_id=chat, group_messages=True)
    talk.say("To the application")
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "In the group"})
    chats = {body["message"]["text"]: body["message"]["chat"]["type"] for body in talk.told()}
    assert chats == {"To the application": "private", "In the group": "group"}


def test_ten_applications_are_told_of_a_group(workspace: Workspace) -> None:
    chat = group(workspace)
    for number in range(10):
        App(workspace, app_name=f"APP-{number}", chat_id=chat, group_messages=True)
    body = {"app_name": "ONE-MORE", "chat_id": chat, "group_messages": True}
    answer = workspace.call("POST", "/v1/applications", body)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "/chat_id")
    first = workspace.call("GET", "/v1/applications").json["items"][0]
    assert workspace.call("DELETE", f"/v1/applications/{first['id']}").status == 204
    assert workspace.call("POST", "/v1/applications", body).status == 201
    renamed = workspace.call("PATCH", f"/v1/chats/{chat}", {"name": "Renamed"})
    assert renamed.status == 200
    assert workspace.call("POST", "/v1/applications", {**body, "app_name": "AND-ONE"}).status == 422

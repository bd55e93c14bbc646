"""Two messages of one chat get the same id in one millisecond: both are stored, and both senders get a success."""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from ferryman import clock, ids
from ferryman.aws import clients

from local.receiver import Answer as Reply
from local.receiver import Receiver
from tests.integration import commands
from tests.integration.conftest import Workspace
from tests.integration.fchat.applications import App, Talk, group
from tests.integration.mattermost import actions
from tests.integration.mattermost.hooks import hook
from tests.integration.mattermost.outgoing import hook as outgoing_hook
from tests.integration.mattermost.outgoing import posted
from tests.support.mattermost import form, short
from tests.support.world import Answer, World

type Send = Callable[[str], Answer]
type Ready = Callable[[Workspace, Receiver], tuple[Workspace, str, Send]]


@pytest.fixture
def chance(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A list of numbers from which the next ids of messages are made. The clock stands still.

    Only the ids of messages take four random bytes, so other random values stay random.
    """
    at, real, numbers = clock.now(), os.urandom, list[int]()
    monkeypatch.setattr(clock, "now", lambda: at)

    def urandom(count: int) -> bytes:
        return numbers.pop(0).to_bytes(4) if count == 4 and numbers else real(count)

    monkeypatch.setattr(os, "urandom", urandom)
    yield numbers


# --- each way of posting: who sees the messages, in which chat, and how to post ---------------------------------------


def native(workspace: Workspace, _receiver: Receiver) -> tuple[Workspace, str, Send]:
    chat = workspace.chat()
    return workspace, chat, lambda text: workspace.call("POST", f"/v1/chats/{chat}/messages", {"text": text})


def native_with_key(workspace: Workspace, _receiver: Receiver) -> tuple[Workspace, str, Send]:
    chat = workspace.chat()

    def send(text: str) -> Answer:
        headers = {"Idempotency-Key": text}
        first = workspace.call("POST", f"/v1/chats/{chat}/messages", {"text": text}, headers=headers)
        again = workspace.call("POST", f"/v1/chats/{chat}/messages", {"text": text}, headers=headers)
        assert again.json["id"] == first.json["id"], "the key leads to the message under its other id"
        return first

    return workspace, chat, send


def mattermosts_api(workspace: Workspace, _receiver: Receiver) -> tuple[Workspace, str, Send]:
    chat = workspace.chat()
    return (
        workspace,
        chat,
        lambda text: workspace.call("POST", "/api/v4/posts", {"channel_id": short(chat), "message": text}),
    )


def incoming_webhook(workspace: Workspace, _receiver: Receiver) -> tuple[Workspace, str, Send]:
    one = hook(workspace, "ferryman")
    return workspace, one.chat, lambda text: one.post({"text": text})


def incoming_webhook_with_key(workspace: Workspace, _receiver: Receiver) -> tuple[Workspace, str, Send]:
    one = hook(workspace, "slack")

    def send(text: str) -> Answer:
        first, again = (one.post({"text": text}, headers={"Idempotency-Key": text}) for _ in range(2))
        assert again.headers["x-fm-message-id"] == first.headers["x-fm-message-id"]
        return first

    return workspace, one.chat, send


def application_to_its_group(workspace: Workspace, _receiver: Receiver) -> tuple[Workspace, str, Send]:
    chat = group(workspace)
    app = App(workspace, chat_id=chat)
    return workspace, chat, lambda text: app.post({"text": text})


def application_to_a_person(workspace: Workspace, receiver: Receiver) -> tuple[Workspace, str, Send]:
    talk = Talk(workspace, receiver)
    keyboard = {"inlineKeyboard": [[{"text": "Yes", "callbackData": {"data": "yes"}}]]}

    def send(text: str) -> Answer:
        answer = talk.app.message({"email": talk.email, "text": text, "reply_markup": keyboard})
        (made,) = [message for message in talk.person.messages(talk.chat) if message["text"] == text]
        clicked = talk.person.call("POST", f"/v1/messages/{made['id']}/callbacks", {"row": 0, "column": 0})
        assert clicked.status == 201, clicked.body
        assert clicked.json["context_id"] == answer.json["context"]["id"] == made["context_id"]
        return answer

    return talk.person, talk.chat, send


def application_by_its_own_token(workspace: Workspace, _receiver: Receiver) -> tuple[Workspace, str, Send]:
    chat = group(workspace)
    app, at = App(workspace, chat_id=chat), f"/v1/chats/{chat}/messages"

    def send(text: str) -> Answer:
        first, again = (
            app.world.call("POST", at, token=app.token, json_body={"text": text}, headers={"Idempotency-Key": text})
            for _ in range(2)
        )
        assert first.json["id"] == again.json["id"]
        return first

    return workspace, chat, send


def persons_answer_to_an_application(workspace: Workspace, receiver: Receiver) -> tuple[Workspace, str, Send]:
    talk = Talk(workspace, receiver)
    at = f"/v1/chats/{talk.chat}/messages"
    return talk.person, talk.chat, lambda text: talk.person.call("POST", at, {"text": text})


def command(workspace: Workspace, receiver: Receiver) -> tuple[Workspace, str, Send]:
    chat = workspace.chat()
    commands.command(workspace, receiver)

    def send(text: str) -> Answer:
        commands.answers(receiver, {"text": text, "response_type": "in_channel"})
        return workspace.call("POST", f"/v1/chats/{chat}/messages", {"text": "/deploy"})

    return workspace, chat, send


def response_url(workspace: Workspace, receiver: Receiver) -> tuple[Workspace, str, Send]:
    chat = workspace.chat()
    commands.command(workspace, receiver)
    commands.answers(receiver, {})
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "/deploy"})
    url = form(receiver.requests("/commands")[0].body)["response_url"].removeprefix("https://api.test")
    return workspace, chat, lambda text: workspace.world.call("POST", url, json_body={"text": text})


def integrations_ephemeral_answer(workspace: Workspace, receiver: Receiver) -> tuple[Workspace, str, Send]:
    chat = workspace.chat()
    sent = {"channel_id": short(chat), "message": "?", "props": {"attachments": [actions.box(receiver)]}}
    post = workspace.make("/api/v4/posts", sent)

    def send(text: str) -> Answer:
        actions.answers(receiver, {"ephemeral_text": text})
        return workspace.call("POST", f"/api/v4/posts/{post['id']}/actions/go")

    return workspace, chat, send


WAYS: list[Ready] = [
    native,
    native_with_key,
    mattermosts_api,
    incoming_webhook,
    incoming_webhook_with_key,
    application_to_its_group,
    application_to_a_person,
    application_by_its_own_token,
    persons_answer_to_an_application,
    command,
    response_url,
    integrations_ephemeral_answer,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_message_whose_id_is_taken_gets_another(
    workspace: Workspace, receiver: Receiver, chance: list[int], way: Ready
) -> None:
    reader, chat, send = way(workspace, receiver)
    before = {message["id"] for message in reader.messages(chat)}
    for number, text in enumerate(("first", "second")):
        chance[:] = [7] if number == 0 else [7, 7, 7]  # the second one is refused three times
        answer = send(text)
        assert answer.status in (200, 201), answer.body
        assert not chance, "the ids were made of the numbers"
    found = [message for message in reader.messages(chat) if message["id"] not in before]
    assert sorted(message["text"] for message in found) == ["first", "second"]
    assert len({message["id"] for message in found}) == 2


def test_the_parts_of_a_long_post_stay_in_order(workspace: Workspace, chance: list[int]) -> None:
    one = hook(workspace)
    chance[:] = [8]  # of the second part, which has the number behind that of the first
    assert one.post({"text": "there before"}).status == 200
    chance[:] = [7, 100]
    assert one.post({"text": "a" * 16_383 + "b" * 16_383 + "c"}).status == 200
    assert not chance
    texts = [message["text"][:1] for message in one.messages()[::-1] if message["text"] != "there before"]
    assert texts == ["a", "b", "c"]


def test_a_reply_whose_id_is_taken_is_posted_once_under_another(
    world: World, workspace: Workspace, receiver: Receiver, chance: list[int]
) -> None:
    """The id of a reply is derived from its event's id, so an event that is dispatched twice gives the same id."""
    chat = workspace.chat()
    receiver.answer("/out", Reply(body=b'{"text": "done"}'))
    outgoing_hook(workspace, receiver, chat)
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "deploy"})
    world.pump_streams()
    world.pump_queue("DeliveriesQueue", "deliverer")
    (event,) = [
        item for name, item in world.items() if name == "EventsTable" and item["type"]["S"] == "delivery.replied"
    ]
    taken = ids.derived_in_chat(chat, event["created_at"]["S"], event["event_id"]["S"])
    chance[:] = [ids._digest((event["event_id"]["S"],)) % 2**25]
    assert workspace.make(f"/v1/chats/{chat}/messages", {"text": "there before"})["id"] == taken
    records = world.stream_records("EventsTable")
    for _ in range(2):
        assert world.invoke("dispatcher", {"Records": records})["batchItemFailures"] == []
    assert [message["text"] for message in posted(workspace, chat)] == ["done"]
    assert "there before" in [message["text"] for message in workspace.messages(chat)]


def test_a_message_is_posted_once_when_the_sdk_sends_its_put_again(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to the first put is lost. The second put finds the message, and the post succeeds."""
    monkeypatch.setattr(time, "sleep", lambda _: None)  # the SDK's pause
    one, waiting = hook(workspace), [ReadTimeoutError(endpoint_url="https://aws.test")]

    def lose_the_answer(event_name: str, **_: Any) -> None:
        if waiting and event_name.endswith(".PutItem"):
            raise waiting.pop()

    events = clients.dynamodb().meta.events
    events.register_last("before-send", lose_the_answer)  # which is behind moto, so the put is carried out
    try:
        assert one.post({"text": "once"}).status == 200
    finally:
        events.unregister("before-send", lose_the_answer)
    assert not waiting, "the put was repeated"
    assert [message["text"] for message in one.messages()] == ["once"]

"""Mentions and bots' callbacks: which bots get an event for `@handle`, and which do not."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jsonschema
import pytest
import stripe
from ferryman.events import catalogue
from ferryman.integrations.bots import callbacks
from ferryman.pipeline import sweep

from local.receiver import Receiver, Request
from tests.integration.conftest import Later, Workspace, token_for
from tests.support.world import World

type Made = dict[str, Any]

_numbers = itertools.count()


@dataclass
class Bot:
    """A bot in a chat, with a callback."""

    workspace: Workspace
    made: Made
    chat: str
    callback: Made
    receiver: Receiver
    path: str

    @property
    def id(self) -> str:
        return str(self.made["id"])

    @property
    def handle(self) -> str:
        return str(self.made["handle"])

    def caller(self) -> Workspace:
        return Workspace(self.workspace.world, self.workspace.workspace_id, self.id, self.made["token"])

    def say(self, text: str, by: Workspace | None = None, chat: str | None = None) -> Made:
        message: Made = (by or self.workspace).make(f"/v1/chats/{chat or self.chat}/messages", {"text": text})
        return message

    def heard(self) -> list[Request]:
        """The requests that the callback got, after all deliveries are done."""
        self.workspace.world.pump()
        return self.receiver.requests(self.path)

    def deliveries(self) -> list[Made]:
        answer = self.workspace.call("GET", f"/v1/bots/{self.id}/callbacks/{self.callback['id']}/deliveries")
        found: list[Made] = answer.json["items"]
        return found


@pytest.fixture
def make(workspace: Workspace, receiver: Receiver) -> Callable[..., Bot]:
    def made(chat: str | None = None, *, by: Workspace = workspace, called_by: Any = None, **fields: Any) -> Bot:
        number = next(_numbers)
        bot = by.make("/v1/bots", {"name": "Deploy bot", "handle": f"bot-{number}", **fields})
        path = f"/bot/{number}"
        callback = by.make(f"/v1/bots/{bot['id']}/callbacks", {"url": receiver.url(path), "mentioned_by": called_by})
        chat = chat or workspace.chat()
        assert workspace.call("PUT", f"/v1/chats/{chat}/members/{bot['id']}").status == 200
        return Bot(by, bot, chat, callback, receiver, path)

    return made


@pytest.fixture
def bot(make: Callable[..., Bot]) -> Bot:
    return make()


def test_a_mention_reaches_the_callback_signed_and_logged(bot: Bot) -> None:
    message = bot.say(f"@{bot.handle}, ship it")
    assert message["mentions"] == [bot.handle]

    (request,) = bot.heard()
    body = json.loads(request.body)
    assert body["type"] == request.headers["X-FM-Webhook-Event"] == "bot.mentioned"
    assert body["data"]["bot"] == {"id": bot.id, "handle": bot.handle}
    assert body["data"]["message"] == {**message, "author": {"type": "user", "id": bot.workspace.user_id}}
    assert body["livemode"] is True
    jsonschema.validate(body, catalogue.schema("bot.mentioned"))
    assert request.headers["X-FM-Webhook-ID"] == bot.callback["id"]
    signature = request.headers["X-FM-Webhook-Signature"]
    stripe.WebhookSignature.verify_header(request.body.decode(), signature, bot.callback["secret"], 300)

    (delivery,) = bot.deliveries()
    assert (delivery["state"], delivery["event_type"]) == ("delivered", "bot.mentioned")
    assert delivery["id"] == request.headers["X-FM-Delivery-ID"]
    assert delivery["chat_id"] == bot.chat
    same = bot.workspace.call("GET", f"/v1/webhooks/{bot.callback['id']}/deliveries").json["items"]
    assert same == [delivery]


def test_a_mention_may_follow_a_url_and_a_full_width_comma(bot: Bot) -> None:
    bot.say(f"见 https://ci.example/42，@{bot.handle}")
    assert len(bot.heard()) == 1


def test_a_program_calls_a_bot_only_if_its_callback_says_so(world: World, workspace: Workspace, bot: Bot) -> None:
    callback = f"/v1/bots/{bot.id}/callbacks/{bot.callback['id']}"
    hook = workspace.make("/v1/incoming-webhooks", {"chat_id": bot.chat, "name": "CI"})
    path = hook["url"].removeprefix("https://api.test")
    assert world.call("POST", path, json_body={"text": f"Build failed, @{bot.handle}!"}).status == 200
    assert bot.heard() == []
    changed = workspace.call("PATCH", callback, {"mentioned_by": ["user", "program"]})
    assert (changed.status, changed.json["mentioned_by"]) == (200, ["user", "program"])
    assert world.call("POST", path, json_body={"text": f"Build failed, @{bot.handle.upper()}!"}).status == 200
    (request,) = bot.heard()
    assert json.loads(request.body)["data"]["message"]["author"]["name"] == "CI"


@pytest.mark.parametrize(
    "text",
    [
        "no mention of {handle}",
        "`@{handle}`",
        "```\n@{handle}\n```",
        "~~~\n@{handle}\n~~~",
        "npm install @{handle}/cli",
        "mail{handle}@{handle}.example.com",
        "someone@{handle}",
        "https://example.com/@{handle}",
        "@{handle}2",
        "@nobody",
    ],
)
def test_text_without_mention_notifies_no_bot(bot: Bot, text: str) -> None:
    bot.say(text.replace("{handle}", bot.handle))
    assert bot.heard() == []


def test_each_mentioned_bot_of_the_chat_is_called_once_and_no_other(make: Callable[..., Bot]) -> None:
    first = make()
    second, third = make(first.chat), make(first.chat)
    elsewhere = make()
    first.say(f"@{first.handle} @{second.handle} @{first.handle} @{elsewhere.handle} @nobody")
    assert [len(bot.heard()) for bot in (first, second, third, elsewhere)] == [1, 1, 0, 0]
    bodies = [json.loads(bot.heard()[0].body) for bot in (first, second)]
    assert [body["data"]["bot"]["id"] for body in bodies] == [first.id, second.id]
    assert bodies[0]["id"] != bodies[1]["id"]


def test_all_callbacks_of_a_bot_are_called_each_with_its_own_secret(bot: Bot) -> None:
    second = bot.workspace.make(f"/v1/bots/{bot.id}/callbacks", {"url": bot.receiver.url("/second")})
    bot.say(f"@{bot.handle}")
    (one,) = bot.heard()
    (two,) = bot.receiver.requests("/second")
    assert one.body == two.body
    for request, secret, other in (
        (one, bot.callback["secret"], second["secret"]),
        (two, second["secret"], bot.callback["secret"]),
    ):
        signature = request.headers["X-FM-Webhook-Signature"]
        stripe.WebhookSignature.verify_header(request.body.decode(), signature, secret, 300)
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.WebhookSignature.verify_header(request.body.decode(), signature, other, 300)


def test_a_bot_never_calls_itself_but_may_call_another(make: Callable[..., Bot]) -> None:
    first = make(called_by=["user", "bot"])
    second = make(first.chat, called_by=["user", "bot"])
    first.say(f"@{first.handle} says hello to @{second.handle}", by=first.caller())
    assert first.heard() == []
    assert len(second.heard()) == 1
    more = first.workspace.make(f"/v1/bots/{first.id}/tokens", {})
    again = Workspace(first.workspace.world, first.workspace.workspace_id, first.id, more["token"])
    first.say(f"@{first.handle} once more", by=again)
    assert first.heard() == []


def test_an_answer_to_a_mention_goes_round_in_no_circle(make: Callable[..., Bot]) -> None:
    """Two bots that answer each other, naming the delivery to which they answer, stop after a few messages."""
    first = make(called_by=["user", "bot"])
    second = make(first.chat, called_by=["user", "bot"])
    first.say(f"@{first.handle}")
    (request,) = first.heard()
    headers = {"x-fm-delivery-id": request.headers["X-FM-Delivery-ID"]}
    target = f"/v1/chats/{first.chat}/messages"
    answer = first.caller().call("POST", target, {"text": f"@{second.handle}"}, headers=headers)
    assert answer.status == 201
    (request,) = second.heard()
    headers = {"x-fm-delivery-id": request.headers["X-FM-Delivery-ID"]}
    assert second.caller().call("POST", target, {"text": f"@{first.handle}"}, headers=headers).status == 201
    assert len(first.heard()) == 1


def test_an_edit_that_adds_a_mention_calls_nobody(bot: Bot) -> None:
    message = bot.say("nothing yet")
    bot.workspace.world.pump()
    path = f"/v1/chats/{bot.chat}/messages/{message['id']}"
    edited = bot.workspace.call("PATCH", path, {"text": f"@{bot.handle}"})
    assert edited.json["mentions"] == [bot.handle]
    assert bot.heard() == []


def test_a_mention_counts_though_the_message_is_edited_before_its_dispatch(bot: Bot) -> None:
    message = bot.say(f"@{bot.handle}")
    path = f"/v1/chats/{bot.chat}/messages/{message['id']}"
    assert bot.workspace.call("PATCH", path, {"text": "never mind"}).status == 200
    (request,) = bot.heard()
    assert json.loads(request.body)["data"]["message"]["text"] == f"@{bot.handle}"


def test_dispatching_twice_calls_once(world: World, bot: Bot) -> None:
    bot.say(f"@{bot.handle}")
    records = world.stream_records("MessagesTable")
    for _ in range(3):
        assert world.invoke("dispatcher", {"Records": records}) == {"batchItemFailures": []}
    assert len(bot.heard()) == 1
    assert world.invoke("dispatcher", {"Records": records}) == {"batchItemFailures": []}
    assert len(bot.heard()) == 1


def test_a_mention_that_the_stream_lost_is_swept(world: World, bot: Bot, later: Later) -> None:
    bot.say(f"@{bot.handle}")
    world.stream_records("MessagesTable")  # and nobody gets them
    assert bot.heard() == []
    later(sweep.SETTLED_AFTER_SECONDS + 1)
    assert world.invoke("sweeper", {})["swept"] >= 1
    assert len(bot.heard()) == 1


# --- the moment -------------------------------------------------------------------------------------------


def test_a_bot_that_is_not_in_the_chat_is_not_called(bot: Bot) -> None:
    other_chat = bot.workspace.chat("Other")
    bot.say(f"@{bot.handle}", chat=other_chat)
    assert bot.heard() == []
    assert bot.workspace.call("PUT", f"/v1/chats/{other_chat}/members/{bot.id}").status == 200
    bot.say(f"@{bot.handle}", chat=other_chat)
    assert len(bot.heard()) == 1
    assert bot.workspace.call("DELETE", f"/v1/chats/{other_chat}/members/{bot.id}").status == 204
    bot.say(f"@{bot.handle}", chat=other_chat)
    assert len(bot.heard()) == 1


def test_waiting_deliveries_of_a_bot_that_left_the_chat_are_cancelled(world: World, bot: Bot) -> None:
    bot.say(f"@{bot.handle}")
    world.pump_streams()  # dispatched, not yet delivered
    assert bot.workspace.call("DELETE", f"/v1/chats/{bot.chat}/members/{bot.id}").status == 204
    assert bot.heard() == []
    (delivery,) = bot.deliveries()
    assert (delivery["state"], delivery["reason"]) == ("cancelled", "the bot no longer belongs to the chat")


def test_the_maker_of_a_callback_need_not_belong_to_the_chat(workspace: Workspace, receiver: Receiver) -> None:
    """Only the bot's membership counts, not that of the person who created the callback."""
    admin = workspace.person("admin", "bots:read", "bots:write", "messages:write")
    made = admin.make("/v1/bots", {"name": "Mine", "handle": "mine"})
    admin.make(f"/v1/bots/{made['id']}/callbacks", {"url": receiver.url("/mine")})
    chat = workspace.chat()
    assert workspace.call("PUT", f"/v1/chats/{chat}/members/{made['id']}").status == 200
    workspace.make(f"/v1/chats/{chat}/messages", {"text": "@mine"})
    workspace.world.pump()
    assert len(receiver.requests("/mine")) == 1


def test_a_deactivated_bot_is_not_called_until_it_is_back(world: World, bot: Bot) -> None:
    path = f"/v1/bots/{bot.id}"
    bot.say(f"@{bot.handle} waits")
    world.pump_streams()
    assert bot.workspace.call("PATCH", path, {"active": False}).status == 200
    callback = bot.workspace.call("GET", f"{path}/callbacks/{bot.callback['id']}").json
    assert (callback["state"], callback["disabled_reason"]) == ("disabled", "the bot was deactivated")
    bot.say(f"@{bot.handle} is asleep")
    assert bot.heard() == []
    (delivery,) = bot.deliveries()
    assert (delivery["state"], delivery["reason"]) == (
        "cancelled",
        "the webhook is disabled: the bot was deactivated",
    )
    for address in (f"{path}/callbacks/{bot.callback['id']}", f"/v1/webhooks/{bot.callback['id']}"):
        refused = bot.workspace.call("PATCH", address, {"state": "enabled"})
        assert refused.status == 409
        assert "deactivated" in refused.json["detail"]

    assert bot.workspace.call("PATCH", path, {"active": True}).status == 200
    assert bot.workspace.call("GET", f"{path}/callbacks/{bot.callback['id']}").json["state"] == "enabled"
    bot.say(f"@{bot.handle} is back")
    assert len(bot.heard()) == 1


def test_activating_enables_only_what_deactivating_disabled(bot: Bot) -> None:
    path = f"/v1/bots/{bot.id}"
    second = bot.workspace.make(f"{path}/callbacks", {"url": bot.receiver.url("/second")})
    assert bot.workspace.call("PATCH", f"{path}/callbacks/{second['id']}", {"state": "disabled"}).status == 200
    for active in (False, True):
        assert bot.workspace.call("PATCH", path, {"active": active}).status == 200
    states = {made["id"]: made["state"] for made in bot.workspace.call("GET", f"{path}/callbacks").json["items"]}
    assert states == {bot.callback["id"]: "enabled", second["id"]: "disabled"}


def test_a_renamed_handle_is_the_one_that_counts(bot: Bot) -> None:
    assert bot.workspace.call("PATCH", f"/v1/bots/{bot.id}", {"handle": "renamed"}).status == 200
    bot.say(f"@{bot.handle}")
    assert bot.heard() == []
    bot.say("@renamed")
    assert len(bot.heard()) == 1


def test_a_deleted_bot_gets_nothing(world: World, bot: Bot) -> None:
    bot.say(f"@{bot.handle}")
    world.pump_streams()
    assert bot.workspace.call("DELETE", f"/v1/bots/{bot.id}").status == 204
    bot.say(f"@{bot.handle}")
    assert bot.heard() == []


def test_live_and_test_never_meet(workspace: Workspace, make: Callable[..., Bot]) -> None:
    live = make()
    tester = workspace.narrow("admin:*", environment="staging")
    callback = tester.make(f"/v1/bots/{live.id}/callbacks", {"url": live.receiver.url("/test")})
    assert callback["livemode"] is False
    live.say(f"@{live.handle}", by=tester)
    assert live.heard() == []
    (request,) = live.receiver.requests("/test")
    assert json.loads(request.body)["livemode"] is False
    live.say(f"@{live.handle}")
    assert len(live.heard()) == 1
    assert len(live.receiver.requests("/test")) == 1
    for caller, own, other in ((workspace, live.callback, callback), (tester, callback, live.callback)):
        listed = caller.call("GET", f"/v1/bots/{live.id}/callbacks").json["items"]
        assert [made["id"] for made in listed] == [own["id"]]
        assert caller.call("GET", f"/v1/bots/{live.id}/callbacks/{other['id']}").status == 404


def test_another_workspaces_bot_of_the_same_handle_is_not_called(
    workspace: Workspace, other: Workspace, make: Callable[..., Bot], receiver: Receiver
) -> None:
    bot = make(handle="twin")
    stranger = other.make("/v1/bots", {"name": "Twin", "handle": "twin"})
    other.make(f"/v1/bots/{stranger['id']}/callbacks", {"url": receiver.url("/stranger")})
    bot.say("@twin")
    assert len(bot.heard()) == 1
    assert receiver.requests("/stranger") == []


# --- ordinary webhooks ------------------------------------------------------------------------------------


def test_webhooks_of_the_chat_and_of_every_chat_can_want_mentions(bot: Bot, workspace: Workspace) -> None:
    wanted = {"events": ["bot.mentioned"]}
    workspace.make("/v1/webhooks", {"url": bot.receiver.url("/chat"), "chat_ids": [bot.chat], **wanted})
    workspace.make("/v1/webhooks", {"url": bot.receiver.url("/all"), **wanted})
    workspace.make("/v1/webhooks", {"url": bot.receiver.url("/other"), "chat_ids": [workspace.chat("O")], **wanted})
    workspace.make(
        "/v1/webhooks", {"url": bot.receiver.url("/said"), "chat_ids": [bot.chat], "events": ["message.created"]}
    )
    bot.say(f"@{bot.handle}")
    (at_callback,) = bot.heard()
    assert [request.body for request in bot.receiver.requests("/chat")] == [at_callback.body]
    assert [request.body for request in bot.receiver.requests("/all")] == [at_callback.body]
    assert bot.receiver.requests("/other") == []
    (said,) = bot.receiver.requests("/said")
    assert json.loads(said.body)["type"] == "message.created"


def test_webhooks_hear_of_no_bot_that_is_absent_or_asleep(bot: Bot, workspace: Workspace) -> None:
    workspace.make("/v1/webhooks", {"url": bot.receiver.url("/all"), "events": ["bot.mentioned"]})
    other_chat = workspace.chat("Other")
    bot.say(f"@{bot.handle}", chat=other_chat)
    assert bot.heard() == bot.receiver.requests("/all") == []
    assert workspace.call("PATCH", f"/v1/bots/{bot.id}", {"active": False}).status == 200
    bot.say(f"@{bot.handle}")
    assert bot.heard() == bot.receiver.requests("/all") == []
    assert workspace.call("PATCH", f"/v1/bots/{bot.id}", {"active": True}).status == 200
    bot.say(f"@{bot.handle}")
    assert len(bot.heard()) == len(bot.receiver.requests("/all")) == 1


def test_a_mention_of_a_person_is_shown_and_calls_nobody(bot: Bot, workspace: Workspace) -> None:
    person = workspace.make("/v1/users", {"name": "Grace", "email": "g@example.com", "handle": "grace"})
    assert workspace.call("PUT", f"/v1/chats/{bot.chat}/members/{person['id']}").status == 200
    workspace.make("/v1/webhooks", {"url": bot.receiver.url("/all"), "events": ["bot.mentioned"]})
    message = bot.say("@Grace, `@code` and @nobody")
    assert message["mentions"] == ["grace", "nobody"]
    (found,) = workspace.call("GET", "/v1/users?handle=grace").json["items"]
    assert found["id"] == person["id"]
    assert bot.heard() == []
    assert bot.receiver.requests("/all") == []


# --- managing callbacks -----------------------------------------------------------------------------------


def test_a_callback_shows_its_secret_once(bot: Bot) -> None:
    assert bot.callback["secret"].startswith("whsec_")
    assert (bot.callback["bot_id"], bot.callback["events"], bot.callback["chat_ids"]) == (
        bot.id,
        ["bot.mentioned"],
        None,
    )
    path = f"/v1/bots/{bot.id}/callbacks"
    shown = {name: value for name, value in bot.callback.items() if name not in ("secret", "token")}
    for answer in (bot.workspace.call("GET", path), bot.workspace.call("GET", f"{path}/{bot.callback['id']}")):
        assert bot.callback["secret"].encode() not in answer.body
        assert answer.json in (shown, {"items": [shown], "next_cursor": None})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": "http://bots.example.com/"}, "/url"),
        ({"url": "https://10.0.0.1/"}, "/url"),
        ({"url": "https://user:secret@bots.example.com/"}, "/url"),
        ({"url": "https://bots.example.com/", "events": ["message.created"]}, "/events"),
        ({"url": "https://bots.example.com/", "chat_ids": []}, "/chat_ids"),
        ({"url": "https://bots.example.com/", "bot_id": "usr_1"}, "/bot_id"),
        ({"url": "https://bots.example.com/", "secret": "whsec_0123456789abcdef"}, "/secret"),
        ({"url": "https://bots.example.com/", "signatures": ["md5"]}, "/signatures/0"),
    ],
)
def test_a_bad_callback_is_refused_with_the_field(bot: Bot, body: Made, pointer: str) -> None:
    answer = bot.workspace.call("POST", f"/v1/bots/{bot.id}/callbacks", body)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, pointer), answer.body
    assert b"secret@" not in answer.body
    assert b"0123456789abcdef" not in answer.body


def test_a_callback_is_edited_and_keeps_its_secret(bot: Bot) -> None:
    path = f"/v1/bots/{bot.id}/callbacks/{bot.callback['id']}"
    patch = {"url": bot.receiver.url("/moved"), "name": "main", "signatures": ["fm", "standard"]}
    changed = bot.workspace.call("PATCH", path, patch)
    assert changed.status == 200, changed.body
    assert bot.workspace.call("PATCH", path, {"url": "http://10.0.0.1/"}).status == 422
    bot.say(f"@{bot.handle}")
    assert bot.heard() == []
    (request,) = bot.receiver.requests("/moved")
    signature = request.headers["X-FM-Webhook-Signature"]
    stripe.WebhookSignature.verify_header(request.body.decode(), signature, bot.callback["secret"], 300)
    assert "webhook-signature" in request.headers

    assert bot.workspace.call("PATCH", path, {"state": "disabled"}).json["state"] == "disabled"
    bot.say(f"@{bot.handle}")
    bot.workspace.world.pump()
    assert len(bot.receiver.requests("/moved")) == 1
    assert bot.workspace.call("PATCH", path, {"state": "enabled"}).json["state"] == "enabled"

    assert bot.workspace.call("DELETE", path).status == 204
    assert bot.workspace.call("GET", path).status == 404
    bot.say(f"@{bot.handle}")
    bot.workspace.world.pump()
    assert len(bot.receiver.requests("/moved")) == 1


@pytest.mark.parametrize("patch", [{"events": ["message.created"]}, {"chat_ids": None}])
def test_a_callback_cannot_become_another_webhook(bot: Bot, patch: Made) -> None:
    answer = bot.workspace.call("PATCH", f"/v1/webhooks/{bot.callback['id']}", patch)
    assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, f"/{next(iter(patch))}")
    assert bot.workspace.call("PATCH", f"/v1/bots/{bot.id}/callbacks/{bot.callback['id']}", patch).status == 422


def test_a_callback_is_rotated_tested_and_retried_like_any_webhook(bot: Bot) -> None:
    path = f"/v1/webhooks/{bot.callback['id']}"
    test = bot.workspace.call("POST", f"{path}/test", {})
    assert (test.status, test.json["event_type"]) == (202, "bot.mentioned")
    (request,) = bot.heard()
    assert json.loads(request.body)["test"] is True
    jsonschema.validate(json.loads(request.body), catalogue.schema("bot.mentioned"))

    secret = bot.workspace.call("POST", f"{path}/rotate-secret", {}).json["secret"]
    bot.receiver.answer(bot.path, 500, 500, 500, 500, 200)
    bot.say(f"@{bot.handle}")
    bot.workspace.world.pump(40)
    newest = bot.deliveries()[0]
    assert newest["state"] == "exhausted"
    assert bot.workspace.call("POST", f"/v1/deliveries/{newest['id']}/retry").status == 202
    bot.workspace.world.pump(40)
    assert bot.deliveries()[0]["state"] == "delivered"
    request = bot.receiver.requests(bot.path)[-1]
    for one in (secret, bot.callback["secret"]):
        signature = request.headers["X-FM-Webhook-Signature"]
        stripe.WebhookSignature.verify_header(request.body.decode(), signature, one, 300)


def test_callbacks_are_shown_only_to_those_who_may_manage_bots(workspace: Workspace, receiver: Receiver) -> None:
    admin = workspace.person("admin", "bots:read", "bots:write", "webhooks:read", "webhooks:write", "messages:write")
    made = admin.make("/v1/bots", {"name": "Mine", "handle": "mine"})
    callback = admin.make(f"/v1/bots/{made['id']}/callbacks", {"url": receiver.url("/mine")})
    assert [one["id"] for one in admin.call("GET", "/v1/webhooks").json["items"]] == [callback["id"]]
    assert [one["id"] for one in workspace.call("GET", "/v1/webhooks").json["items"]] == [callback["id"]]
    # The same person, through a token that may not manage bots.
    user = {"id": admin.user_id, "role": "admin"}
    narrow = Workspace(
        workspace.world,
        workspace.workspace_id,
        admin.user_id,
        token_for(workspace.world, workspace, user, ("webhooks:read", "webhooks:write")),
    )
    assert narrow.call("GET", "/v1/webhooks").json["items"] == []
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/test")):
        sent: Made | None = {} if method in ("PATCH", "POST") else None
        assert narrow.call(method, f"/v1/webhooks/{callback['id']}{path}", sent).status == 404
    manager = workspace.person("manager", "webhooks:read", "webhooks:write")
    assert manager.call("GET", "/v1/webhooks").json["items"] == []
    assert manager.call("GET", f"/v1/webhooks/{callback['id']}").status == 404


def test_a_bots_callbacks_are_its_own(make: Callable[..., Bot]) -> None:
    first, second = make(), make()
    ordinary = first.workspace.make(
        "/v1/webhooks", {"url": first.receiver.url("/w"), "events": ["bot.mentioned"], "chat_ids": [first.chat]}
    )
    for webhook_id in (second.callback["id"], ordinary["id"], "whk_01J00000000000000000000000"):
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/deliveries")):
            sent: Made | None = {} if method == "PATCH" else None
            answer = first.workspace.call(method, f"/v1/bots/{first.id}/callbacks/{webhook_id}{path}", sent)
            assert (answer.status, answer.json["detail"]) == (404, "The bot has no such callback.")


def test_a_bot_has_so_many_callbacks_in_pages(bot: Bot) -> None:
    path = f"/v1/bots/{bot.id}/callbacks"
    ids = [bot.callback["id"]]
    for number in range(callbacks.MAX_CALLBACKS - 1):
        ids.append(bot.workspace.make(path, {"url": f"https://bots.example.com/{number}"})["id"])
    assert bot.workspace.call("POST", path, {"url": "https://bots.example.com/more"}).status == 409
    found: list[str] = []
    target = f"{path}?limit=4"
    while True:
        page = bot.workspace.call("GET", target).json
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        target = f"{path}?limit=4&cursor={page['next_cursor']}"
    assert sorted(found) == sorted(ids)
    assert len(found) == len(set(found))


def test_the_log_of_a_callback_is_filtered_like_any_log(bot: Bot) -> None:
    bot.receiver.answer(bot.path, 200, 500)
    bot.say(f"@{bot.handle} one")
    bot.workspace.world.pump(30)
    bot.say(f"@{bot.handle} two")
    bot.workspace.world.pump(30)
    path = f"/v1/bots/{bot.id}/callbacks/{bot.callback['id']}/deliveries"
    for query, states in (
        ("?state=exhausted", ["exhausted"]),
        ("?result=2xx", ["delivered"]),
        ("?event_type=bot.mentioned", ["exhausted", "delivered"]),
        ("?event_type=message.created", []),
    ):
        assert [item["state"] for item in bot.workspace.call("GET", path + query).json["items"]] == states

"""The formats: the body for each product's receivers, its JSON Schema, and the product's signature."""

import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from typing import Any, get_args

import jsonschema
import pytest
from ferryman import formats
from ferryman.events import catalogue, envelope
from ferryman.events.model import Event, EventType
from ferryman.formats import Format, native
from ferryman.formats.interface import NotAReply
from ferryman.outbound.outcomes import Body

AT = "2026-03-04T05:06:07.890Z"
PERSON = {"id": "usr_1", "name": "Ada", "email": "ada@example.com"}
CONVERSATION = {"application_id": "app_1", "person": PERSON, "chat": {"id": "cht_1", "type": "private"}}
EVERY_TYPE: tuple[EventType, ...] = tuple(catalogue.CATALOGUE)
DIALECTS: tuple[Format, ...] = ("fchat", "fluxdesk")


@dataclass(frozen=True)
class Receiver:
    """The attributes of a webhook that formats read."""

    format: str
    webhook_id: str = "whk_1"


def body(format_: Format, type_: EventType, data: dict[str, Any], *, test: bool = False, livemode: bool = True) -> Any:
    """The parsed body of an event in one format, or None when the format cannot express the event."""
    event = envelope.build(
        type_, "evt_1", workspace_id="wsp_1", livemode=livemode, at=AT, data=data, chat_id="cht_1", test=test
    )
    if not event.can_be_rendered(format_):
        return None
    content = event.render(Receiver(format_)).content
    assert content.isascii()
    return json.loads(content)


def click(data: Any) -> dict[str, Any]:
    interaction = {"message_id": "msg_1", "label": "Approve", "data": data, "row": 0, "column": 1}
    return {"interaction": interaction, "conversation": CONVERSATION}


def notification(**changes: Any) -> dict[str, Any]:
    shown = {"id": "ntf_1", "title": "Fix it", "body": "By noon", "url": "https://x.example/", "data": {"a": 1}}
    return {"notification": {**shown, **changes}, "user": {"id": "usr_1"}}


def schema(format_: Format, type_: EventType) -> dict[str, Any]:
    described = catalogue.schema(type_)
    return formats.FORMATS[format_].schema(described)


# --- our own ----------------------------------------------------------------------------------------------


def test_our_own_body_holds_the_event_and_its_data() -> None:
    """Events of all types have the same six members in our own format."""
    assert body("ferryman", "system", notification()) == {
        "id": "evt_1",
        "type": "system",
        "created_at": AT,
        "workspace_id": "wsp_1",
        "livemode": True,
        "data": notification(),
    }


def test_a_body_is_compact_ascii_json() -> None:
    event = envelope.build("system", "evt_1", workspace_id="wsp_1", livemode=True, at=AT, data=notification(title="é"))
    said = {"message": {"text": "é"}, "conversation": CONVERSATION}
    answer = envelope.build("message.created", "evt_1", workspace_id="wsp_1", livemode=True, at=AT, data=said)
    for rendered in (
        event.render(Receiver("ferryman")),
        event.render(Receiver("fluxdesk")),
        answer.render(Receiver("fchat")),
    ):
        text = rendered.content.decode()
        assert rendered.content_type == "application/json"
        assert "\\u00e9" in text
        assert text == json.dumps(json.loads(text), separators=(",", ":"))


def test_a_stored_event_keeps_every_byte_of_its_bodies() -> None:
    """A retry must send the bytes of the first attempt, although DynamoDB changes the form of numbers."""
    data = notification(data={"b": 1.0, "a": [1e-7, 10**30, None], "ж": "\u2028"})
    event = envelope.build("blocker", "evt_1", workspace_id="wsp_1", livemode=True, at=AT, data=data)
    read = Event.from_item(event.to_item())
    assert read.data == event.data
    for format_ in ("ferryman", "fluxdesk"):
        assert read.render(Receiver(format_)) == event.render(Receiver(format_))


def test_a_body_that_another_release_stored_wins() -> None:
    event = envelope.build("blocker", "evt_1", workspace_id="wsp_1", livemode=True, at=AT, data=notification())
    item = event.to_item() | {"bodies": {"fluxdesk": '{"version":1,"as":"it was"}'}}
    assert Event.from_item(item).render(Receiver("fluxdesk")).content == b'{"version":1,"as":"it was"}'


def test_the_release_before_finds_the_bodies_that_it_cannot_render() -> None:
    event = envelope.build("blocker", "evt_1", workspace_id="wsp_1", livemode=True, at=AT, data=notification())
    assert event.to_item()["bodies"] == {"fluxdesk": event.render(Receiver("fluxdesk")).content.decode()}


def test_a_format_that_only_a_later_release_knows_is_left_to_it() -> None:
    event = envelope.build("blocker", "evt_1", workspace_id="wsp_1", livemode=True, at=AT, data=notification())
    assert event.can_be_rendered("of a later release")


# --- replies ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b'{"text": "On it"}', "On it"),
        (b' {"text": "\\ud83d\\ude00", "ok": true}', "\U0001f600"),
        (json.dumps({"text": "\U0001f600" * 16_000}).encode(), "\U0001f600" * 16_000),
        (b'{"text": ""}', None),
        (b'{"text": " \\n"}', None),
        (b'{"text": null}', None),
        (b'{"ok": true}', None),
        (b'["text"]', None),
        (b"OK", None),
        (b"", None),
        (b'{"text": ', None),
        (b"[" * 100_000, None),
        (b"\xff", None),
    ],
)
def test_an_answer_with_a_text_is_a_reply(answer: bytes, text: str | None) -> None:
    reply = native.read_response(Body(answer))
    assert (reply and reply.text) == text
    assert len(answer) <= native.RESPONSE_BYTES


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Body(b'{"text": 17}'), "its text is not a string"),
        (
            Body(json.dumps({"text": "x" * 16_001}).encode()),
            "its text has 16001 characters; at most 16000 are accepted",
        ),
        (Body(b'{"text": "\\ud800"}'), "its text has half of a surrogate pair"),
        (Body(b'{"text": "cut', is_whole=False), "the answer did not end within 200192 bytes and the time for it"),
    ],
)
def test_a_reply_that_cannot_be_posted_says_why(answer: Body, reason: str) -> None:
    with pytest.raises(NotAReply) as refused:
        native.read_response(answer)
    assert str(refused.value) == reason


def test_a_long_page_is_not_a_reply() -> None:
    assert native.read_response(Body(b"<html>", is_whole=False)) is None


# --- fchat ------------------------------------------------------------------------------------------------


def test_fchat_tells_an_application_what_a_person_answered() -> None:
    answered = {"message": {"text": "Yes", "id": "msg_1"}, "conversation": CONVERSATION}
    assert body("fchat", "message.created", answered) == {
        "message": {
            "text": "Yes",
            "user": {"email": "ada@example.com", "name": "Ada"},
            "chat": {"id": "cht_1", "type": "private"},
        }
    }


def test_fchat_tells_an_application_which_button_a_person_clicked() -> None:
    assert body("fchat", "interaction.created", click("approve")) == {
        "message": {
            "text": "Approve",
            "user": {"email": "ada@example.com", "name": "Ada"},
            "chat": {"id": "cht_1", "type": "private"},
            "callback_query": {"data": "approve", "message": {"message_id": "msg_1"}, "data_json": '"approve"'},
        }
    }


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("as it is", "as it is"),
        ("", ""),
        ({"b": 1, "a": [True, None]}, '{"b":1,"a":[true,null]}'),
        (["é", "ж"], '["é","ж"]'),
        (17, "17"),
        (None, "null"),
    ],
)
def test_fchat_turns_a_buttons_data_into_a_text(data: Any, text: str) -> None:
    """A text stays unchanged. Any other value becomes compact JSON with its keys in their order."""
    message = body("fchat", "interaction.created", click(data))["message"]
    assert message["callback_query"]["data"] == text


def test_fchat_tells_the_context_that_an_answer_came_in_time_for() -> None:
    context = {"id": "ctx_1", "parameters": {"request": 42}}
    told = body(
        "fchat", "message.created", {"message": {"text": "Yes"}, "conversation": {**CONVERSATION, "context": context}}
    )
    assert told["context"] == context


def test_fchat_has_no_words_for_messages_outside_a_conversation() -> None:
    assert body("fchat", "message.created", {"message": {"text": "Hello"}}) is None
    assert body("fchat", "message.updated", {"message": {"text": "Yes"}, "conversation": CONVERSATION}) is None


# --- fluxdesk ---------------------------------------------------------------------------------------------


def test_fluxdesk_tells_a_person_of_a_notification() -> None:
    assert body("fluxdesk", "task_assigned", notification(), livemode=False) == {
        "version": 1,
        "type": "task_assigned",
        "title": "Fix it",
        "body": "By noon",
        "url": "https://x.example/",
        "data": {"a": 1},
        "notification_id": "ntf_1",
        "user_id": "usr_1",
        "created_at": AT,
        "livemode": False,
    }


def test_fluxdesk_marks_a_test_delivery_and_no_other() -> None:
    assert body("fluxdesk", "system", notification(), test=True)["test"] is True
    assert "test" not in body("fluxdesk", "system", notification())


def test_fluxdesk_has_no_words_for_chats() -> None:
    assert body("fluxdesk", "message.created", {"message": {"text": "Yes"}, "conversation": CONVERSATION}) is None


def test_fluxdesk_names_the_delivery_by_a_uuid_that_stays_the_same() -> None:
    """Receivers recognise a repeated attempt by this id, so no release may change how it is derived."""
    signing = formats.signing("fluxdesk")
    assert signing is not None
    headers = signing.headers("task_assigned", "dlv_1")
    expected = uuid.uuid5(uuid.UUID("6f2b3c1e-8d5a-5d0e-9a55-0f8c5b1c7a34"), "dlv_1")
    assert headers == {"X-FluxDesk-Event-Type": "task_assigned", "X-FluxDesk-Delivery-Id": str(expected)}


def test_fluxdesk_signs_the_body_with_the_old_secret_until_it_ends() -> None:
    signing = formats.signing("fluxdesk")
    assert signing is not None
    for valid, signer in ((["whsec_new", "whsec_old"], b"whsec_old"), (["whsec_new"], b"whsec_new")):
        digest = hmac.new(signer, b"{}", hashlib.sha256).hexdigest()
        assert signing.sign(valid, b"{}") == {"X-FluxDesk-Signature": f"v1={digest}"}


def test_a_webhook_that_chose_no_signature_gets_the_one_of_its_format() -> None:
    assert {name: formats.signature(name) for name in ("ferryman", *DIALECTS)} == {
        "ferryman": "fm",
        "fchat": "fm",
        "fluxdesk": "fluxdesk",
    }
    assert [formats.signing(name) for name in ("fm", "standard", "fchat")] == [None, None, None]


# --- schemas ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", EVERY_TYPE)
def test_each_example_is_valid_against_its_schema(type_: EventType) -> None:
    rendered = catalogue.rendered_examples(type_)
    examples: dict[Format, Any] = {name: json.loads(body.content) for name, body in rendered.items()}
    examples["ferryman"] = catalogue.example(type_)
    assert set(examples) <= {*get_args(Format.__value__)}
    for format_, example in examples.items():
        jsonschema.validate(example, schema(format_, type_))


def test_each_type_has_examples_in_the_formats_that_can_tell_it() -> None:
    told = {
        format_: {type_ for type_ in EVERY_TYPE if catalogue.can_be_rendered(format_, type_)} for format_ in DIALECTS
    }
    assert told == {
        "fchat": {"message.created", "interaction.created"},
        "fluxdesk": {type_ for type_, entry in catalogue.CATALOGUE.items() if entry.personal},
    }


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }


FCHAT_MESSAGE = {
    "text": {"type": "string"},
    "user": closed(email={"type": ["string", "null"]}, name={"type": "string"}),
    "chat": closed(id={"type": "string"}, type={"enum": ["group", "private"]}),
}
CONTEXT = {
    **closed(
        id={"type": "string"},
        parameters={"type": "object", "description": "The values that the application gave with its message."},
    ),
    "description": "The context of the application's message. Missing if it had expired.",
}
DATA_AS_JSON = "Any value as compact JSON; a text has quotation marks."
TEXT_OF_DATA = "A text as it is, any other value as compact JSON."


@pytest.mark.parametrize(
    ("type_", "message"),
    {
        "an answer": ("message.created", FCHAT_MESSAGE),
        "a click": (
            "interaction.created",
            {
                **FCHAT_MESSAGE,
                "callback_query": closed(
                    data={"type": "string", "description": TEXT_OF_DATA},
                    message=closed(message_id={"type": "string"}),
                    data_json={"type": "string", "description": DATA_AS_JSON},
                ),
            },
        ),
    }.values(),
)
def test_the_schema_of_an_fchat_body_is_closed_and_complete(type_: EventType, message: dict[str, Any]) -> None:
    described = schema("fchat", type_)
    assert described == {
        "description": catalogue.CATALOGUE[type_].description,
        **closed(message=closed(**message), context=CONTEXT),
        "required": ["message"],
    }


def test_the_schema_of_a_fluxdesk_body_is_closed_and_complete() -> None:
    described = schema("fluxdesk", "blocker")
    nullable, text = {"type": ["string", "null"]}, {"type": "string"}
    expected = closed(
        version={"const": 1},
        type={"const": "blocker"},
        title=text,
        body=nullable,
        url=nullable,
        data=described["properties"]["data"],
        notification_id=text,
        user_id=text,
        created_at={"type": "string", "format": "date-time"},
        livemode={"type": "boolean"},
    )
    assert described["properties"]["data"]["type"] == ["object", "null"]
    assert described["properties"].pop("test")["const"] is True
    assert described == {"description": catalogue.CATALOGUE["blocker"].description, **expected}

"""Which webhooks want an event: the dispatcher's rule, for callbacks and ordinary webhooks."""

import json
from dataclasses import replace

import pytest
from ferryman.events.model import Event
from ferryman.pipeline.matching import topics, wants
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.subscriptions.model import MentionedBy, Webhook

BOT, OTHER_BOT, PERSON = "usr_bot", "usr_other", "usr_person"
CHAT, OTHER_CHAT = "cht_1", "cht_2"
EVERYBODY = {(chat, user) for chat in (CHAT, OTHER_CHAT) for user in (BOT, OTHER_BOT, PERSON)}

MENTION = Event(
    workspace_id="wsp_1",
    event_id="evt_1",
    type="bot.mentioned",
    created_at="2026-11-21T10:40:00.000Z",
    livemode=True,
    data={},
    chat_id=CHAT,
    bot_id=BOT,
)
CALLBACK = Webhook(
    workspace_id="wsp_1",
    webhook_id="whk_1",
    url="https://bots.example.com/",
    events=["bot.mentioned"],
    livemode=True,
    created_by=PERSON,
    created_at="2026-11-21T10:39:00.000Z",
    updated_at="2026-11-21T10:39:00.000Z",
    secrets=[],
    bot_id=BOT,
)
OF_CHAT = replace(CALLBACK, bot_id=None, chat_ids=[CHAT])
OF_ALL = replace(CALLBACK, bot_id=None)


def test_each_kind_of_webhook_wants_the_mention() -> None:
    assert all(wants(webhook, MENTION, EVERYBODY) for webhook in (CALLBACK, OF_CHAT, OF_ALL))


@pytest.mark.parametrize(
    ("event", "wanted_by"),
    {
        "of another bot": (replace(MENTION, bot_id=OTHER_BOT), [OF_CHAT, OF_ALL]),
        "of no bot": (replace(MENTION, bot_id=None, type="message.created"), []),
        "in another chat": (replace(MENTION, chat_id=OTHER_CHAT), [CALLBACK, OF_ALL]),
        "in test": (replace(MENTION, livemode=False), []),
        "before there was the webhook": (replace(MENTION, created_at="2026-11-21T10:38:00.000Z"), []),
        "that the webhook led to": (replace(MENTION, chain=["whk_1"]), []),
        "at the end of a chain": (replace(MENTION, chain=["whk_2", "whk_3", "whk_4"]), []),
    }.values(),
)
def test_a_mention_reaches_the_bot_that_it_names(event: Event, wanted_by: list[Webhook]) -> None:
    assert [webhook for webhook in (CALLBACK, OF_CHAT, OF_ALL) if wants(webhook, event, EVERYBODY)] == wanted_by


def test_a_callback_hears_where_its_bot_belongs_and_a_webhook_where_its_creator_does() -> None:
    bots, people = {(CHAT, BOT)}, {(CHAT, PERSON)}
    assert wants(CALLBACK, MENTION, bots)
    assert not wants(CALLBACK, MENTION, people)
    assert wants(OF_CHAT, MENTION, people)
    assert not wants(OF_CHAT, MENTION, bots)
    assert wants(OF_ALL, MENTION, set())


def test_a_webhook_wants_what_happened_at_the_moment_it_was_made() -> None:
    assert wants(OF_ALL, replace(MENTION, created_at=OF_ALL.created_at), EVERYBODY)


def test_a_webhook_that_a_fast_clock_made_wants_what_happened_next() -> None:
    """Two functions set the times of webhook and event, each by its own clock."""
    moments = (
        ("2026-11-21T10:40:01.500Z", True),
        ("2026-11-21T10:40:02.000Z", True),
        ("2026-11-21T10:40:02.500Z", False),
    )
    for made_at, wanted in moments:
        for one in (CALLBACK, OF_CHAT, OF_ALL):
            assert wants(replace(one, created_at=made_at), MENTION, EVERYBODY) is wanted


def test_an_application_hears_what_a_person_answered_to_it() -> None:
    """Membership of a chat does not matter, because the conversation is the application's own."""
    application = replace(CALLBACK, bot_id=None, application_id="app_1", events=["message.created"])
    answered = replace(MENTION, bot_id=None, type="message.created", application_id="app_1")
    assert wants(application, answered, set())
    assert not wants(application, replace(answered, application_id="app_2"), EVERYBODY)
    assert not wants(application, replace(answered, application_id=None), EVERYBODY)


def test_an_application_that_is_told_of_its_groups_texts_hears_of_each() -> None:
    told = json.dumps({"contexts": {"app_1": None}, "person": {"id": PERSON, "name": "Ada", "email": None}})
    said = replace(MENTION, bot_id=None, type="message.created", data={"message": {"text": "Hi"}}, told=told)
    application = replace(CALLBACK, bot_id=None, application_id="app_1", events=["message.created"], format="fchat")
    assert wants(application, said, set())
    assert not wants(replace(application, application_id="app_2"), said, set())
    assert not wants(application, replace(said, told=None), set())


def test_a_personal_webhook_hears_what_its_person_is_notified_of() -> None:
    personal = replace(CALLBACK, bot_id=None, user_id=PERSON, events=["system"])
    notified = replace(MENTION, bot_id=None, chat_id=None, type="system", user_id=PERSON)
    assert wants(personal, notified, set())
    assert not wants(personal, replace(notified, user_id="usr_2"), EVERYBODY)


def test_a_webhook_wants_nothing_that_its_format_has_no_words_for() -> None:
    clicked = replace(MENTION, type="interaction.created", bot_id=None)
    every = replace(OF_ALL, events=["interaction.created"])
    assert wants(replace(every, format="fchat"), clicked, EVERYBODY)
    assert not wants(replace(every, format="fluxdesk"), clicked, EVERYBODY)


def test_a_webhook_of_a_chat_wants_its_events_while_its_creator_belongs() -> None:
    """The webhook has two chats. Only membership of the event's own chat counts."""
    both = replace(OF_CHAT, chat_ids=[CHAT, OTHER_CHAT])
    assert wants(both, MENTION, {(CHAT, PERSON)})
    assert not wants(both, MENTION, {(OTHER_CHAT, PERSON)})


def test_two_hops_are_allowed_and_three_are_not() -> None:
    assert wants(OF_ALL, replace(MENTION, chain=["whk_2", "whk_3"]), EVERYBODY)
    assert not wants(OF_ALL, replace(MENTION, chain=["whk_2", "whk_3", "whk_4"]), EVERYBODY)


def test_a_disabled_webhook_wants_nothing() -> None:
    assert not any(wants(replace(one, state="disabled"), MENTION, EVERYBODY) for one in (CALLBACK, OF_CHAT, OF_ALL))


@pytest.mark.parametrize("livemode", [True, False])
def test_an_event_is_looked_up_under_each_topic_that_it_concerns(livemode: bool) -> None:
    """A webhook's subscriptions are stored under topics that are computed in the same way, so both have to agree."""
    event = replace(MENTION, application_id="app_1", user_id=PERSON, livemode=livemode)
    made = replace(CALLBACK, livemode=livemode)
    listening = [
        replace(made, bot_id=None, chat_ids=None),
        replace(made, bot_id=None, chat_ids=[CHAT]),
        made,
        replace(made, bot_id=None, application_id="app_1"),
        replace(made, bot_id=None, user_id=PERSON),
    ]
    assert topics(event) == [topic for webhook in listening for topic in webhooks.topics(webhook)]
    assert len(set(topics(event))) == 5


def test_an_event_without_a_chat_is_looked_up_under_every_chat_alone() -> None:
    event = replace(MENTION, chat_id=None, bot_id=None)
    assert topics(event) == webhooks.topics(OF_ALL)


@pytest.mark.parametrize(
    ("chosen", "heard"),
    [(None, ["user"]), (["user"], ["user"]), (["program"], ["program"]), (["bot", "user"], ["user", "bot"])],
)
def test_a_callback_hears_of_those_who_may_call_it(chosen: list[MentionedBy] | None, heard: list[str]) -> None:
    callback = replace(CALLBACK, mentioned_by=chosen)
    everybody: list[MentionedBy] = ["user", "bot", "program"]
    assert [one for one in everybody if wants(callback, replace(MENTION, mentioned_by=one), EVERYBODY)] == heard
    assert wants(OF_CHAT, replace(MENTION, mentioned_by="program"), EVERYBODY), "the rule is for callbacks"


def test_a_webhook_with_trigger_words_wants_what_calls_it_alone() -> None:
    triggered = replace(OF_CHAT, events=["message.created"], format="mattermost", trigger_words=["deploy"])

    def said(text: str, origin: str = "token") -> Event:
        message = {"text": text, "origin": origin, "author": {"type": "user"}}
        return replace(MENTION, type="message.created", data={"message": message}, bot_id=None)

    assert wants(triggered, said("deploy now"), EVERYBODY)
    assert not wants(triggered, said("do not deploy"), EVERYBODY)
    assert not wants(triggered, said("deploy now", origin="incoming_webhook"), EVERYBODY)
    assert not wants(triggered, said("deploy now"), set())

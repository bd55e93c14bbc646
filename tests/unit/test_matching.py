"""Who wants an event: the rule that the dispatcher asks, written down for callbacks and ordinary webhooks."""

from dataclasses import replace

import pytest
from ferryman.events.model import Event
from ferryman.pipeline.matching import wants
from ferryman.webhooks.subscriptions.model import Webhook

BOT, OTHER_BOT, PERSON = "usr_bot", "usr_other", "usr_person"
CHAT, OTHER_CHAT = "cht_1", "cht_2"
EVERYBODY = {(chat, user) for chat in (CHAT, OTHER_CHAT) for user in (BOT, OTHER_BOT, PERSON)}

MENTION = Event(
    workspace_id="wsp_1",
    event_id="evt_1",
    type="bot.mentioned",
    created_at="2026-11-21T10:40:00.000Z",
    livemode=True,
    body="{}",
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
def test_a_mention_reaches_whom_it_is_for(event: Event, wanted_by: list[Webhook]) -> None:
    assert [webhook for webhook in (CALLBACK, OF_CHAT, OF_ALL) if wants(webhook, event, EVERYBODY)] == wanted_by


def test_a_callback_hears_where_its_bot_belongs_and_a_webhook_where_its_creator_does() -> None:
    bots, people = {(CHAT, BOT)}, {(CHAT, PERSON)}
    assert wants(CALLBACK, MENTION, bots)
    assert not wants(CALLBACK, MENTION, people)
    assert wants(OF_CHAT, MENTION, people)
    assert not wants(OF_CHAT, MENTION, bots)
    assert wants(OF_ALL, MENTION, set())


def test_a_disabled_webhook_wants_nothing() -> None:
    assert not any(wants(replace(one, state="disabled"), MENTION, EVERYBODY) for one in (CALLBACK, OF_CHAT, OF_ALL))

"""Who wants an event: from the subscriptions on its topics to the webhooks that get a delivery."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ferryman.chats import table as chats
from ferryman.events.model import Event
from ferryman.messages.chains import MAX_HOPS
from ferryman.webhooks import table as webhooks
from ferryman.webhooks.model import Webhook

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Some:
    """Some of the webhooks that get an event, and where in the subscriptions they end."""

    webhooks: list[Webhook]
    topic: str
    last_id: str


def wanting(event: Event, after: tuple[str, str] | None = None) -> Iterator[Some]:
    """The webhooks that get this event, some at a time, so that a thousand are never all held.

    `after` (topic, webhook id) goes on where an earlier walk ended.

    A webhook gets it when it is enabled, existed when the event happened, and, unless it is global, its creator
    belongs to the chat now: whoever loses a chat loses its events. A bot's callback gets what mentions the bot where
    the bot belongs now; an application's gets what a person answered to the application, and a personal webhook what
    its person is notified of. An event for one webhook alone goes to that.
    """
    if event.webhook_id:
        only = list(webhooks.get_many([(event.workspace_id, event.webhook_id)]).values())
        yield Some(only, "", event.webhook_id)
        return
    names = [webhooks.EVERY_CHAT, *([event.chat_id] if event.chat_id else [])]
    topics = [webhooks.topic(event.workspace_id, name, livemode=event.livemode) for name in names]
    if event.bot_id:
        topics.append(webhooks.topic_of_bot(event.workspace_id, event.bot_id, livemode=event.livemode))
    if event.application_id:
        topics.append(webhooks.topic_of_application(event.workspace_id, event.application_id, livemode=event.livemode))
    if event.user_id:
        topics.append(webhooks.topic_of_user(event.workspace_id, event.user_id, livemode=event.livemode))
    if after:
        topics = topics[topics.index(after[0]) :] if after[0] in topics else topics
    for topic in topics:
        start = after[1] if after and after[0] == topic else None
        for some in _chunks(webhooks.subscribed(topic, event.type, start)):
            found = webhooks.get_many((event.workspace_id, webhook_id) for webhook_id in some).values()
            members = _memberships(event, found)
            chosen = [webhook for webhook in found if wants(webhook, event, members)]
            yield Some(sorted(chosen, key=lambda webhook: webhook.webhook_id), topic, some[-1])


def wants(webhook: Webhook, event: Event, members: set[tuple[str, str]]) -> bool:
    """The whole rule in one place. The deliverer asks again what can change meanwhile: the state and who belongs."""
    chain = event.chain or []
    if webhook.webhook_id in chain or len(chain) >= MAX_HOPS:
        return False
    if webhook.livemode != event.livemode or event.type not in webhook.events:
        return False
    if webhook.created_at > event.created_at or webhook.state != "enabled":
        return False
    if event.body_in(webhook.format) is None:
        return False
    if webhook.is_global:
        return True
    if webhook.application_id:
        return webhook.application_id == event.application_id
    if webhook.user_id:
        return webhook.user_id == event.user_id
    if webhook.bot_id and webhook.bot_id != event.bot_id:
        return False
    if webhook.chat_ids is not None and event.chat_id not in webhook.chat_ids:
        return False
    return (event.chat_id, webhook.member_id) in members


def _memberships(event: Event, found: Iterable[Webhook]) -> set[tuple[str, str]]:
    if event.chat_id is None:
        return set()
    pairs = {(event.chat_id, webhook.member_id) for webhook in found if webhook.follows_a_member}
    return chats.memberships(event.workspace_id, pairs) if pairs else set()


def _chunks(webhook_ids: Iterator[str]) -> Iterator[list[str]]:
    some: list[str] = []
    for webhook_id in webhook_ids:
        some.append(webhook_id)
        if len(some) == _AT_ONCE:
            yield some
            some = []
    if some:
        yield some

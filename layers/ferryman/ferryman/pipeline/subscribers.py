"""Finds the webhooks that get an event, among those that subscribed to its topics. `matching` has the rule."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import batched

from ferryman.conversations.chats import table as chats
from ferryman.events.model import Event
from ferryman.pipeline import matching
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.subscriptions.model import Webhook

_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class WebhookBatch:
    """Some of the webhooks that get an event. `topic` and `last_id` say up to which subscription they were read."""

    webhooks: list[Webhook]
    topic: str
    last_id: str
    is_full: bool  # the page is full, so more subscriptions may follow


class Matcher:
    """Finds the webhooks that get the events of one invocation.

    The matcher caches memberships, and lists of fewer than a hundred subscriptions. Its events all happened before the
    matcher was made, so a cached list is never older than an event.
    """

    def __init__(self) -> None:
        self._short: dict[tuple[str, str], list[Webhook]] = {}
        self._members: dict[tuple[str, str, str], bool] = {}

    def wanting(self, event: Event, after: tuple[str, str] | None = None) -> Iterator[WebhookBatch]:
        """The webhooks that get this event, in batches of a hundred at most, to save memory.

        `after` (topic, webhook id) is the place of an earlier batch, behind which this call goes on.

        A webhook must be enabled and must have existed when the event happened. Unless it is global, its owner must be
        a member of the chat now. A bot's callback gets the mentions of the bot in chats where the bot is a member now;
        an application's webhook gets people's answers to the application; a personal webhook gets its person's
        notifications. An event that names one webhook goes to that webhook alone.
        """
        if event.webhook_id:
            only = list(webhooks.get_many([(event.workspace_id, event.webhook_id)]).values())
            yield WebhookBatch(only, "", event.webhook_id, is_full=False)
            return
        topics = matching.topics(event)
        if after:
            topics = topics[topics.index(after[0]) :] if after[0] in topics else topics
        for topic in topics:
            start = after[1] if after and after[0] == topic else None
            for listening, is_full in self._subscribed(event, topic, start):
                members = self._memberships(event, listening)
                chosen = [webhook for webhook in listening if matching.wants(webhook, event, members)]
                yield WebhookBatch(chosen, topic, listening[-1].webhook_id, is_full)

    def _subscribed(self, event: Event, topic: str, start: str | None) -> Iterator[tuple[list[Webhook], bool]]:
        """The webhooks with a subscription to the topic, in lists that are never empty.

        The second value says whether the list is full, so that more may follow.
        """
        short = self._short.get((topic, event.type)) if start is None else None
        if short is not None:
            if short:
                yield short, False
            return
        first = True
        for ids in batched(webhooks.subscribed(topic, event.type, start), _AT_ONCE, strict=False):
            by_id = webhooks.get_many((event.workspace_id, webhook_id) for webhook_id in ids)
            listening = sorted(by_id.values(), key=lambda webhook: webhook.webhook_id)
            is_full = len(ids) == _AT_ONCE
            if first and start is None and not is_full:
                self._short[topic, event.type] = listening
            first = False
            if listening:
                yield listening, is_full
        if first and start is None:
            self._short[topic, event.type] = []

    def _memberships(self, event: Event, listening: Iterable[Webhook]) -> set[tuple[str, str]]:
        if event.chat_id is None:
            return set()
        pairs = {(event.chat_id, webhook.member_id) for webhook in listening if webhook.follows_a_member}
        unknown = {pair for pair in pairs if (event.workspace_id, *pair) not in self._members}
        if unknown:
            members = chats.memberships(event.workspace_id, unknown)
            self._members |= {(event.workspace_id, *pair): pair in members for pair in unknown}
        return {pair for pair in pairs if self._members[event.workspace_id, *pair]}

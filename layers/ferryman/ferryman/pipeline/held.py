"""Finds the events that a webhook missed while it was disabled, and delivers them when a person asks for that.

Nothing is stored for an event while its webhook is disabled. The messages of the webhook's chats show what it missed:
new messages, edits, deletions and mentions of bots. Pages merge the messages of all chats in the order of their ids.
`webhooks.replays.held_events` stores the person's decision.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from ferryman import clock, ids, settings
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.events import created_id, message_created, message_deleted
from ferryman.conversations.messages.model import Message
from ferryman.errors import NotFound
from ferryman.events import table as events
from ferryman.events.model import Event
from ferryman.pipeline import bot_mentions, matching
from ferryman.webhooks import probes, tickets
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.replays import service as replays_service
from ferryman.webhooks.replays import table as replays
from ferryman.webhooks.replays.model import Replay
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.tickets import Ticket

_PAGE = 100  # messages of one chat, in one query
_MOST = 500  # messages of all chats, in one page
_COUNTED_PAGES = 20
_SHOWN = 100
_PER_SECOND = 5  # for a webhook without max_per_second
_FURTHEST_SECONDS = 600  # the longest wait of a ticket in the queue; before that, the sweeper resumes the job
_ON_THE_WAY_SECONDS = 3600  # a delivery cancelled before its first attempt may belong to an earlier event, by this much
_DAY_SECONDS = 86_400


def find(webhook: Webhook) -> tuple[list[Event], int, bool]:
    """The first hundred events that the webhook missed, oldest first; how many were counted; and whether these are all.

    Counting ends after twenty pages of messages. A webhook that holds no events gives ([], 0, True).
    """
    since = webhook.holds_from
    if since is None:
        return [], 0, True
    shown: list[Event] = []
    count, after = 0, None
    for _ in range(_COUNTED_PAGES):
        page, after = _page(webhook, since, webhook.held_until or clock.now_iso(), after)
        missed = [event for event, delivery in _with_deliveries(webhook, page) if _is_missed(event, delivery, since)]
        shown += missed[: _SHOWN - len(shown)]
        count += len(missed)
        if after is None:
            return shown, count, True
    return shown, count, False


def step(workspace_id: str, webhook_id: str, replay_id: str) -> None:
    """Do the next page of a job: a replay, a delivery of missed events, or a probe. Reads the job's position again.

    Does nothing for a job that no longer exists.
    """
    try:
        replay = replays.get(workspace_id, webhook_id, replay_id)
    except NotFound:
        return
    if replay.probe:
        probes.step(replay)
    elif not replay.held:
        replays_service.step(workspace_id, webhook_id, replay_id)
    elif replay.state == "running":
        _deliver(replay)


def _deliver(replay: Replay) -> None:
    """Send the tickets of the next page of missed events, at the webhook's rate.

    Does nothing while the webhook is disabled, or if the page is due in more than ten minutes; the sweeper calls again.
    """
    try:
        webhook = webhooks.get(replay.workspace_id, replay.webhook_id)
    except NotFound:
        _advance(replay, 0, None)
        return
    rate = webhook.max_per_second or _PER_SECOND
    begins = clock.seconds(replay.created_at) + replay.requeued / rate
    if webhook.state != "enabled" or begins - clock.now() > _FURTHEST_SECONDS:
        return
    after = replay.position["message_id"] if replay.position else None
    until = clock.iso(clock.seconds(str(replay.until)) + matching.CLOCKS_DIFFER_SECONDS)
    page, reached = _page(webhook, str(replay.since), until, after)
    count = 0
    for event, delivery in _with_deliveries(webhook, page):
        if not _is_missed(event, delivery, str(replay.since)):
            continue
        ticket = Ticket.of(event, webhook.webhook_id)
        if delivery is None:
            if event.message_id is None:
                events.keep(event)  # a mention is in no table yet
        else:
            with suppress(deliveries.LostClaim):
                store.commit([deliveries.replaying(delivery, replay.created_at)])
            ticket = ticket.as_redelivery()
        tickets.send([ticket], max(0, begins + count / rate - clock.now()), lane=tickets.lane_of(webhook))
        count += 1
    _advance(replay, count, reached)


def _advance(replay: Replay, requeued: int, reached: str | None) -> None:
    with suppress(replays.Moved):  # the job was cancelled, or another copy of this record did the page
        store.commit([replays.advancing(replay, requeued, {"message_id": reached} if reached else None)])


def _is_missed(event: Event, delivery: Delivery | None, since: str) -> bool:
    """Whether the webhook never got the event: no delivery, or one that was cancelled before its first attempt."""
    if delivery is None:
        return clock.seconds(event.created_at) >= clock.seconds(since) - matching.CLOCKS_DIFFER_SECONDS
    return delivery.state == "cancelled" and not delivery.attempts


def _with_deliveries(webhook: Webhook, page: list[Event]) -> list[tuple[Event, Delivery | None]]:
    by_id = {ids.delivery(event.event_id, webhook.webhook_id): event for event in page}
    stored = deliveries.get_many((webhook.workspace_id, webhook.webhook_id, delivery_id) for delivery_id in by_id)
    return [(event, stored.get(delivery_id)) for delivery_id, event in by_id.items()]


def _page(webhook: Webhook, since: str, until: str, after: str | None) -> tuple[list[Event], str | None]:
    """The next events that the webhook would have got, oldest first, and the message id for the next `after`.

    That id is None after the last page. `since` and `until` are ISO times.
    """
    kept = clock.iso(clock.now() - settings.integer("DELIVERY_RETENTION_DAYS") * _DAY_SECONDS)
    earliest = clock.iso(clock.seconds(since) - _ON_THE_WAY_SECONDS)
    low = after or ids.floor(ids.MESSAGE, max(earliest, kept))
    high = ids.floor(ids.MESSAGE, until)
    candidates: list[Message] = []
    cut = None
    for chat_id in _chats(webhook):
        part, last = messages.between(webhook.workspace_id, chat_id, low, high, _PAGE)
        candidates += part
        if last:
            cut = min(cut or last, last)
    candidates.sort(key=lambda message: message.message_id)
    page = [message for message in candidates if cut is None or message.message_id <= cut]
    if len(page) > _MOST:
        cut = page[_MOST - 1].message_id
        page = page[:_MOST]
    return _wanted(webhook, page), cut


def _chats(webhook: Webhook) -> list[str]:
    """The ids of the chats whose messages the webhook gets now."""
    if webhook.bot_id:
        return list(chats.joined(webhook.workspace_id, webhook.bot_id))
    if webhook.application_id:
        own = [chat.chat_id for chat in _all_chats(webhook) if chat.application_id == webhook.application_id]
        return [*own, *(webhook.chat_ids or ())]
    if webhook.chat_ids is not None:
        pairs = chats.memberships(webhook.workspace_id, [(chat_id, webhook.owner) for chat_id in webhook.chat_ids])
        return [chat_id for chat_id, _ in sorted(pairs)]
    return [chat.chat_id for chat in _all_chats(webhook)]


def _all_chats(webhook: Webhook) -> Iterator[Chat]:
    after = None
    while True:
        page, after = chats.page(webhook.workspace_id, _PAGE, after)
        yield from page
        if after is None:
            return


def _wanted(webhook: Webhook, page: list[Message]) -> list[Event]:
    changed = [message for message in page if message.revision > 1]
    stored = events.get_many((webhook.workspace_id, id_) for message in changed for id_ in _changes(message))
    enabled = replace(webhook, state="enabled")
    chosen = []
    for message in page:
        events_of_message: list[Event | None] = (
            [stored.get(id_) for id_ in _changes(message)] if message.revision > 1 else []
        )
        if message.revision == 1:
            events_of_message.append(message_created(message))
        first = events_of_message[0]
        if first and "bot.mentioned" in webhook.events:
            events_of_message = [*bot_mentions.events_of(first), *events_of_message]
        members = {(message.chat_id, webhook.member_id)}
        chosen += [event for event in events_of_message if event and matching.wants(enabled, event, members)]
    return chosen


def _changes(message: Message) -> list[str]:
    """The ids of a changed message's events, in their order: created, each edit, deleted."""
    event_ids = [created_id(message.message_id, message.created_at), *(message.edit_events or ())]
    if message.deleted_at:
        event_ids.append(message_deleted(replace(message, revision=message.revision - 1), message.deleted_at).event_id)
    return event_ids

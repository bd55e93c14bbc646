"""Sends deliveries again: one delivery, those of a time range, or all that failed.

The routes find the webhook and check that `caller` may manage it; the functions here do not.

A request only stores a replay. The table's stream invokes the replayer, which does a page and stores its position; that
write invokes the replayer again. Each page may be done twice: a delivery that this replay has restarted and that still
waits gets another ticket.
"""

from contextlib import suppress

from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.webhooks import tickets
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.replays import table
from ferryman.webhooks.replays.model import Replay, new_replay
from ferryman.webhooks.replays.schema import ReplayIn
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.tickets import Ticket

_PAGE = 100
_PREVIEW_PAGES = 20
_MAX_ATTEMPTS = 60  # the most attempts in one delivery's log


def retry(caller: Caller, delivery: Delivery, webhook: Webhook) -> Delivery:
    """Send one delivery again, with a new budget of attempts; the earlier attempts stay in its log.

    Returns the delivery as it is stored then. Raises Conflict for a disabled webhook, and for a delivery that is not
    over, is a test, or has 60 attempts.
    """
    _require_enabled(webhook)
    if not delivery.is_over:
        raise Conflict(f"The delivery is {delivery.state}. It can be sent again only after it has ended.")
    if delivery.test:
        raise Conflict("A test delivery cannot be sent again. Send a new test: POST …/test.")
    if len(delivery.attempts) >= _MAX_ATTEMPTS:
        raise Conflict(
            f"The delivery has {len(delivery.attempts)} attempts, the limit of its log. It cannot be sent again."
        )
    replay = new_replay(caller, webhook)
    replay.delivery_id = delivery.delivery_id
    audited = audit.writes(caller, "delivery.retried", delivery.delivery_id, {"webhook_id": webhook.webhook_id})
    store.commit([deliveries.replaying(delivery, replay.created_at), table.creating(replay), *audited])
    return deliveries.get(delivery.workspace_id, delivery.delivery_id)


def preview(caller: Caller, webhook: Webhook, wanted: ReplayIn) -> tuple[int, bool]:
    """The number of deliveries that a replay would send again, and whether the count is complete.

    Counting ends after two thousand deliveries of the log.
    """
    replay = _matching(new_replay(caller, webhook), wanted)
    matched, after = 0, None
    for _ in range(_PREVIEW_PAGES):
        page, after = _page(replay, after)
        matched += len(page)
        if after is None:
            return matched, True
    return matched, False


def start(caller: Caller, webhook: Webhook, wanted: ReplayIn) -> Replay:
    """Start a replay of the deliveries that `wanted` selects, of events before now.

    Raises Conflict for a disabled webhook.
    """
    _require_enabled(webhook)
    replay = _matching(new_replay(caller, webhook), wanted)
    audited = audit.writes(caller, "replay.started", replay.replay_id, {"webhook_id": webhook.webhook_id})
    store.commit([table.creating(replay), *audited])
    return replay


def read(webhook: Webhook, replay_id: str) -> Replay:
    replay = table.get(webhook.workspace_id, webhook.webhook_id, replay_id)
    if replay.probe:
        raise NotFound("The replay does not exist.")
    return replay


def cancel(caller: Caller, webhook: Webhook, replay_id: str) -> Replay:
    """Stop a replay after its current page, and return it. A replay that is over stays as it is. Raises NotFound."""
    for _ in range(5):
        replay = read(webhook, replay_id)
        if replay.state != "running":
            return replay
        with suppress(table.Moved):  # the replay has moved on by a page: read its new position
            audited = audit.writes(caller, "replay.cancelled", replay_id, {"webhook_id": webhook.webhook_id})
            store.commit([table.cancelling(replay), *audited])
    return read(webhook, replay_id)


def step(workspace_id: str, webhook_id: str, replay_id: str) -> None:
    """Do the next page of a replay, from its stored position. Does nothing for a replay that is over or gone."""
    try:
        replay = table.get(workspace_id, webhook_id, replay_id)
    except NotFound:
        return
    if replay.state != "running":
        return
    if replay.delivery_id:
        tickets.send([Ticket(replay.workspace_id, replay.delivery_id)])
        _advance(replay, 1, None)
        return
    page, position = _page(replay, replay.position)
    batch = []
    for delivery in page:
        if delivery.is_over:
            with suppress(deliveries.LostClaim):
                store.commit([deliveries.replaying(delivery, replay.created_at)])
        batch.append(Ticket(replay.workspace_id, delivery.delivery_id))
    tickets.send(batch)
    _advance(replay, len(batch), position)


def _advance(replay: Replay, requeued: int, position: store.Key | None) -> None:
    with suppress(table.Moved):  # the replay was cancelled, or another copy of this record did the page
        store.commit([table.advancing(replay, requeued, position)])


def _page(replay: Replay, after: store.Key | None) -> tuple[list[Delivery], store.Key | None]:
    """A page of the deliveries that a replay sends again, and the key of the next page.

    The page includes deliveries that the replay restarted before it was interrupted.
    """
    return deliveries.page_to_replay(
        replay.workspace_id,
        replay.webhook_id,
        _PAGE,
        after,
        states=replay.states,
        replayed_at=replay.created_at,
        since=replay.since,
        until=replay.until or replay.created_at,
        max_attempts=_MAX_ATTEMPTS,
    )


def _matching(replay: Replay, wanted: ReplayIn) -> Replay:
    replay.states = list(wanted.states)
    replay.since = wanted.since
    replay.until = wanted.until
    return replay


def _require_enabled(webhook: Webhook) -> None:
    if webhook.state != "enabled":
        raise Conflict("The webhook is disabled. Enable it first: PATCH it with state: enabled.")

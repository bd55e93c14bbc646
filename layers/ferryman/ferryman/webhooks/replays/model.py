"""Replay: a job that sends deliveries of one webhook again, page by page."""

from dataclasses import dataclass, field
from typing import Literal

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.identity.credentials.model import Caller
from ferryman.webhooks.deliveries.model import DeliveryState
from ferryman.webhooks.subscriptions.model import Webhook

type ReplayState = Literal["running", "done", "cancelled"]


@dataclass(slots=True, kw_only=True)
class Replay(store.Record):
    """A job that sends deliveries again, as an item of the table `replays`."""

    workspace_id: str
    webhook_id: str
    replay_id: str
    state: ReplayState
    created_by: str
    created_at: str
    updated_at: str
    delivery_id: str | None = None  # the one delivery to send; None: all that match the fields below
    states: list[DeliveryState] = field(default_factory=list)
    since: str | None = None
    until: str | None = None
    held: bool | None = None  # the job sends the events held from `since` to `until`, while the webhook was disabled
    probe: bool | None = None  # the job probes the webhook that was disabled at `since`; the API does not show it
    requeued: int = 0
    position: store.Key | None = None  # the key after which the next page begins
    undispatched: str | None = None  # set while there is work left; the key of the sweeper's index
    expires_at_epoch: int | None = None  # epoch seconds; the table deletes the item after this time


def new_replay(caller: Caller, webhook: Webhook) -> Replay:
    """A running replay of the webhook's deliveries, not stored yet."""
    now = clock.now_iso()
    return Replay(
        workspace_id=caller.workspace_id,
        webhook_id=webhook.webhook_id,
        replay_id=ids.new(ids.REPLAY),
        state="running",
        created_by=caller.user_id,
        created_at=now,
        updated_at=now,
    )

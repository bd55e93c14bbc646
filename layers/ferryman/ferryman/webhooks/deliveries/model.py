"""Delivery: one event for one webhook, with every attempt that was made."""

from dataclasses import dataclass, field
from typing import Any, Literal

from ferryman.aws import dynamodb as store

type DeliveryState = Literal["queued", "sending", "retrying", "delivered", "exhausted", "cancelled"]
TERMINAL: frozenset[DeliveryState] = frozenset({"delivered", "exhausted", "cancelled"})


@dataclass(slots=True, kw_only=True)
class Delivery(store.Record):
    """The record is the truth; the queue only moves and times the work."""

    workspace_id: str
    webhook_id: str
    delivery_id: str
    event_id: str
    event_type: str
    livemode: bool
    state: DeliveryState
    created_at: str
    updated_at: str
    expires_at_epoch: int
    chat_id: str | None = None
    message_id: str | None = None  # the message that its event is made of
    chain: list[str] | None = None  # the webhooks whose deliveries led to its event
    # {number, at} when it begins; then also outcome, status or error, duration_ms, excerpt
    attempts: list[dict[str, Any]] = field(default_factory=list)
    failures: int = 0  # attempts that ended in a failure; the budget
    unknowns: int = 0  # attempts that never reported, closed as `unknown`
    lease_until: int = 0  # epoch milliseconds; who sends now has until then to report
    next_attempt_at: str | None = None
    reason: str | None = None  # why it was cancelled or exhausted
    result: str | None = None  # the last attempt's: 2xx, 3xx, 4xx, 5xx or error
    test: bool | None = None  # sent on request: not retried, not counted
    replayed_at: str | None = None  # when somebody asked for it again
    stored: bool = True  # False until the first write; no attribute of the item

    def to_item(self) -> store.Item:
        item = store.Record.to_item(self)
        del item["stored"]
        return item

    @property
    def is_over(self) -> bool:
        return self.state in TERMINAL

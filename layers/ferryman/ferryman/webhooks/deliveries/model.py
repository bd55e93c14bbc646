"""Delivery: one event for one webhook, with the attempts to send it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.webhooks.signing import SignedAttempt

type DeliveryState = Literal["queued", "sending", "retrying", "delivered", "exhausted", "cancelled"]
type AttemptOutcome = Literal["delivered", "failed", "unknown"]
type Result = Literal["2xx", "3xx", "4xx", "5xx", "error"]
TERMINAL: frozenset[DeliveryState] = frozenset({"delivered", "exhausted", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt(store.Record):
    """One HTTP request of a delivery. `outcome` is None while the request runs, or if its function never reported."""

    number: int
    at: str
    outcome: AttemptOutcome | None = None
    status: int | None = None  # the receiver's HTTP status; None without an answer
    error: str | None = None  # the kind of error, if there was no answer
    duration_ms: int | None = None
    excerpt: str | None = None
    reply: str | None = None  # `accepted`, or why the answer's text is not posted; None without a text

    @property
    def result(self) -> Result:
        """The value by which the delivery log is filtered: the class of the status, or `error` without an answer."""
        match self.status and self.status // 100:
            case 2:
                return "2xx"
            case 3:
                return "3xx"
            case 4:
                return "4xx"
            case 5:
                return "5xx"
        return "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The values that `table.settle` writes into a delivery after an attempt, or when the delivery ends."""

    state: DeliveryState
    attempts: list[Attempt]
    failures: int
    unknowns: int
    next_attempt_at: str | None = None
    reason: str | None = None
    result: Result | None = None


@dataclass(slots=True, kw_only=True)
class Delivery(store.Record):
    """One event for one webhook, as the table `deliveries` stores it.

    This record decides whether another attempt is due; a ticket in the queue only makes the deliverer look at it. Times
    are ISO texts unless their comment says more.
    """

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
    message_id: str | None = None  # the message that the event is about
    chain: list[str] | None = None  # the webhooks whose deliveries led to its event
    attempts: list[Attempt] = field(default_factory=list)
    failures: int = 0  # failed attempts, which count towards the budget
    unknowns: int = 0  # attempts without a reported result, closed as `unknown`
    lease_until: int = 0  # epoch milliseconds; the end of the running attempt's lease
    next_attempt_at: str | None = None
    reason: str | None = None  # why it was cancelled or exhausted
    result: Result | None = None  # the result of the last attempt
    test: bool | None = None  # a test, which is not retried or counted as a failure
    probe: bool | None = None  # a test that enables the disabled webhook when it succeeds
    replayed_at: str | None = None  # when somebody last had it sent again
    stored: bool = True  # False until the first write; not an attribute of the item

    def to_item(self) -> store.Item:
        item = store.Record.to_item(self)
        del item["stored"]
        item["attempts"] = [attempt.to_item() for attempt in self.attempts]
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        attempts = [Attempt.from_item(attempt) for attempt in item.get("attempts", ())]
        return cls(**{name: item[name] for name in item if name in cls.__dataclass_fields__} | {"attempts": attempts})

    @property
    def is_over(self) -> bool:
        return self.state in TERMINAL

    def closed(self) -> tuple[list[Attempt], int]:
        """The attempts, with outcome `unknown` for one that never reported; and the number of unknown attempts."""
        attempts = [attempt if attempt.outcome else replace(attempt, outcome="unknown") for attempt in self.attempts]
        return attempts, self.unknowns + sum(attempt.outcome is None for attempt in self.attempts)

    def ended(self, state: DeliveryState, reason: str) -> Settlement:
        """The settlement of a delivery that ends in `state`, for `reason`, without another attempt."""
        attempts, unknowns = self.closed()
        return Settlement(
            state=state,
            attempts=attempts,
            failures=self.failures,
            unknowns=unknowns,
            reason=reason,
            result=self.result,
        )

    def signed(self, attempt: Attempt) -> SignedAttempt:
        """The values for the headers of one attempt. The timestamp is that of the claim, right before sending."""
        return SignedAttempt(
            webhook_id=self.webhook_id,
            delivery_id=self.delivery_id,
            event_type=self.event_type,
            number=attempt.number,
            timestamp=int(clock.seconds(attempt.at)),
            test=bool(self.test),
        )

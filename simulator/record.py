"""Records what happens in a run: claims, answers, settlements, states of webhooks.

The recorder watches only the items in the tables and the requests to receivers, so a fault in Ferryman's code cannot
hide itself.
"""

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from ferryman.aws import dynamodb as store
from ferryman.outbound.outcomes import Delivered, Outcome
from ferryman.webhooks.subscriptions.model import PAUSE_AFTER_FAILURES

from simulator.engine import Engine, Task
from simulator.expressions import Item
from simulator.receivers import Request

_SKEW = 4.0  # seconds: a clock that is ahead sees the end of a pause early


@dataclass
class Claim:
    """One attempt, from its claim in the table to the outcome that was written."""

    delivery_id: str
    number: int
    at: float
    faults: list[str] = field(default_factory=list)  # that hit its task while it was open
    request: Request | None = None
    arrived: bool = False  # at the receiver
    behaviour: str | None = None
    outcome: Outcome | None = None  # as the sender saw it
    answered_at: float | None = None
    settled: str | None = None  # what its own task wrote

    @property
    def succeeded(self) -> bool:
        return isinstance(self.outcome, Delivered)


@dataclass(frozen=True)
class Accepted:
    """A change that the API acknowledged. An event about it has to reach every webhook that wants it."""

    type: str
    message_id: str
    revision: int | None
    chat_id: str
    text: str | None
    asked_at: float
    answered_at: float
    livemode: bool = True


@dataclass
class Subscription:
    """A webhook as its owner configured it. The oracle decides by it which events the webhook wants."""

    webhook_id: str
    url: str
    events: frozenset[str]
    chat_ids: frozenset[str] | None
    secret: str
    livemode: bool
    made_at: float
    owner_id: str | None = None  # the user who has to belong to the chat; None where that never changes


class Recorder:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.claims: dict[str, list[Claim]] = defaultdict(list)
        self.ended: dict[str, list[str]] = defaultdict(list)  # the terminal states that a delivery entered
        self.accepted: list[Accepted] = []
        self.subscriptions: dict[str, Subscription] = {}
        # When a webhook was not enabled: (from, until) with None for still.
        self.absences: dict[str, list[tuple[float, float | None]]] = defaultdict(list)
        self.probed: set[str] = set()  # webhooks that were probed since their last failure was counted
        self.hasty: list[str] = []  # failures that were counted though nobody had probed since the pause
        self.left: dict[tuple[str, str | None], float] = {}  # (chat, user) → when the user was taken out of it
        # message or event → when it was dispatched: it got its receipt, or its mark was taken off
        self.dispatched: dict[str, float] = {}
        self.late: set[str] = set()  # messages that the sweeper gave the mark
        self.poison: list[str] = []
        self.follow: str | None = None  # a part of a delivery's id, whose way is written into `timeline`
        self.timeline: list[tuple[float, str]] = []

    def tell(self, subject: str, text: str) -> None:
        if self.follow is not None and self.follow in subject:
            self.timeline.append((self._engine.now, text))

    def started(self, task: Task, event: Any) -> None:
        if self.follow is not None:
            self.tell(json.dumps(event), f"{task.invocation.name} starts with {len(event.get('Records', []))} records")

    def over(self, task: Task, event: Any) -> None:
        if self.follow is not None:
            notes = [each.notes for each in task.invocation.tasks if each.notes]
            ended = task.invocation.killed or repr(task.error or task.result)
            self.tell(json.dumps(event), f"{task.invocation.name} ends: {ended} {notes or ''}")

    def changed(self, table: str, old: Item | None, new: Item | None) -> None:
        match table:
            case "DeliveriesTable":
                self._delivery(old or {}, new or {})
            case "WebhooksTable":
                self._webhook(old, new)
            case "ChatsTable":
                if old is not None and new is None and "user_id" in old:
                    self.left[old["chat_id"]["S"], old["user_id"]["S"]] = self._engine.now
            case "MessagesTable" | "EventsTable":
                if old is not None and "undispatched" in old and (new is None or "undispatched" not in new):
                    self.dispatched[_id(old)] = self._engine.now
                if old is not None and "undispatched" not in old and new is not None and "undispatched" in new:
                    self.late.add(_id(new))
            case "ReceiptsTable":
                for message_id in (new or {}).get("ids", {}).get("L", []):
                    self.dispatched.setdefault(message_id["S"], self._engine.now)

    def _delivery(self, old: Item, new: Item) -> None:
        task = self._engine.current
        before, after = _attempts(old), _attempts(new)
        delivery_id = (new or old)["delivery_id"]["S"]
        state = new.get("state", {}).get("S", "")
        if self.follow is not None:
            by = task.invocation.name if task is not None else "a test"
            names = ("state", "attempts", "failures", "unknowns", "next_attempt_at")
            written = {name: store.load(new)[name] for name in names if name in new}
            self.tell(delivery_id, f"{by} writes {written}")
        if after and "outcome" not in after[-1] and (not before or before[-1] != after[-1]):
            claim = Claim(delivery_id, int(after[-1]["number"]["N"]), self._engine.now)
            self.claims[delivery_id].append(claim)
            if task is not None:
                task.claim, task.stage = claim, "after_claim"
        elif len(after) < len(before) and self._given_back(task, delivery_id, len(before)):
            pass
        elif task is not None and task.claim is not None and task.claim.delivery_id == delivery_id:
            mine = task.claim.number - 1
            if mine < len(after) and "outcome" in after[mine] and task.claim.settled is None:
                task.claim.settled = after[mine]["outcome"]["S"]
                task.stage = "after_settle"
        if state in ("delivered", "exhausted", "cancelled") and state != old.get("state", {}).get("S"):
            self.ended[delivery_id].append(state)

    def _given_back(self, task: Task | None, delivery_id: str, number: int) -> bool:
        """Whether this task removes its own claim from the delivery's log because the request certainly was not sent.

        Forgets the claim if so.
        """
        claim = task.claim if task is not None else None
        mine = claim is not None and (claim.delivery_id, claim.number) == (delivery_id, number)
        if task is None or claim is None or not mine or claim.arrived or "network.outage" not in claim.faults:
            return False
        self.claims[delivery_id].remove(claim)
        task.claim, task.stage = None, "after_settle"
        return True

    def _webhook(self, old: Item | None, new: Item | None) -> None:
        webhook_id = (new or old or {})["webhook_id"]["S"]
        if old is not None and new is not None:
            self._counted(webhook_id, store.load(old), store.load(new))
        was = old is not None and old["state"]["S"] == "enabled"
        is_ = new is not None and new["state"]["S"] == "enabled"
        absences = self.absences[webhook_id]
        if was and not is_:
            absences.append((self._engine.now, None))
        elif is_ and absences and absences[-1][1] is None:
            absences[-1] = (absences[-1][0], self._engine.now)

    def _counted(self, webhook_id: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Note a violation (`hasty`) if a failure after the fifth in a row was counted without a probe."""
        before, after = old["consecutive_failures"], new["consecutive_failures"]
        pause_over = 0 < old["paused_until"] <= (self._engine.now + _SKEW) * 1000
        if after == before and pause_over and new["paused_until"] > old["paused_until"]:
            self.probed.add(webhook_id)
        elif after > before:
            if before >= PAUSE_AFTER_FAILURES and webhook_id not in self.probed:
                self.hasty.append(f"failure {after} of {webhook_id} was counted without a probe since failure {before}")
            self.probed.discard(webhook_id)


def _attempts(item: Item) -> list[dict[str, Any]]:
    return [attempt["M"] for attempt in item.get("attempts", {}).get("L", [])]


def _id(item: Item) -> str:
    return str(item["event_id" if "event_id" in item else "message_id"]["S"])

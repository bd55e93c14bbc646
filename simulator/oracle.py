"""Judges a run: compares each acknowledged event with the delivery for each webhook that wanted it.

The delivery has to be delivered, exhausted after exactly four failed attempts, or cancelled for a true reason.

- `lost` lists events that were acknowledged and wanted, but whose delivery does not exist or never ended
- `unexpected` lists everything else that the promises rule out, such as a duplicate that no fault explains
"""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.outbound.outcomes import Refused

from simulator.record import Accepted, Claim, Subscription

if TYPE_CHECKING:
    from simulator.simulation import Simulation

MAX_FAILURES = 4
FREE_UNKNOWNS = 3
RETRY_DELAYS = (30, 120, 600)
OVER = ("delivered", "exhausted", "cancelled")
# The faults that can keep a claimed attempt from reporting. KMS is not among them: it is asked before the claim.
_EXPLAINS = (
    "deliverer.crash_",
    "deliverer.stall",
    "dynamodb.",
    "function.timeout",
    "network.",
)
_SKEW = 4.0  # seconds: two clocks, each off by two, in opposite directions
_PROBES_APART = 600  # seconds, at least, between two probes of a webhook
_IN_FLIGHT = 60.0  # seconds: two functions may still act on what they read before a change


@dataclass
class Verdict:
    """The figures of a run. The run is good when `lost` and `unexpected` are empty."""

    sorted: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    requests: int = 0
    duplicates: int = 0  # requests after one that the receiver answered with 2xx, each explained
    unknowns: int = 0
    accepted: int = 0
    refused: int = 0
    probes: int = 0  # tests of webhooks that failures had disabled
    requeued: int = 0  # messages that came back from the dead letters with budget left

    @property
    def good(self) -> bool:
        return not self.lost and not self.unexpected

    def explain(self, most: int = 12) -> str:
        lines = [f"lost: {text}" for text in self.lost] + [f"unexpected: {text}" for text in self.unexpected]
        return "\n".join(lines[:most] + ([f"… and {len(lines) - most} more"] if len(lines) > most else []))


def is_quiet(simulation: "Simulation") -> bool:
    """Whether streams and queues are empty, and every message and event has been dispatched."""
    cloud = simulation.cloud
    if any(lane.waiting or lane.busy for stream in cloud.streams for lane in stream.lanes):
        return False
    if any(_messages(cloud, name) for name in ("DeliveriesQueue", "SlowDeliveriesQueue", "DeadLettersQueue")):
        return False
    return not any(_waiting(cloud))


def _messages(cloud: Any, name: str) -> list[Any]:
    return list(cloud.queues[name].messages.values())


def _waiting(cloud: Any) -> list[str]:
    """The keys of marked events and messages, and of messages without a receipt: those that are not dispatched yet."""
    receipts = {
        message_id["S"]
        for item in cloud.tables["ReceiptsTable"].items.values()
        for message_id in item.get("ids", {"L": []})["L"]
    }
    return [
        str(key)
        for name in ("MessagesTable", "EventsTable")
        for key, item in cloud.tables[name].items.items()
        if "poison" not in item
        and ("undispatched" in item or ("revision" in item and item["message_id"]["S"] not in receipts))
    ]


def wrong_end(state: str, reason: str, attempts: Sequence[Mapping[str, Any]]) -> str | None:
    """Why a delivery with these attempts may not have this state and reason; None if it may."""
    outcomes = Counter(attempt.get("outcome") for attempt in attempts)
    failures, unknowns = outcomes["failed"], outcomes["unknown"]
    spent = failures + max(0, unknowns - FREE_UNKNOWNS)
    if spent > MAX_FAILURES:
        return f"was attempted {failures} times, and {unknowns} attempts never reported"
    if state == "delivered" and (outcomes["delivered"] != 1 or attempts[-1].get("outcome") != "delivered"):
        return f"is delivered, but its attempts are {dict(outcomes)}"
    if state == "exhausted":
        if spent != MAX_FAILURES or outcomes["delivered"]:
            return f"is exhausted after {failures} failures and {unknowns} unknowns"
        if not reason:
            return "is exhausted without a reason"
    return None


def judge(simulation: "Simulation", since: float = 0) -> Verdict:
    """The verdict on a run that has become quiet, or on its events and deliveries since the moment `since`."""
    return _Judge(simulation, since).verdict


class _Judge:
    def __init__(self, simulation: "Simulation", since: float) -> None:
        self.recorder = simulation.recorder
        self.cloud = simulation.cloud
        self.verdict = Verdict(accepted=len(self.recorder.accepted), refused=simulation.refused)
        self.verdict.requeued = self.cloud.sqs.sent["dead_letters", "DeliveriesQueue"]
        tables = self.cloud.tables
        begin = clock.iso(since - _SKEW)
        self.records = {
            key[1]: store.load(item)
            for key, item in tables["DeliveriesTable"].items.items()
            if item["created_at"]["S"] >= begin
        }
        self.events = {
            item["event_id"]["S"]: store.load(item)
            for item in tables["EventsTable"].items.values()
            if "event_id" in item and "poison" not in item and item["created_at"]["S"] >= begin
        }
        self.webhooks = {key[1] for key in tables["WebhooksTable"].items}
        self.messages = {
            item["message_id"]["S"]: store.load(item)
            for item in tables["MessagesTable"].items.values()
            if "revision" in item and "poison" not in item
        }
        self._find: dict[tuple[str, str, str, str | None], dict[str, Any]] = {}
        for record in self.records.values():
            self._find[(record["webhook_id"], *self._about(record))] = record
        for accepted in self.recorder.accepted:
            if accepted.asked_at >= since:
                self._accepted(accepted)
        for delivery_id, record in self.records.items():
            self._delivery(delivery_id, record)
        self._pauses_between_probes()
        stored = {key[1] for key in tables["DeliveriesTable"].items}
        for delivery_id in self.recorder.claims.keys() - stored:
            self._wrong(f"{delivery_id} was attempted, but no record of it exists")
        self._leftovers(simulation)

    def _wrong(self, text: str) -> None:
        self.verdict.unexpected.append(text)

    # -- each acknowledged event by each webhook that wants it -----------------------------------------------------

    def _about(self, record: dict[str, Any]) -> tuple[str, str, str | None]:
        """The type, the message's id and the text of the event of a delivery. An erased event has no text: None."""
        event = self.events.get(record["event_id"])
        if event is None and "message_id" in record:
            unchanged = self.messages.get(record["message_id"], {})
            return record["event_type"], record["message_id"], unchanged.get("text")
        if event and event.get("erased_at"):  # nobody can read any more what it told
            return record["event_type"], self._message_of(event), None
        message = json.loads(event["body"])["data"].get("message", {}) if event else {}
        return record["event_type"], str(message.get("id")), message.get("text")

    def _message_of(self, event: dict[str, Any]) -> str:
        """The id of the deleted message that an erased event was about; empty if it is unknown."""
        if "message_id" in event:
            return str(event["message_id"])
        edited = (id_ for id_, message in self.messages.items() if event["event_id"] in message.get("edit_events", ()))
        return next(edited, "")

    def _is_erased(self, accepted: Accepted) -> bool:
        return accepted.type != "message.deleted" and "deleted_at" in self.messages.get(accepted.message_id, {})

    def _accepted(self, accepted: Accepted) -> None:
        for subscription in self.recorder.subscriptions.values():
            if not _wants(subscription, accepted):
                continue
            about = (accepted.type, accepted.message_id, accepted.text)
            record = self._find.get((subscription.webhook_id, *about))
            if record is None and self._is_erased(accepted):
                record = self._find.get((subscription.webhook_id, accepted.type, accepted.message_id, None))
            shown = f"{accepted.type} of {accepted.message_id} for {subscription.url}"
            if record is None:
                if self._is_erased(accepted):
                    self.verdict.sorted["deleted before its dispatch"] += 1
                elif self._was_away(subscription, accepted):
                    self.verdict.sorted["not wanted any more"] += 1
                else:
                    self.verdict.lost.append(f"{shown}: no delivery was ever created")
            elif record["state"] not in OVER:
                self.verdict.lost.append(f"{shown}: {record['delivery_id']} is still {record['state']}")
            else:
                self.verdict.sorted[record["state"]] += 1

    def _was_away(self, subscription: Subscription, accepted: Accepted) -> bool:
        """Whether the webhook was disabled, deleted or out of the chat between the event and its dispatch."""
        dispatched = [
            at
            for id_, at in self.recorder.dispatched.items()
            if id_ == accepted.message_id or self.events.get(id_, {}).get("body", "").find(accepted.message_id) > 0
        ]
        until = max(dispatched, default=float("inf")) + _IN_FLIGHT
        return any(
            begin <= until and (end is None or end >= accepted.asked_at - _SKEW)
            for begin, end in self._away(subscription, accepted.chat_id)
        )

    def _away(self, subscription: Subscription, chat_id: str | None) -> list[tuple[float, float | None]]:
        away = list(self.recorder.absences[subscription.webhook_id])
        if chat_id and (left := self.recorder.left.get((chat_id, subscription.owner_id))) is not None:
            away.append((left, None))
        return away

    # -- each delivery -----------------------------------------------------------------------------------------------

    def _delivery(self, delivery_id: str, record: dict[str, Any]) -> None:
        subscription = self.recorder.subscriptions.get(record["webhook_id"])
        claims = self.recorder.claims.get(delivery_id, [])
        attempts = record.get("attempts", [])
        if subscription is None:
            self._wrong(f"{delivery_id} is for a webhook that does not exist")
            return
        if record["livemode"] != subscription.livemode or record["event_type"] not in subscription.events:
            self._wrong(f"{delivery_id} is for {subscription.url}, which does not want it")
        numbers = [claim.number for claim in claims]
        if numbers != list(range(1, len(claims) + 1)) or len(claims) != len(attempts):
            self._wrong(f"{delivery_id} has {len(attempts)} attempts, but was claimed for the numbers {numbers}")
            return
        if len(ended := self.recorder.ended[delivery_id]) > 1:
            self._wrong(f"{delivery_id} ended {len(ended)} times: {ended}")
        for claim, attempt in zip(claims, attempts, strict=True):
            self._attempt(claim, attempt, record)
        for earlier, later in pairwise(claims):
            self._pair(earlier, later, attempts[earlier.number - 1], claims)
        self._requests(delivery_id, subscription, claims, is_probe="probe" in record)
        if "probe" in record:
            self._probe(delivery_id, record, claims)
        else:
            self._end(delivery_id, record, claims)

    def _probe(self, delivery_id: str, record: dict[str, Any], claims: list[Claim]) -> None:
        """Check that a probe was one test of a disabled webhook, and that a success enabled the webhook again."""
        self.verdict.probes += 1
        absences = self.recorder.absences[record["webhook_id"]]
        made = clock.seconds(record["created_at"])
        if not any(begin - _SKEW <= made <= (end or made) + _SKEW for begin, end in absences):
            self._wrong(f"{delivery_id} probes a webhook that was enabled")
        if sum(claim.settled is not None for claim in claims) > 1:
            self._wrong(f"{delivery_id} is a probe that was repeated")
        last = claims[-1] if claims else None
        if record["state"] != "delivered" or last is None or last.answered_at is None or last.faults:
            return
        came_back = any(end and end >= last.answered_at - _SKEW for _, end in absences)
        if not came_back and record["webhook_id"] in self.webhooks:
            self._wrong(f"{delivery_id} was answered, but its webhook stayed disabled")

    def _pauses_between_probes(self) -> None:
        made: dict[str, list[float]] = {}
        for record in self.records.values():
            if "probe" in record:
                made.setdefault(record["webhook_id"], []).append(clock.seconds(record["created_at"]))
        for webhook_id, moments in made.items():
            if any(later - earlier < _PROBES_APART - _SKEW for earlier, later in pairwise(sorted(moments))):
                self._wrong(f"{webhook_id} was probed twice within ten minutes")

    def _attempt(self, claim: Claim, attempt: dict[str, Any], record: dict[str, Any]) -> None:
        """Check that an attempt's entry in the delivery log agrees with its claim, request and receiver's answer."""
        shown = f"attempt {claim.number} of {claim.delivery_id}"
        outcome = attempt.get("outcome")
        if outcome is None:
            if record["state"] in OVER:
                self._wrong(f"{shown} is open, but the delivery is {record['state']}")
        elif outcome == "unknown":
            self.verdict.unknowns += 1
            if not any(fault.startswith(_EXPLAINS) for fault in claim.faults):
                self._wrong(f"{shown} never reported, but nothing happened to it")
        elif claim.settled != outcome:
            self._wrong(f"{shown} is {outcome}, but its own task wrote {claim.settled}")
        elif claim.request is None:
            self._wrong(f"{shown} is {outcome}, but was never sent")
        elif claim.succeeded != (outcome == "delivered"):
            self._wrong(f"{shown} is {outcome}, but the receiver's answer was: {claim.behaviour}")

    def _pair(self, earlier: Claim, later: Claim, attempt: dict[str, Any], claims: list[Claim]) -> None:
        """Check that the attempt `later` had a reason, and that it waited long enough after `earlier`."""
        shown = f"{later.delivery_id}: attempt {later.number}"
        if attempt.get("outcome") == "delivered":
            self._wrong(f"{shown} came after one that was delivered")
        if earlier.arrived and earlier.succeeded:
            self.verdict.duplicates += 1
            if attempt.get("outcome") != "unknown":
                self._wrong(f"{shown} is a duplicate that nothing explains")
        if attempt.get("outcome") == "failed" and earlier.answered_at is not None:
            failures = sum(1 for claim in claims[: earlier.number] if claim.settled == "failed")
            planned = RETRY_DELAYS[min(failures, len(RETRY_DELAYS)) - 1]
            asked = earlier.outcome.retry_after if isinstance(earlier.outcome, Refused) else None
            least = min(max(planned, asked or 0), 2 * planned)
            if later.at - earlier.answered_at < least - _SKEW - 1:
                self._wrong(f"{shown} came {later.at - earlier.answered_at:.1f} s after the last, not {least} s")

    def _requests(self, delivery_id: str, subscription: Subscription, claims: list[Claim], *, is_probe: bool) -> None:
        """Check the requests of a delivery: one id, equal bytes, valid signatures.

        A disabled webhook gets only probes.
        """
        bodies = set()
        for claim in claims:
            if claim.request is None:
                continue
            self.verdict.requests += 1
            request = claim.request
            bodies.add(request.body)
            if request.url != subscription.url or request.headers.get("X-FM-Delivery-ID") != delivery_id:
                self._wrong(f"{delivery_id} went to {request.url} as {request.headers.get('X-FM-Delivery-ID')}")
            if request.headers.get("X-FM-Delivery-Attempt") != str(claim.number):
                self._wrong(f"attempt {claim.number} of {delivery_id} was sent under another number")
            if not _signed(request.headers, request.body, subscription.secret):
                self._wrong(f"attempt {claim.number} of {delivery_id} was not signed with the webhook's secret")
            chat_id = json.loads(request.body)["data"].get("message", {}).get("chat_id")
            for begin, end in [] if is_probe else self._away(subscription, chat_id):
                if begin + _IN_FLIGHT < claim.at < (end or float("inf")):
                    self._wrong(
                        f"{delivery_id} was sent to {subscription.url} after that was disabled, deleted or left"
                    )
        if len(bodies) > 1:
            self._wrong(f"{delivery_id} was sent with {len(bodies)} different bodies")

    def _end(self, delivery_id: str, record: dict[str, Any], claims: list[Claim]) -> None:
        reason = record.get("reason") or ""
        if wrong := wrong_end(record["state"], reason, record.get("attempts", [])):
            self._wrong(f"{delivery_id} {wrong}")
        if record["state"] == "cancelled" and (why := self._not_a_reason(record, claims, reason)):
            self._wrong(f"{delivery_id} is cancelled because {reason!r}, but {why}")

    def _not_a_reason(self, record: dict[str, Any], claims: list[Claim], reason: str) -> str | None:
        """Why the reason of a cancelled delivery is untrue; None if it is true."""
        subscription = self.recorder.subscriptions[record["webhook_id"]]
        if "410" in reason and "disabled" not in reason:
            gone = any(claim.behaviour == "410" for claim in claims)
            return None if gone else "its receiver never answered 410"
        if reason == "the message was deleted":
            erased = self.events.get(record["event_id"], {}).get("erased_at")
            return None if erased else "its event was not erased"
        if "deleted" in reason or "disabled" in reason:
            return None if self.recorder.absences[subscription.webhook_id] else "the webhook was always enabled"
        if "belongs" in reason:
            left = (record.get("chat_id"), subscription.owner_id) in self.recorder.left
            return None if left else "its owner never left"
        return "that is not a valid reason"

    # -- the rest ----------------------------------------------------------------------------------------------------

    def _leftovers(self, simulation: "Simulation") -> None:
        for hasty in self.recorder.hasty:
            self._wrong(hasty)
        for request in simulation.receivers.strays:
            self._wrong(f"a request to {request.url} was sent without a claim")
        for key in _waiting(self.cloud):
            self.verdict.lost.append(f"{key} was never dispatched")
        for name in ("DeliveriesQueue", "SlowDeliveriesQueue", "DeadLettersQueue"):
            for message in _messages(self.cloud, name):
                self._wrong(f"a message never left {name}: {message.body}")
        parked = b" ".join(self.cloud.s3.objects.values()).decode()
        for stream in self.cloud.streams:
            for number in stream.acknowledged & stream.poisoned:
                if number not in parked:
                    self._wrong(f"the poison record {number} was passed over without being parked")


def _wants(subscription: Subscription, accepted: Accepted) -> bool:
    return (
        accepted.type in subscription.events
        and subscription.livemode == accepted.livemode
        and (subscription.chat_ids is None or accepted.chat_id in subscription.chat_ids)
        and subscription.made_at <= accepted.asked_at
    )


def _signed(headers: Any, body: bytes, secret: str) -> bool:
    """Whether the signature is right. The docs' recipe is implemented here a second time, without Ferryman's code."""
    fields = dict(part.split("=", 1) for part in headers.get("X-FM-Webhook-Signature", "").split(",") if "=" in part)
    expected = hmac.digest(secret.encode(), f"{fields.get('t')}.".encode() + body, hashlib.sha256).hex()
    return hmac.compare_digest(fields.get("v1", ""), expected)

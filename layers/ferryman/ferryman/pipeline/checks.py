"""The checks before an attempt, as one list. Each check may stop the attempt, and decides what becomes of the ticket.

The checks write nothing. The deliverer carries out their decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ferryman import clock
from ferryman.events.model import Event
from ferryman.formats import FORMATS
from ferryman.pipeline.surroundings import Names
from ferryman.pipeline.under_way import Invocation
from ferryman.webhooks import retry_policy, tickets
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.tickets import Lane, Ticket

# A webhook of a format that only a later version knows waits for that version.
_NEXT_VERSION_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Return:
    """The ticket goes back to the queue and is received again after `seconds`, which spends a receive."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Done:
    """The ticket is deleted."""

    why: Literal["delivered", "over", "cancelled", "deferred", "unknown", "moved"]


type Verdict = Done | Return


@dataclass(frozen=True, slots=True)
class Defer:
    """The ticket is sent again as a new one, on `lane` and after `seconds`, which spends no receive."""

    seconds: float
    lane: Lane = "fast"
    place: int = 0  # the place that the delivery reserved in the webhook's rate


@dataclass(frozen=True, slots=True)
class Cancel:
    """The delivery is cancelled for good."""

    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """The ticket is sent again on the slow lane."""


type Stop = Done | Return | Defer | Cancel | Move


@dataclass(frozen=True, slots=True)
class Case:
    """One ticket, and the rows that were read for it at `read_at` (epoch seconds). None stands for a missing row."""

    ticket: Ticket
    invocation: Invocation
    delivery: Delivery | None
    webhook: Webhook | None
    event: Event | None
    memberships: set[tuple[str, str]]
    read_at: float
    is_readable: bool = True
    names: Names | None = None  # the names in the body, for a webhook with trigger words


class UnreadableRow(Exception):
    """This version of the code cannot read a row of the delivery. The ticket comes back, and an alarm is raised."""


def first_stop(case: Case) -> Stop | None:
    """The decision of the first check that stops the attempt; None if the attempt may go on. Raises UnreadableRow."""
    return next((stop for check in CHECKS if (stop := check(case))), None)


def _is_readable(case: Case) -> Stop | None:
    if not case.is_readable:
        raise UnreadableRow(f"A row of the delivery {case.ticket.delivery_id} cannot be read.")
    return None


def is_still_wanted(case: Case) -> Stop | None:
    """A Cancel with the reason if the webhook may not get the delivery now; None if it may.

    The deliverer calls this again for an attempt that begins more than half a second after its webhook was read, as on
    the slow lane.
    """
    return _is_still_wanted(case)


def _is_kept(case: Case) -> Stop | None:
    if case.delivery is None or case.delivery.expires_at_epoch <= clock.now():
        return Done("unknown")
    return None


def _is_not_over(case: Case) -> Stop | None:
    return Done("over") if _delivery(case).is_over else None


def _is_not_being_sent(case: Case) -> Stop | None:
    delivery = _delivery(case)
    lease = delivery.lease_until / 1000 - clock.now() if delivery.state == "sending" else 0
    return Defer(lease) if lease > 0 else None


def _is_still_wanted(case: Case) -> Stop | None:
    delivery, webhook, event = _delivery(case), case.webhook, case.event
    if webhook is None:
        return Cancel("the webhook was deleted")
    if webhook.state != "enabled" and not delivery.test:
        return Cancel(f"the webhook is disabled: {webhook.disabled_reason}")
    if event is None:
        return Cancel("the event is no longer kept")
    if event.erased_at:
        return Cancel("the message was deleted")
    as_told = event.as_told_to(webhook.application_id)
    if as_told is not event and event.chat_id not in (webhook.chat_ids or ()):
        return Cancel("the application no longer asks for the texts of this group")
    if not as_told.can_be_rendered(webhook.format):
        return Cancel(f"the format {webhook.format} cannot tell {event.type}")
    if webhook.follows_a_member and delivery.chat_id and (delivery.chat_id, webhook.member_id) not in case.memberships:
        return Cancel(f"the {'bot' if webhook.bot_id else "webhook's owner"} no longer belongs to the chat")
    return None


def _has_a_known_format(case: Case) -> Stop | None:
    return None if _webhook(case).format in FORMATS else Defer(_NEXT_VERSION_SECONDS)


def _is_due(case: Case) -> Stop | None:
    next_attempt_at = _delivery(case).next_attempt_at
    if next_attempt_at is None:
        return None
    # A ticket comes back on the full second, so a pause with less than a second left counts as over.
    pause = clock.seconds(next_attempt_at) - clock.now() - 1
    return Defer(pause, tickets.lane_of(_webhook(case))) if pause > 0 else None


def _has_budget(case: Case) -> Stop | None:
    delivery = _delivery(case)
    unknowns = delivery.unknowns + (delivery.state == "sending")
    if retry_policy.spent(delivery.failures, unknowns) >= retry_policy.MAX_FAILURES:
        return Return(0)  # its last attempts never reported: the dead letters settle it
    return None


def _is_on_its_lane(case: Case) -> Stop | None:
    # The ticket was sent before the receiver became slow. It must not hold up the other nine of its batch.
    return Move() if case.invocation.lane == "fast" and tickets.lane_of(_webhook(case)) == "slow" else None


def _is_in_time(case: Case) -> Stop | None:
    return None if case.invocation.in_time() else Return(0)


# In this order: each check relies on those before it.
CHECKS: tuple[Callable[[Case], Stop | None], ...] = (
    _is_readable,
    _is_kept,
    _is_not_over,
    _is_not_being_sent,
    _is_still_wanted,
    _has_a_known_format,
    _is_due,
    _has_budget,
    _is_on_its_lane,
    _is_in_time,
)


def _delivery(case: Case) -> Delivery:
    assert case.delivery  # noqa: S101 - `_is_kept` comes first
    return case.delivery


def _webhook(case: Case) -> Webhook:
    assert case.webhook  # noqa: S101 - `_is_still_wanted` comes first
    return case.webhook

"""Counts how a webhook's deliveries ended, hour by hour. A request counts them, so deliveries write no counters."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from ferryman import clock
from ferryman.webhooks.deliveries import table
from ferryman.webhooks.deliveries.log_schema import HourOut, StatisticsOut
from ferryman.webhooks.deliveries.model import DeliveryState
from ferryman.webhooks.subscriptions.model import Webhook

_HOUR_SECONDS = 3600


def of(webhook: Webhook, hours: int) -> StatisticsOut:
    """Counts of the webhook's deliveries in the last `hours` hours of the clock, including the current hour.

    For a busy webhook, only the newest deliveries are counted; `complete` is then false, and `since` is later.
    """
    begin = _hour(clock.now()) - (hours - 1) * _HOUR_SECONDS
    states, complete = table.recent_states(webhook.workspace_id, webhook.webhook_id, clock.iso(begin))
    by_hour: dict[int, list[DeliveryState]] = defaultdict(list)
    for at, state in states:
        by_hour[_hour(at)].append(state)
    return StatisticsOut(
        webhook_id=webhook.webhook_id,
        since=clock.iso(begin if complete else states[-1][0]),
        complete=complete,
        hours=[HourOut(at=clock.iso(hour), **_counts(by_hour[hour])) for hour in sorted(by_hour)],
        **_counts(state for _, state in states),
    )


def _hour(at: float) -> int:
    """The epoch second at which the hour of `at` (epoch seconds) begins."""
    return int(at) // _HOUR_SECONDS * _HOUR_SECONDS


def _counts(states: Iterable[DeliveryState]) -> dict[str, int]:
    count_of = Counter(states)
    return {
        "delivered": count_of["delivered"],
        "failed": count_of["exhausted"] + count_of["cancelled"],
        "waiting": count_of["queued"] + count_of["sending"] + count_of["retrying"],
    }

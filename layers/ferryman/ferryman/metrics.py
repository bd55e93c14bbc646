"""Our own metrics. Each invocation writes its values as one log line in CloudWatch's Embedded Metric Format.

CloudWatch makes metrics from such a line, without a call. A batch of ten deliveries writes one line. CloudWatch charges
for each combination of dimensions, so there are none: the namespace names the deployment, and the line has the
function's name as `service`, for searches of the log.

Counting is thread-safe. Powertools, which builds the line, is not; so it is called once, at the end.
"""

import json
import threading
from collections import defaultdict
from itertools import batched
from typing import Literal

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from ferryman import log, settings

type Name = Literal[
    # deliveries
    "Dispatched",  # deliveries that the dispatcher sent to a queue
    "Attempts",
    "Delivered",
    "FailedAttempts",
    "Exhausted",
    "Cancelled",
    "FirstAttemptLatency",  # from the event to the first attempt, where no receiver had us wait
    "OldestWaiting",  # how long ago the event of a delivery came that a batch left waiting
    "WebhooksPaused",
    "WebhooksDisabled",
    "StuckDeliveries",
    # what came in and was refused
    "RefusedPostsUnknown",
    "RefusedPostsInvalid",
    "RefusedPostsClosed",
    "RefusedPostsLimited",
    # what was left over
    "Parked",
    "ParkedRecords",  # how many are parked now
    "SweptEvents",
    "SweeperBehind",
    "InfrastructureFailures",
    # the processes
    "InitDuration",  # of a cold start: our own part, from the entry's first line to the handler
    "MemoryUsed",  # at most so far, of what the function has
]
_UNITS = {
    "FirstAttemptLatency": MetricUnit.Milliseconds,
    "OldestWaiting": MetricUnit.Seconds,
    "SweeperBehind": MetricUnit.Seconds,
    "InitDuration": MetricUnit.Milliseconds,
    "MemoryUsed": MetricUnit.Percent,
}
_MOST_VALUES = 99  # Powertools prints a metric by itself when it has a hundred
_REFUSALS: dict[int, Name] = {
    401: "RefusedPostsUnknown",
    404: "RefusedPostsUnknown",
    403: "RefusedPostsClosed",
    409: "RefusedPostsClosed",
    429: "RefusedPostsLimited",
}

_lock = threading.Lock()
_values: dict[Name, list[float]] = defaultdict(list)


def count(name: Name, number: int = 1) -> None:
    """Add `number` to the invocation's sum. Adding 0 does nothing."""
    if number:
        with _lock:
            _values[name] = [sum(_values[name]) + number]


def measure(name: Name, value: float) -> None:
    """Add one value to a metric of which CloudWatch shows percentiles."""
    with _lock:
        _values[name].append(value)


def highest(name: Name, value: float) -> None:
    """Set the metric to `value`, unless the invocation already has a higher one."""
    with _lock:
        _values[name] = [max([value, *_values[name]])]


def post_refused(status: int) -> None:
    """Count a refused post of an external system by its HTTP status.

    A 5xx is a failure of our own, and not counted here.
    """
    if 400 <= status < 500:
        count(_REFUSALS.get(status, "RefusedPostsInvalid"))


def flush() -> None:
    """Write all values since the last flush, if there are any."""
    with _lock:
        collected = dict(_values)
        _values.clear()
    chunks = {name: list(batched(values, _MOST_VALUES, strict=False)) for name, values in collected.items()}
    while chunks:
        _write({name: remaining.pop(0) for name, remaining in chunks.items()})
        chunks = {name: remaining for name, remaining in chunks.items() if remaining}


def _write(values: dict[Name, tuple[float, ...]]) -> None:
    # An empty service: Powertools would make a dimension of it.
    line = EphemeralMetrics(namespace=settings.optional("POWERTOOLS_METRICS_NAMESPACE") or "Ferryman", service="")
    for name, several in values.items():
        for value in several:
            line.add_metric(name, _UNITS.get(name, MetricUnit.Count), round(value, 1))
    if service := settings.optional("POWERTOOLS_SERVICE_NAME"):
        line.add_metadata("service", service)
    log.write(json.dumps(line.serialize_metric_set(), separators=(",", ":")))

"""Reads operations.yaml as CloudWatch does: the metrics made of log lines, and the alarms that ring for them."""

import operator
import re
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support import template
from tests.support.logged import Logged
from tests.support.world import STACK

OPERATIONS = "operations.yaml"
OURS = "Ferryman/${Deployment}"
_NAMESPACE = OURS.replace("${Deployment}", STACK)  # template.yaml gives operations.yaml its own name
_COMPARE = {"=": operator.eq, ">": operator.gt, ">=": operator.ge}
_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "Average": statistics.fmean,
    "SampleCount": len,
}
_BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
# An alarm that says more rings at other times (DatapointsToAlarm), or never (a Unit that no value has).
KNOWN = {
    *("Statistic", "Threshold", "ComparisonOperator", "EvaluationPeriods", "Period", "TreatMissingData"),
    *("AlarmName", "AlarmDescription", "Namespace", "MetricName", "AlarmActions", "OKActions"),
}
_TERM = re.compile(r'\$\.(\w+) (=|>=|>) (?:"([^"]*)"|(\d+)|(\*))')


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of the resources of one type in operations.yaml, by logical id."""
    found = template.load(OPERATIONS)["Resources"]
    return {name: item["Properties"] for name, item in found.items() if item["Type"] == kind}


@dataclass(frozen=True)
class Metric:
    """A metric that an alarm watches. The value of each dimension is a parameter of operations.yaml."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def metrics_of(alarm: dict[str, Any]) -> list[Metric]:
    """The metrics that an alarm watches."""
    if "Metrics" in alarm:
        return [_metric(entry["MetricStat"]["Metric"]) for entry in alarm["Metrics"] if "MetricStat" in entry]
    return [_metric(alarm)]


def _metric(said: dict[str, Any]) -> Metric:
    namespace = said["Namespace"]
    dimensions = tuple((one["Name"], one["Value"]["Ref"]) for one in said.get("Dimensions", []))
    return Metric(namespace if isinstance(namespace, str) else namespace["Fn::Sub"], said["MetricName"], dimensions)


def section(alarm: dict[str, Any]) -> str:
    """The section of the runbook that has the alarm's name."""
    deployment, found = alarm["AlarmName"]["Fn::Sub"].split("/")[:2]
    assert deployment == "${Deployment}"
    return str(found)


def on_our_metrics() -> dict[str, dict[str, Any]]:
    """The alarms that watch a metric of our own, by logical id."""
    return {
        name: alarm
        for name, alarm in of_kind("AWS::CloudWatch::Alarm").items()
        if any(metric.namespace == OURS for metric in metrics_of(alarm))
    }


def rung(*periods: Logged) -> set[str]:
    """The alarms on our own metrics that ring after these periods, by their sections in the runbook.

    Everything logged in one block of `logged()` counts as one period of an alarm, however long that is. An alarm that
    looks at two periods rings only after two logs: `rung(first, second)`.
    """
    values = [emitted(log) for log in periods]
    return {section(alarm) for alarm in on_our_metrics().values() if _rings(alarm, values)}


def _rings(alarm: dict[str, Any], periods: list[dict[str, list[float]]]) -> bool:
    """Whether the last `EvaluationPeriods` of `periods` all breach the alarm's threshold."""
    unknown = set(alarm) - KNOWN
    assert not unknown, f"tests/support/alarms.py does not know {unknown} of the alarm {section(alarm)}: add it there"
    latest = periods[-alarm["EvaluationPeriods"] :]
    return len(latest) == alarm["EvaluationPeriods"] and all(
        _breaches(alarm, period.get(alarm["MetricName"])) for period in latest
    )


def _breaches(alarm: dict[str, Any], values: list[float] | None) -> bool:
    if values is None:
        return bool(alarm["TreatMissingData"] == "breaching")
    return _BREACHES[alarm["ComparisonOperator"]](_STATISTICS[alarm["Statistic"]](values), alarm["Threshold"])


def emitted(log: Logged) -> dict[str, list[float]]:
    """The values of our metrics that CloudWatch extracts from a log, by metric. Each line counts, of any function.

    Metrics of another namespace or with dimensions are left out, because no alarm of ours watches them.
    """
    found: dict[str, list[float]] = {}
    for line in log.metrics():
        for directive in line["_aws"]["CloudWatchMetrics"]:
            if directive["Namespace"] == _NAMESPACE and [] in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    found.setdefault(metric["Name"], []).extend(line[metric["Name"]])
    for line in log.lines():
        for name, value in _filtered(line).items():
            found.setdefault(name, []).append(value)
    return found


def _filtered(line: dict[str, Any]) -> dict[str, float]:
    made = {}
    for properties in of_kind("AWS::Logs::MetricFilter").values():
        if matches(properties["FilterPattern"], line):
            (transformation,) = properties["MetricTransformations"]
            value = transformation["MetricValue"]
            made[transformation["MetricName"]] = float(line[value[2:]] if value.startswith("$.") else value)
    return made


def matches(pattern: str, line: dict[str, Any]) -> bool:
    """Whether a JSON line matches a filter pattern of CloudWatch Logs.

    Fails for a form of pattern that we do not use.
    """
    inner = pattern.removeprefix("{ ").removesuffix(" }")
    for term in inner.split(" && "):
        found = _TERM.fullmatch(term)
        assert found, f"the tests do not know the pattern {term}"
        name, comparison, text, number, anything = found.groups()
        if name not in line:
            return False
        if not anything and not _COMPARE[comparison](line[name], float(number) if text is None else text):
            return False
    return True

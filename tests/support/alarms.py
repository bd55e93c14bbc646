"""operations.yaml as the tests read it: its alarms, and the metrics that CloudWatch makes of a log."""

import operator
import re
from dataclasses import dataclass
from typing import Any

from tests.support import template
from tests.support.logged import Logged

OPERATIONS = "operations.yaml"
_COMPARE = {"=": operator.eq, ">": operator.gt, ">=": operator.ge}
_TERM = re.compile(r'\$\.(\w+) (=|>=|>) (?:"([^"]*)"|(\d+)|(\*))')


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of the resources of one type in operations.yaml, by logical id."""
    found = template.load(OPERATIONS)["Resources"]
    return {name: item["Properties"] for name, item in found.items() if item["Type"] == kind}


@dataclass(frozen=True)
class Metric:
    """A metric that an alarm looks at. A dimension's value is a parameter of operations.yaml."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def metrics_of(alarm: dict[str, Any]) -> list[Metric]:
    """The metrics that an alarm looks at."""
    if "Metrics" in alarm:
        return [_metric(entry["MetricStat"]["Metric"]) for entry in alarm["Metrics"] if "MetricStat" in entry]
    return [_metric(alarm)]


def _metric(said: dict[str, Any]) -> Metric:
    namespace = said["Namespace"]
    dimensions = tuple((one["Name"], one["Value"]["Ref"]) for one in said.get("Dimensions", []))
    return Metric(namespace if isinstance(namespace, str) else namespace["Fn::Sub"], said["MetricName"], dimensions)


def section(alarm: dict[str, Any]) -> str:
    """The section of the runbook that an alarm is named after."""
    deployment, found = alarm["AlarmName"]["Fn::Sub"].split("/")[:2]
    assert deployment == "${Deployment}"
    return str(found)


def emitted(log: Logged) -> dict[str, list[float]]:
    """The metrics that CloudWatch makes of a log: metric → values. A line counts wherever it was logged."""
    found: dict[str, list[float]] = {}
    for line in log.metrics():
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
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
    """Whether a JSON line matches a filter pattern of CloudWatch Logs; only the forms that we use are known."""
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

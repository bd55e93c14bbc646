"""Promises of operations.yaml: each alarm watches us, not receivers, has a runbook section, and is on the dashboard."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, get_args

import pytest
from ferryman import metrics

from tests.support import alarms, reach, template
from tests.support.alarms import OPERATIONS, OURS, Metric

ALARMS = alarms.of_kind("AWS::CloudWatch::Alarm")
FILTERS = alarms.of_kind("AWS::Logs::MetricFilter")
PARAMETERS: dict[str, Any] = template.load(OPERATIONS)["Parameters"]
STACK: dict[str, Any] = template.deployed()["Resources"]["OperationsStack"]
GIVEN: dict[str, Any] = STACK["Properties"]["Parameters"]
RUNBOOK = (template.ROOT / "docs/runbook.md").read_text()
FUNCTIONS = template.functions()
NAMES: set[str] = set(get_args(metrics.Name.__value__))
MEASURING = {"metrics.count", "metrics.highest", "metrics.measure"}
# Functions that external systems post to; nobody posts to a login, or to where webhooks are managed.
INBOUND = {path.parent.name for path in (template.ROOT / "functions/inbound").glob("*/handler.py")} - {
    "mattermost_login",
    "mattermost_integrations",
    "mattermost_bots",
}
# Lambda's entry counts these for every function.
WRAPPED = {"InitDuration", "MemoryUsed"}

each_alarm = pytest.mark.parametrize("name", ALARMS)

# Why no customer's receiver can ring an alarm that looks at this metric, however it answers, hangs or fails. A metric
# that is not named here may not be alarmed on.
ARGUMENTS = {
    "5xx": "requests that wait for a receiver are answered 2xx or 4xx whatever the receiver did",
    "IteratorAge": "the functions of the streams never talk to a receiver",
    "SweeperBehind": "the sweeper reads our own tables",
    "SweptEvents": "what is dispatched late was not dispatched by the stream's functions, which talk to no receiver",
    "Invocations": "the sweeper is invoked by a schedule",
    "ParkedRecords": "a parked record never came to a receiver: it is not a delivery yet, or not ours",
    "ApproximateNumberOfMessagesVisibleInQuietGroups": "retries and deferrals are hidden, and a webhook that takes "
    "more than its share is not a quiet group",
    "NumberOfMessagesDeleted": "more of them make the backlog smaller, and deferring deletes too",
    "ApproximateAgeOfOldestMessage": "looked at in the dead letters only, where it counts from the arrival, and where "
    "a function that calls nobody takes messages out",
    "StuckDeliveries": "a receiver is called after the claim, and what failed after the claim is not requeued",
    "InfrastructureFailures": "what a receiver does is an outcome; these lines are written for exceptions",
    "Errors": "what a receiver does is an outcome, and an attempt ends long before the function's time does",
    "Throttles": "the delivery mapping has a MaximumConcurrency, and asks for no more however long receivers hang; "
    "API Gateway lets five connectivity checks a second through, and a workspace runs 300 commands a minute, each of "
    "which takes eight seconds at most",
}


def _slug(heading: str) -> str:
    return heading.lower().replace(" ", "-")


@cache
def _texts(folder: str) -> set[str]:
    """Every string literal in the code that a function can reach."""
    found = reach.of(folder)
    return {
        part.value
        for node in found.nodes
        if not isinstance(found.definition(node), ast.TypeAlias)
        for part in found._own(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def _kinds(folder: str) -> set[str]:
    """The types of the event sources that invoke a function."""
    return {event["Type"] for event in FUNCTIONS[folder].get("Events", {}).values()}


def _alarmed(metric: str) -> set[str]:
    """The parameters of operations.yaml to which the dimensions of the alarms on a metric refer."""
    looked_at = [found for alarm in ALARMS.values() for found in alarms.metrics_of(alarm) if found.name == metric]
    return {value for found in looked_at for _, value in found.dimensions}


def _emitting(metric: str) -> set[str]:
    """The functions that can write one of our metrics into their log."""
    return {folder for folder in FUNCTIONS if metric in _texts(folder) | WRAPPED}


def _folder(log_group: str) -> str:
    """The folder of the function whose log group has this logical id."""
    (found,) = [name for name, one in FUNCTIONS.items() if one["LoggingConfig"]["LogGroup"]["Ref"] == log_group]
    return found


# --- the stack inside the stack ---------------------------------------------------------------------------


def test_it_is_deployed_wherever_there_are_metrics() -> None:
    assert STACK["Type"] == "AWS::CloudFormation::Stack"
    assert STACK["Properties"]["TemplateURL"] == OPERATIONS
    assert template.load()["Conditions"][STACK["Condition"]] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "EnvironmentName"}, "local"]}]
    }
    # A macro or IAM in it would ask everybody who deploys for more capabilities.
    assert "Transform" not in template.load(OPERATIONS)


def test_it_is_given_what_it_asks_for() -> None:
    assert set(GIVEN) == set(PARAMETERS)
    for name, parameter in PARAMETERS.items():
        assert parameter["Type"] == "String"
        assert parameter["Description"].endswith(".")
        assert "Default" not in parameter, f"{name} would hide that it is not given"


@pytest.mark.parametrize("name", PARAMETERS)
def test_the_reference_calls_things_by_their_names(name: str) -> None:
    words = {"Deployment": "AWS::StackName", "ApiId": "Api"}
    resource = words.get(name, name)
    topic = {"Fn::If": ["MakesAlarmTopic", {"Ref": "AlarmTopic"}, {"Ref": "AlarmTopicArn"}]}
    wanted = [topic] if name == "AlarmTopicArn" else [{"Ref": resource}, {"Fn::GetAtt": [resource, "QueueName"]}]
    assert GIVEN[name] in wanted
    assert f"${{{name}}}" in (text := json.dumps(template.load(OPERATIONS)["Resources"])) or f'"Ref": "{name}"' in text


# --- alarms -----------------------------------------------------------------------------------------------


@each_alarm
def test_each_alarm_has_a_section_of_its_name_in_the_runbook(name: str) -> None:
    """The section says what the alarm means, where to look first and what to do."""
    title = alarms.section(ALARMS[name])
    assert ALARMS[name]["AlarmDescription"].endswith(f"docs/runbook.md#{_slug(title)}")
    found = re.search(rf"^(#+) {re.escape(title)}$\n(.*?)(?=^#{{1,3}} |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
    assert found, f"docs/runbook.md has no section called {title}"
    for part in ("**It means**", "**First look**", "**Do this.**"):
        assert part in found[2], f"the section {title} of docs/runbook.md has no part {part}"
    assert "```" in found[2], f"the section {title} of docs/runbook.md shows no command"


def test_no_two_alarms_share_a_name() -> None:
    names = [alarm["AlarmName"]["Fn::Sub"] for alarm in ALARMS.values()]
    assert len(set(names)) == len(names)


@each_alarm
def test_each_alarm_tells_the_topic_when_there_is_one(name: str) -> None:
    told = {"Fn::If": ["HasTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert ALARMS[name]["AlarmActions"] == told
    assert ALARMS[name]["OKActions"] == told
    assert template.load(OPERATIONS)["Conditions"] == {
        "HasTopic": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]}
    }


@each_alarm
def test_nothing_keeps_an_alarm_from_ringing(name: str) -> None:
    """ActionsEnabled could silence an alarm, Unit could name a unit without values, Condition could omit the alarm."""
    assert set(ALARMS[name]) <= alarms.KNOWN | {"Dimensions", "Metrics"}
    assert "Condition" not in template.load(OPERATIONS)["Resources"][name]


@each_alarm
def test_an_idle_deployment_rings_nothing(name: str) -> None:
    """Without work, no metric has a value. Only the sweeper runs always."""
    assert ALARMS[name]["TreatMissingData"] == ("breaching" if name == "SweeperSilent" else "notBreaching")


@each_alarm
def test_each_alarm_looks_at_something_that_is_there(name: str) -> None:
    """An alarm on a misspelt metric or on other dimensions never rings."""
    known = {
        ("AWS/ApiGateway", "5xx"): "ApiId",  # not 5XXError: that is a REST API's
        ("AWS/Lambda", "Errors"): "FunctionName",
        ("AWS/Lambda", "Throttles"): "FunctionName",
        ("AWS/Lambda", "Invocations"): "FunctionName",
        ("AWS/Lambda", "IteratorAge"): "FunctionName",
        ("AWS/SQS", "ApproximateAgeOfOldestMessage"): "QueueName",
        ("AWS/SQS", "ApproximateNumberOfMessagesVisibleInQuietGroups"): "QueueName",
        ("AWS/SQS", "NumberOfMessagesDeleted"): "QueueName",
    }
    for metric in alarms.metrics_of(ALARMS[name]):
        if metric.namespace == OURS:
            assert metric.dimensions == ()
            assert _emitting(metric.name), f"no function counts {metric.name}"
        else:
            ((dimension, value),) = metric.dimensions
            assert dimension == known[metric.namespace, metric.name]
            assert value.endswith({"ApiId": "ApiId", "FunctionName": "Function", "QueueName": "Queue"}[dimension])


@pytest.mark.parametrize("name", alarms.on_our_metrics())
def test_a_test_makes_each_alarm_on_a_metric_of_ours_ring(name: str) -> None:
    title = alarms.section(ALARMS[name])
    ringing = (template.ROOT / "tests/integration/test_alarms.py").read_text()
    assert f'{{"{title}"}}' in ringing, f"no test in tests/integration/test_alarms.py holds: rung(log) == {{{title!r}}}"


def test_every_function_rings_when_it_fails_or_may_not_run() -> None:
    """Functions behind the API are covered by the API's 5xx, and those with event sources by alarms of their own.

    An operator invokes the others by hand and sees their failures.
    """
    watched = {folder for folder in FUNCTIONS if _kinds(folder) - {"HttpApi"}}
    own = {FUNCTIONS[folder]["LogicalId"] for folder in watched}
    assert _alarmed("Errors") == own
    assert _alarmed("Throttles") == own
    assert _alarmed("5xx") == {"ApiId"}
    assert {folder for folder in FUNCTIONS if not _kinds(folder)} == {"bootstrap", "plan", "unpark"}


def test_every_stream_rings_when_it_is_late() -> None:
    assert _alarmed("IteratorAge") == {FUNCTIONS[folder]["LogicalId"] for _, folder, _ in template.streams()}


def test_all_dead_letters_ring() -> None:
    targets = {
        queue["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        for queue in template.resources("AWS::SQS::Queue").values()
        if "RedrivePolicy" in queue["Properties"]
    }
    assert _alarmed("ApproximateAgeOfOldestMessage") == targets
    assert {
        alarm["Threshold"] for alarm in ALARMS.values() if alarm.get("MetricName") == "ApproximateAgeOfOldestMessage"
    } == {300}


def test_each_delivery_queue_rings_when_it_does_not_get_on() -> None:
    """The fast queue's alarm rings by the minutes of work that wait, the slow queue's only when no ticket is finished.

    Slow receivers can make the slow queue long, so its length alone must not ring.
    """
    waiting = "ApproximateNumberOfMessagesVisibleInQuietGroups"
    filled = {mapping["Properties"]["Queue"]["Fn::GetAtt"][0] for mapping in FUNCTIONS["deliverer"]["Events"].values()}
    assert _alarmed(waiting) == _alarmed("NumberOfMessagesDeleted") == filled
    slow = ALARMS["SlowLane"]
    stats = {one["Id"]: one["MetricStat"]["Stat"] for one in slow["Metrics"] if "MetricStat" in one}
    assert stats == {"waiting": "Minimum", "done": "Sum"}, "a ticket that waits for a moment is not a standing queue"
    (expression,) = [one["Expression"] for one in slow["Metrics"] if "Expression" in one]
    assert expression == "IF(FILL(done, 0) > 0, 0, FILL(waiting, 0))"
    assert (slow["Threshold"], slow["EvaluationPeriods"]) == (0, 15)


# --- what a customer's receiver can do --------------------------------------------------------------------


def test_no_alarm_looks_at_what_a_receiver_can_do() -> None:
    used = {metric.name for alarm in ALARMS.values() for metric in alarms.metrics_of(alarm)}
    assert used - set(ARGUMENTS) == set(), "argue why a customer's receiver cannot ring it, or choose another metric"
    assert set(ARGUMENTS) - used == set()
    ages = [m for alarm in ALARMS.values() for m in alarms.metrics_of(alarm) if "AgeOfOldest" in m.name]
    assert ages == [Metric("AWS/SQS", "ApproximateAgeOfOldestMessage", (("QueueName", "DeadLettersQueue"),))]


def test_only_deliveries_connectivity_checks_and_commands_can_reach_a_receiver() -> None:
    """No metric of another function depends on a receiver, which the arguments for alarms rely on.

    `hooks` calls only hosts of Amazon SNS (`dialects.sources.sns_sender`), and answers 403 to made-up ones.
    `connections`, and `leaks` when it disconnects, call only the OAuth addresses in the catalogue.
    """
    calling = {folder for folder in FUNCTIONS if ("ferryman.outbound.adapter", "session") in reach.of(folder).nodes}
    at_products = {"hooks", "connections", "leaks"}
    assert calling == {"deliverer", "webhooks", "messages", "mattermost_integrations", *at_products}


def test_hanging_receivers_cannot_use_up_the_concurrency() -> None:
    caps = [mapping["Properties"]["ScalingConfig"] for mapping in FUNCTIONS["deliverer"]["Events"].values()]
    assert caps == [
        {"MaximumConcurrency": {"Ref": "DelivererConcurrency"}},
        {"MaximumConcurrency": {"Ref": "SlowDelivererConcurrency"}},
    ]


def _counting() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Each metric of ours, with the function definition that counts it."""
    for folder in ("layers/ferryman", "functions"):
        for path in (template.ROOT / folder).rglob("*.py"):
            for definition in ast.walk(ast.parse(path.read_text())):
                if isinstance(definition, ast.FunctionDef):
                    calls = [part for part in ast.walk(definition) if isinstance(part, ast.Call)]
                    names = [call.args[0] for call in calls if ast.unparse(call.func) in MEASURING]
                    yield from ((ast.unparse(name).strip("'"), definition) for name in names)


def test_metrics_that_ring_are_counted_beside_a_warning_or_an_error() -> None:
    """`log.event` reports normal events, also failures of customers' receivers. Warnings and errors are about us."""
    ringing = {metric.name for alarm in ALARMS.values() for metric in alarms.metrics_of(alarm)} & NAMES
    assert len(ringing) >= 5
    counted = [(name, definition) for name, definition in _counting() if name in ringing]
    assert {name for name, _ in counted} == ringing
    for name, definition in counted:
        text = ast.unparse(definition)
        assert "log.event(" not in text, f"{name} is counted where there is news, not a failure of ours"
        assert "log.warning(" in text or "log.logger.error(" in text, name


# --- metrics ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", sorted(NAMES))
def test_each_metric_is_counted_somewhere(metric: str) -> None:
    assert _emitting(metric), f"nothing counts {metric}: remove it"


def test_every_attempt_and_every_refused_post_is_counted() -> None:
    """A function that starts to write these log lines has to count the metrics as well."""
    assert _emitting("Attempts") == {folder for folder in FUNCTIONS if "delivery.attempted" in _texts(folder)}
    assert _emitting("RefusedPostsInvalid") == INBOUND


# --- metrics from log lines -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_finds_a_line_that_its_function_writes(name: str) -> None:
    properties = FILTERS[name]
    (line,) = re.findall(r'\$\.message = "([\w.]+)"', properties["FilterPattern"])
    assert line in _texts(_folder(properties["LogGroupName"]["Ref"]))
    (made,) = properties["MetricTransformations"]
    assert made["MetricNamespace"] == {"Fn::Sub": OURS}
    used = [made["MetricValue"], *(one["Value"] for one in made.get("Dimensions", []))]
    for field in used:
        assert not field.startswith("$.") or field in properties["FilterPattern"], f"the pattern must name {field}"


def test_every_accepted_message_is_counted() -> None:
    writing = {folder for folder in FUNCTIONS if "message.accepted" in _texts(folder)}
    counted = {_folder(one["LogGroupName"]["Ref"]) for one in FILTERS.values()}
    assert counted == writing
    assert {one["MetricTransformations"][0]["MetricName"] for one in FILTERS.values()} == {"Accepted"}


def test_our_metrics_have_no_dimensions() -> None:
    """Each value of a dimension would be a metric of its own, which costs money."""
    assert not [one for one in FILTERS.values() if "Dimensions" in one["MetricTransformations"][0]]


# --- the dashboard ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def widgets() -> list[dict[str, Any]]:
    (dashboard,) = alarms.of_kind("AWS::CloudWatch::Dashboard").values()
    found: list[dict[str, Any]] = json.loads(dashboard["DashboardBody"]["Fn::Sub"])["widgets"]
    return found


def test_the_dashboard_shows_every_alarm(widgets: list[dict[str, Any]]) -> None:
    (shown,) = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    assert sorted(shown) == sorted(f"${{{name}.Arn}}" for name in ALARMS)


def test_the_dashboard_shows_what_there_is(widgets: list[dict[str, Any]]) -> None:
    """All metrics, names and dimensions on the dashboard exist, and each metric of ours is shown."""
    shown = set()
    for widget in widgets:
        for metric in widget["properties"].get("metrics", []):
            namespace, name, *dimensions = [part for part in metric if isinstance(part, str)]
            shown.add(name)
            if namespace == OURS:
                assert name in NAMES | {"Accepted"}
                assert dimensions == []
            else:
                key, value = dimensions
                assert key in ("ApiId", "FunctionName", "QueueName")
                assert value.strip("${}") in PARAMETERS
    assert NAMES | {"Accepted"} <= shown
    assert {"Count", "4xx", "5xx", "Latency", "IteratorAge", "Errors", "Throttles", "Duration"} <= shown
    assert {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"} <= shown


def test_the_widgets_of_the_dashboard_do_not_overlap(widgets: list[dict[str, Any]]) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        x, y = widget["x"], widget["y"]
        cells = {(x + dx, y + dy) for dx in range(widget["width"]) for dy in range(widget["height"])}
        assert x + widget["width"] <= 24
        assert not cells & taken
        taken |= cells

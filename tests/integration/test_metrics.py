"""The functions' metrics, read from their logs, as CloudWatch does."""

import json
from typing import Any

import boto3
import pytest
from ferryman import metrics
from ferryman.invocation import observed

from local.receiver import Receiver
from tests.integration.conftest import Later, Workspace
from tests.support.alarms import emitted
from tests.support.logged import logged
from tests.support.our_secrets import MADE, hidden_part
from tests.support.world import STACK, World

UNITS = {
    "FirstAttemptLatency": "Milliseconds",
    "OldestWaiting": "Seconds",
    "SweeperBehind": "Seconds",
    "InitDuration": "Milliseconds",
    "MemoryUsed": "Percent",
}


@pytest.fixture(autouse=True)
def namespace(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The metrics' namespace of all functions, for tests that invoke none."""
    name = "POWERTOOLS_METRICS_NAMESPACE"
    monkeypatch.setenv(name, world.environment("deliverer")[name])


@pytest.fixture(autouse=True)
def nothing_waits(world: World) -> None:
    """Finish the work that other tests left, so that it is not counted here."""
    world.pump(40)


def _webhook(workspace: Workspace, receiver: Receiver, chat: str, **fields: Any) -> str:
    wanted = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat], **fields}
    return str(workspace.make("/v1/webhooks", wanted)["id"])


def _say(workspace: Workspace, chat: str, count: int = 1) -> None:
    for number in range(count):
        workspace.make(f"/v1/chats/{chat}/messages", {"text": f"message {number}"})


def test_deliveries_are_counted_once(world: World, workspace: Workspace, receiver: Receiver) -> None:
    chat = workspace.chat()
    _webhook(workspace, receiver, chat)
    with logged() as log:
        _say(workspace, chat, 3)
        world.pump()
    counted = emitted(log)
    latencies = counted.pop("FirstAttemptLatency")
    assert {name: sum(values) for name, values in counted.items()} == {
        "Accepted": 3,
        "Dispatched": 3,
        "Attempts": 3,
        "Delivered": 3,
    }
    assert len(latencies) == 3
    assert all(0 <= latency < 60_000 for latency in latencies)


def test_a_batch_is_one_line(world: World, workspace: Workspace, receiver: Receiver) -> None:
    chat = workspace.chat()
    _webhook(workspace, receiver, chat)
    _say(workspace, chat, 8)
    world.pump_streams()
    with logged() as log:
        assert world.pump_queue("DeliveriesQueue", "deliverer") == 8
    (line,) = log.metrics()
    assert line["Delivered"] == [8]
    assert line["service"] == "deliverer"


def test_a_line_is_what_cloudwatch_takes_for_metrics(world: World, workspace: Workspace, receiver: Receiver) -> None:
    """The line has no dimensions, because each combination of their values would be a metric that costs money."""
    chat = workspace.chat()
    _webhook(workspace, receiver, chat)
    with logged() as log:
        _say(workspace, chat)
        world.pump()
    assert log.metrics()
    for line in log.metrics():
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == f"Ferryman/{STACK}"
        assert directive["Dimensions"] == [[]]
        for metric in directive["Metrics"]:
            assert metric == {"Name": metric["Name"], "Unit": UNITS.get(metric["Name"], "Count")}
            assert line[metric["Name"]]


def test_an_exhausted_delivery_is_counted_once_and_each_of_its_attempts(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    receiver.answer("/in", 500)
    chat = workspace.chat()
    _webhook(workspace, receiver, chat)
    with logged() as log:
        _say(workspace, chat)
        world.pump(40)
    counted = emitted(log)
    assert (sum(counted["Attempts"]), sum(counted["FailedAttempts"])) == (4, 4)
    assert counted["Exhausted"] == [1]
    assert len(counted["FirstAttemptLatency"]) == 1, "a retry is not a first attempt"
    assert not {"Delivered", "Cancelled"} & set(counted)


def test_a_delivery_that_waits_shows_how_old_its_event_is(
    world: World, workspace: Workspace, receiver: Receiver, later: Later
) -> None:
    receiver.answer("/in", 500, 200)
    chat = workspace.chat()
    _webhook(workspace, receiver, chat)
    _say(workspace, chat)
    world.pump_streams()
    later(90)
    with logged() as log:
        world.pump_queue("DeliveriesQueue", "deliverer")
        world.pump()
    (age,) = emitted(log)["OldestWaiting"]
    assert 89 <= age <= 120


def test_a_cancelled_delivery_is_counted(world: World, workspace: Workspace, receiver: Receiver) -> None:
    chat = workspace.chat()
    webhook_id = _webhook(workspace, receiver, chat)
    _say(workspace, chat)
    world.pump_streams()
    workspace.call("DELETE", f"/v1/webhooks/{webhook_id}")
    with logged() as log:
        world.pump()
    assert emitted(log) == {"Cancelled": [1]}


def test_a_receiver_that_is_gone_cancels_its_delivery_and_disables_its_webhook(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    receiver.answer("/in", 410)
    chat = workspace.chat()
    _webhook(workspace, receiver, chat)
    _say(workspace, chat)
    world.pump_streams()
    with logged() as log:
        world.pump()
    counted = emitted(log)
    assert counted["FailedAttempts"] == counted["Cancelled"] == counted["WebhooksDisabled"] == [1]


def test_a_failing_test_is_not_counted_as_an_exhausted_delivery(
    world: World, workspace: Workspace, receiver: Receiver
) -> None:
    receiver.answer("/in", 500)
    webhook_id = _webhook(workspace, receiver, workspace.chat())
    workspace.make(f"/v1/webhooks/{webhook_id}/test", {}, 202)
    with logged() as log:
        world.pump()
    assert emitted(log)["FailedAttempts"] == [1]
    assert "Exhausted" not in emitted(log)


@pytest.mark.parametrize(
    ("target", "body", "metric"),
    [
        ("/hooks/nobody", '{"text": "x"}', "RefusedPostsUnknown"),
        ("{url}", "not JSON", "RefusedPostsInvalid"),
        ("{url}", "{}", "RefusedPostsInvalid"),
        ("/webhooks/builds/nobody", '{"text": "x"}', "RefusedPostsUnknown"),
    ],
)
def test_a_refused_post_is_counted_by_why(
    world: World, workspace: Workspace, target: str, body: str, metric: str
) -> None:
    made = workspace.make("/v1/incoming-webhooks", {"chat_id": workspace.chat(), "name": "CI"})
    path = "/hooks/" + made["url"].rpartition("/")[2]
    with logged() as log:
        answer = world.call("POST", target.format(url=path), body=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status < 500
    assert emitted(log) == {metric: [1]}


def test_a_post_to_a_closed_chat_is_counted_apart(world: World, workspace: Workspace) -> None:
    chat = workspace.chat()
    made = workspace.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI"})
    workspace.call("PATCH", f"/v1/chats/{chat}", {"active": False})
    with logged() as log:
        answer = world.call("POST", "/hooks/" + made["url"].rpartition("/")[2], json_body={"text": "x"})
    assert answer.status == 409
    assert emitted(log) == {"RefusedPostsClosed": [1]}


def test_a_parked_record_is_counted_when_it_is_parked_and_while_it_is(world: World) -> None:
    foreign = {"messageId": "1", "body": "not ours"}
    with logged() as log:
        world.invoke("dead_letters", {"Records": [foreign]})
        world.invoke("sweeper", {})
    try:
        assert emitted(log) == {"Parked": [1], "ParkedRecords": [1]}
    finally:
        for key in world.parked():
            boto3.client("s3").delete_object(Bucket=world.bucket(), Key=key)


def test_a_swept_message_is_counted_with_the_deliveries_that_it_leads_to(
    world: World, workspace: Workspace, receiver: Receiver, later: Later
) -> None:
    chat = workspace.chat()
    _webhook(workspace, receiver, chat)
    _say(workspace, chat)
    world.stream_records("MessagesTable")
    later(300)
    with logged() as log:
        assert world.invoke("sweeper", {}) == {"swept": 1}
    assert emitted(log) == {"SweptEvents": [1], "Dispatched": [1]}


def test_metrics_of_a_function_that_raises_are_not_lost() -> None:
    def broken(event: Any, context: Any) -> None:
        metrics.count("Parked")
        raise RuntimeError

    with logged() as log, pytest.raises(RuntimeError):
        observed(broken)({}, None)
    assert emitted(log) == {"Parked": [1]}


def test_more_values_than_a_line_takes_are_several_lines() -> None:
    def busy(event: Any, context: Any) -> None:
        for value in range(200):
            metrics.measure("FirstAttemptLatency", value)
        metrics.count("Delivered", 200)

    with logged() as log:
        observed(busy)({}, None)
    assert emitted(log)["FirstAttemptLatency"] == [float(value) for value in range(200)]
    assert emitted(log)["Delivered"] == [200]
    assert all(len(line["FirstAttemptLatency"]) <= 100 for line in log.metrics())


def test_a_process_reports_its_start_and_its_memory_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda's own log lines, which would report them, are switched off."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "100000")
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "hooks")
    handler = observed(lambda event, context: None, init_ms=123.4)
    with logged() as log:
        handler({}, None)
        handler({}, None)
    (line,) = log.metrics()
    assert line["service"] == "hooks"
    assert line["InitDuration"] == [123.4]
    assert "MemoryUsed" not in line, "less than a twentieth"


def test_a_process_reports_its_memory_again_when_it_has_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "64")
    handler = observed(lambda event, context: None)
    with logged() as log:
        handler({}, None)
        handler({}, None)
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "32")
        handler({}, None)
    first, second = emitted(log)["MemoryUsed"]
    assert second == pytest.approx(2 * first, rel=0.2)


@pytest.mark.parametrize("shape", MADE)
def test_a_secret_in_a_name_of_a_function_is_masked_in_its_metrics(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of metrics contain only names and numbers, but they are masked like all other lines."""
    secret = MADE[shape]()
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", secret)
    with logged() as log:
        observed(lambda event, context: metrics.count("Parked"))({}, None)
    assert hidden_part(secret) not in log.text.getvalue()
    assert emitted(log) == {"Parked": [1]}
    json.loads(log.text.getvalue())


def test_no_request_without_news_writes_metrics(world: World, workspace: Workspace) -> None:
    """Each metrics line costs money. Instead, a metric filter counts the log line that each request writes anyway."""
    made = workspace.make("/v1/incoming-webhooks", {"chat_id": workspace.chat(), "name": "CI"})
    with logged() as log:
        assert world.call("POST", "/hooks/" + made["url"].rpartition("/")[2], json_body={"text": "x"}).status == 200
        assert workspace.call("GET", "/v1/chats").status == 200
    assert log.metrics() == []
    assert emitted(log) == {"Accepted": [1]}

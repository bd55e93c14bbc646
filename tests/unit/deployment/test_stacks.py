"""How change sets are printed, and the alarms that roll an update back."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tools.deployment import deploy, environments
from tools.deployment.stacks import Change, Plan, Stack


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return Stack("ferryman-prod")


def test_the_plan_names_resources_that_disappear_or_are_made_anew(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    changes = [
        Change("Add", "NewFunction", "AWS::Lambda::Function", ""),
        Change("Modify", "TokensFunction", "AWS::Lambda::Function", ""),
        Change("Modify", "ChatsTable", "AWS::DynamoDB::Table", "True"),
        Change("Modify", "AuditTable", "AWS::DynamoDB::Table", "Conditional"),
        Change("Remove", "EventsTable", "AWS::DynamoDB::Table", ""),
    ]
    Plan(stack, "arn", is_new=False, changes=changes).show()
    shown = capsys.readouterr().out
    assert "modify     2  AWS::DynamoDB::Table" in shown
    for line in (
        "ChatsTable is replaced\n",
        "AuditTable is replaced if a property says so",
        "EventsTable is removed",
    ):
        assert line in shown
    assert "TokensFunction" not in shown


def test_resources_with_data_are_named_one_by_one_and_many_others_are_counted(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """A release may replace two hundred permissions; a table in such a list would be overlooked."""
    permissions = [Change("Modify", f"P{number}", "AWS::Lambda::Permission", "Conditional") for number in range(200)]
    tables = [Change("Remove", f"Table{number}", "AWS::DynamoDB::Table", "") for number in range(9)]
    Plan(stack, "arn", is_new=False, changes=[*permissions, *tables]).show()
    shown = capsys.readouterr().out
    assert "each of 200 AWS::Lambda::Permission is replaced if a property says so\n" in shown
    assert "P7" not in shown
    assert all(f"Table{number} is removed" in shown for number in range(9))


def test_an_update_is_rolled_back_by_alarms_that_mean_the_release(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An alarm that rings already is left out, because it would roll back the update that repairs its cause."""
    alarms = [
        {"AlarmName": f"ferryman-prod/{name}", "AlarmArn": f"arn:{name}", "StateValue": state}
        for name, state in (
            ("API errors", "OK"),
            ("Function errors/deliverer", "OK"),
            ("Function errors/dispatcher", "ALARM"),
            ("Function errors/sweeper", "OK"),
            ("Slow lane", "OK"),
            ("Infrastructure failures", "INSUFFICIENT_DATA"),
        )
    ]
    cloudwatch: Any = boto3.client("cloudwatch")
    with Stubber(cloudwatch) as stubbed:
        stubbed.add_response("describe_alarms", {"MetricAlarms": alarms}, {"AlarmNamePrefix": "ferryman-prod/"})
        monkeypatch.setattr(boto3, "client", lambda _: cloudwatch)
        configured = stack._rollback(10)["RollbackConfiguration"]
    assert configured["MonitoringTimeInMinutes"] == 10
    assert [one["Arn"] for one in configured["RollbackTriggers"]] == [
        "arn:API errors",
        "arn:Function errors/deliverer",
        "arn:Infrastructure failures",
    ]


def test_both_stacks_are_protected_against_deletion_once_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    cloudformation: Any = boto3.client("cloudformation")
    with Stubber(cloudformation) as stubbed:
        for name in ("ferryman-staging-data", "ferryman-staging"):
            wanted = {"StackName": name, "EnableTerminationProtection": True}
            stubbed.add_response("update_termination_protection", {"StackId": name}, wanted)
        monkeypatch.setattr(boto3, "client", lambda _: cloudformation)
        monkeypatch.setattr(Stack, "plan", lambda *_: None)  # the tables are protected already
        deploy._protect(environments.load(environments.ROOT, "staging", {}), environments.ROOT)
        stubbed.assert_no_pending_responses()

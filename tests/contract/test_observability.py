"""Receivers of alarms, Lambda's retries, and tracing: promises about the translated template."""

import json
from typing import Any

import pytest

from tests.support import template, translated

TEMPLATE = template.load()
DEFAULTS = {name: str(item.get("Default", "")) for name, item in TEMPLATE["Parameters"].items()}
TOPIC = "arn:aws:sns:eu-central-1:123456789012:ours"


def evaluated(expression: Any, parameters: dict[str, str]) -> Any:
    """The value of a CloudFormation condition or rule; only the functions that our templates use are supported."""
    match expression:
        case {"Fn::Not": [one]}:
            return not evaluated(one, parameters)
        case {"Fn::And": several}:
            return all(evaluated(one, parameters) for one in several)
        case {"Fn::Or": several}:
            return any(evaluated(one, parameters) for one in several)
        case {"Fn::Equals": [one, other]}:
            return evaluated(one, parameters) == evaluated(other, parameters)
        case {"Ref": name}:
            return parameters[name]
    assert isinstance(expression, str), f"CloudFormation's rules know no {expression}"
    return expression


def refusals(**parameters: str) -> list[str]:
    """The messages of the template's rules that these parameters break."""
    values = DEFAULTS | parameters
    return [
        assertion["AssertDescription"]
        for rule in translated.load()["Rules"].values()
        if "RuleCondition" not in rule or evaluated(rule["RuleCondition"], values)
        for assertion in rule["Assertions"]
        if not evaluated(assertion["Assert"], values)
    ]


# --- alarms reach somebody --------------------------------------------------------------------------------


def test_production_is_refused_while_alarms_reach_nobody() -> None:
    (said,) = refusals(EnvironmentName="prod")
    assert "AlarmEmail" in said
    assert "AlarmTopicArn" in said
    assert "nobody" in said


@pytest.mark.parametrize(
    "told", [{"AlarmEmail": "ops@example.com"}, {"AlarmEmail": "nobody"}, {"AlarmTopicArn": TOPIC}]
)
def test_production_is_deployed_when_somebody_decided_who_hears_of_alarms(told: dict[str, str]) -> None:
    assert refusals(EnvironmentName="prod", **told) == []


@pytest.mark.parametrize("environment", ["local", "dev", "staging"])
def test_other_environments_may_be_quiet(environment: str) -> None:
    assert refusals(EnvironmentName=environment) == []


def test_an_address_and_a_topic_together_are_refused() -> None:
    """With both parameters, one of the two would be ignored silently."""
    assert len(refusals(AlarmEmail="ops@example.com", AlarmTopicArn=TOPIC)) == 1


@pytest.mark.parametrize(("address", "made"), [("", False), ("nobody", False), ("ops@example.com", True)])
def test_an_address_makes_a_topic_and_a_subscription(address: str, made: bool) -> None:
    condition = translated.load()["Conditions"]["MakesAlarmTopic"]
    assert evaluated(condition, DEFAULTS | {"AlarmEmail": address}) is made
    for kind in ("AWS::SNS::Topic", "AWS::SNS::Subscription"):
        (resource,) = translated.resources(kind=kind).values()
        assert resource["Condition"] == "MakesAlarmTopic"
    assert resource["Properties"] == {
        "TopicArn": {"Ref": "AlarmTopic"},
        "Protocol": "email",
        "Endpoint": {"Ref": "AlarmEmail"},
    }


# --- what Lambda repeats ----------------------------------------------------------------------------------


def test_lambda_repeats_no_call_of_a_schedule() -> None:
    """A schedule's retry policy covers reaching Lambda; the function's own covers invocations that failed."""
    scheduled = {
        item["Properties"]["Target"]["Arn"]["Fn::GetAtt"][0]: item["Properties"]["Target"]["RetryPolicy"]
        for item in translated.resources(kind="AWS::Scheduler::Schedule").values()
    }
    repeated = {
        item["Properties"]["FunctionName"]["Ref"]: item["Properties"]
        for item in translated.resources(kind="AWS::Lambda::EventInvokeConfig").values()
    }
    assert set(repeated) == set(scheduled) == {"SweeperFunction", "NotifierFunction"}
    for name, schedule in scheduled.items():
        assert schedule == {"MaximumRetryAttempts": 0}
        assert repeated[name]["MaximumRetryAttempts"] == 0
        assert repeated[name]["MaximumEventAgeInSeconds"] <= 300, "a later run is worth nothing"
        assert repeated[name]["Qualifier"] == "$LATEST"


# --- tracing ----------------------------------------------------------------------------------------------


def _may_trace(function: dict[str, Any], tracing: str) -> bool:
    """Whether a function's role may write to X-Ray when the parameter `Tracing` is `tracing`."""
    translation = translated.load(Tracing=tracing)
    role = function["Properties"]["Role"]["Fn::GetAtt"][0]
    holders = [json.dumps(translation["Resources"][role])]
    for policy in translated.resources(kind="AWS::IAM::ManagedPolicy").values():
        condition = translation["Conditions"][policy["Condition"]] if "Condition" in policy else None
        holds = condition is None or evaluated(condition, DEFAULTS | {"Tracing": tracing})
        if holds and {"Ref": role} in policy["Properties"]["Roles"]:
            holders.append(json.dumps(policy))
    return any(word in holder.lower() for holder in holders for word in ("xray:", "awsxray"))


def _functions(tracing: str) -> list[dict[str, Any]]:
    resources = translated.load(Tracing=tracing)["Resources"].values()
    return [item for item in resources if item["Type"] == "AWS::Lambda::Function"]


def test_nothing_is_traced_by_default() -> None:
    assert DEFAULTS["Tracing"] == "Disabled"
    for function in _functions("Disabled"):
        assert function["Properties"]["TracingConfig"]["Mode"]["Fn::If"][2] == "PassThrough", "it begins no trace"
        assert not _may_trace(function, "Disabled")


def test_every_function_is_traced_when_asked_to() -> None:
    assert len(_functions("Active")) == len(template.functions())
    for function in _functions("Active"):
        condition, mode, _ = function["Properties"]["TracingConfig"]["Mode"]["Fn::If"]
        assert (condition, mode["Fn::Select"]) == ("IsTraced", [0, ["Active", {"Ref": "TracingPolicy"}]])
        assert function["Properties"]["Environment"]["Variables"]["TRACING"] == {"Ref": "Tracing"}
        assert _may_trace(function, "Active")

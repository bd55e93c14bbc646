"""The preflight judges an account's limits and a stack's state."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tools.console import LocalError
from tools.deployment import environments, preflight
from tools.deployment.environments import ROOT
from tools.deployment.preflight import Account, Needs
from tools.deployment.stacks import Stack


def test_the_preflight_says_how_much_a_new_account_should_ask_for() -> None:
    has, ask = preflight.judge(Needs(delivering=110, reserved=0), Account(10, 10))
    assert "10 concurrent executions" in has
    assert "Ask for 210" in ask
    assert "L-B99A9384" in ask


def test_the_preflight_is_silent_for_an_account_with_enough() -> None:
    assert preflight.judge(Needs(delivering=110, reserved=320), Account(1000, 1000)) == []


def test_reserving_what_the_account_does_not_have_is_refused_before_lambda_refuses_it() -> None:
    with pytest.raises(LocalError, match="takes 320 of the account's 400") as refused:
        preflight.judge(Needs(delivering=110, reserved=320), Account(400, 400))
    assert "Ask for 530" in refused.value.advice


def test_every_function_behind_the_api_is_counted() -> None:
    one = preflight.needs({"ApiReservedConcurrency": "1"}, ROOT)
    ten = preflight.needs({"ApiReservedConcurrency": "10"}, ROOT)
    assert ten.reserved == 10 * one.reserved >= 160
    assert preflight.needs({}, ROOT) == Needs(delivering=110, reserved=0)


def test_concurrency_that_other_functions_of_the_account_reserve_is_not_there_for_us() -> None:
    wanted = Needs(delivering=110, reserved=210)
    assert preflight.judge(wanted, Account(concurrent=1000, free=310)) == [
        "The account has 1000 concurrent executions; deliveries alone may use 110.",
        f"It works, and slows down under load. Ask for 1110: {preflight.QUOTA}.",
    ]
    with pytest.raises(LocalError, match="of which others reserve 691, and Lambda keeps 100 unreserved"):
        preflight.judge(wanted, Account(concurrent=1000, free=309))


@pytest.mark.parametrize(("parameters", "refused"), [({}, False), ({"ApiReservedConcurrency": "12"}, True)])
def test_a_deployment_may_go_on_reserving_and_prod_keeps_its_alarms(
    parameters: dict[str, str], refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parameters that are not given keep their values. The concurrency that this deployment reserves counts as free."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    kept = {"ApiReservedConcurrency": "10", "AlarmEmail": "ops@example.com"}
    described = [{"ParameterKey": key, "ParameterValue": value} for key, value in kept.items()]
    monkeypatch.setattr(Stack, "describe", lambda _: {"StackStatus": "UPDATE_COMPLETE", "Parameters": described})
    clients: dict[str, Any] = {name: boto3.client(name) for name in ("lambda", "sts", "cloudformation")}
    ours = preflight.needs(kept, ROOT).reserved
    limit = {"ConcurrentExecutions": ours + 120, "UnreservedConcurrentExecutions": 120}
    with Stubber(clients["lambda"]) as functions, Stubber(clients["sts"]) as identity:
        functions.add_response("get_account_settings", {"AccountLimit": limit})
        identity.add_response("get_caller_identity", {"Account": "111122223333", "Arn": "arn:aws:iam::1:user/a"})
        monkeypatch.setattr(boto3, "client", lambda name: clients[name])
        if refused:
            with pytest.raises(LocalError, match="ApiReservedConcurrency takes"):
                preflight.check(environments.load(ROOT, "prod", parameters), ROOT)
        else:
            preflight.check(environments.load(ROOT, "prod", parameters), ROOT)


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_state_that_takes_no_update_has_a_way_out(status: str) -> None:
    assert status not in preflight.READY
    assert preflight.advice_for(status, "ferryman-dev")

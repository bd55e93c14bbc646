"""The preflight judges an account's limits and a stack's state."""

import pytest

from tools.console import LocalError
from tools.deployment import environments, preflight
from tools.deployment.environments import ROOT
from tools.deployment.preflight import Needs


def test_the_preflight_says_how_much_a_new_account_should_ask_for() -> None:
    has, ask = preflight.judge(Needs(delivering=110, reserved=0), 10)
    assert "10 concurrent executions" in has
    assert "Ask for 210" in ask
    assert "L-B99A9384" in ask


def test_the_preflight_is_silent_for_an_account_with_enough() -> None:
    assert preflight.judge(Needs(delivering=110, reserved=320), 1000) == []


def test_reserving_what_the_account_does_not_have_is_refused_before_lambda_refuses_it() -> None:
    with pytest.raises(LocalError, match="takes 320 of the account's 400") as refused:
        preflight.judge(Needs(delivering=110, reserved=320), 400)
    assert "Ask for 530" in refused.value.advice


def test_every_function_behind_the_api_is_counted() -> None:
    one = preflight.needs(environments.load(ROOT, "dev", {"ApiReservedConcurrency": "1"}), ROOT)
    ten = preflight.needs(environments.load(ROOT, "dev", {"ApiReservedConcurrency": "10"}), ROOT)
    assert ten.reserved == 10 * one.reserved >= 160
    assert preflight.needs(environments.load(ROOT, "dev", {}), ROOT) == Needs(delivering=110, reserved=0)


@pytest.mark.parametrize("status", ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_state_that_takes_no_update_has_a_way_out(status: str) -> None:
    assert status not in preflight.READY
    assert preflight.advice_for(status, "ferryman-dev")

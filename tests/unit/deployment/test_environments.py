"""The stacks of each environment, and their parameters."""

import pytest

from tools.console import LocalError
from tools.deployment import environments
from tools.deployment.environments import ROOT


def test_an_environment_is_the_one_of_samconfig_with_parameters_on_top() -> None:
    staging = environments.load(ROOT, "staging", {"AlarmEmail": "ops@example.com", "TablesKeyArn": "arn:aws:kms:…"})
    assert (staging.stack, staging.data_stack) == ("ferryman-staging", "ferryman-staging-data")
    assert staging.parameters == {"EnvironmentName": "staging", "AlarmEmail": "ops@example.com"}
    assert staging.data_parameters == {"EnvironmentName": "staging", "TablesKeyArn": "arn:aws:kms:…"}
    assert staging.tags["Environment"] == "staging"
    assert staging.tags["Commit"]
    assert "Commit" not in staging.data_tags, "every release would change every table"


def test_only_the_environments_that_matter_are_protected() -> None:
    assert [environments.load(ROOT, name, {}).is_protected for name in environments.NAMES] == [False, True, True]


@pytest.mark.parametrize("name", ["", "local", "production"])
def test_an_unknown_environment_is_refused_with_those_that_there_are(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV", name)
    with pytest.raises(LocalError) as refused:
        environments.chosen()
    assert "dev|staging|prod" in refused.value.advice


@pytest.mark.parametrize("words", ["AlarmMail=ops@example.com", "AlarmEmail"])
def test_a_parameter_that_no_template_has_is_refused(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENV", "dev")
    monkeypatch.setenv("PARAMETERS", words)
    with pytest.raises(LocalError, match=r"Alarm(Mail|Email)"):
        environments.chosen()


def test_nothing_is_done_without_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("YES", raising=False)
    for answer in ("", "n", "prod"):
        monkeypatch.setattr("builtins.input", lambda _, answer=answer: answer)
        with pytest.raises(LocalError):
            environments.confirm("Deploy it?")
    monkeypatch.setattr("builtins.input", lambda _: "y")
    environments.confirm("Deploy it?")
    monkeypatch.setattr("builtins.input", lambda _: "")
    monkeypatch.setenv("YES", "1")
    environments.confirm("Deploy it?")

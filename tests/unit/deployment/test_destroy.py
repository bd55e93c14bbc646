"""`make destroy` names what it deletes and what remains, and keeps a vault as long as it has backups."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tools.console import LocalError
from tools.deployment import destroy, environments
from tools.deployment.environments import ROOT
from tools.deployment.stacks import Stack


@pytest.fixture(autouse=True)
def nothing_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(Stack, "describe", lambda _: None)


def test_nothing_is_claimed_to_be_deleted_where_nothing_is(capsys: pytest.CaptureFixture[str]) -> None:
    destroy.destroy(environments.load(ROOT, "dev", {}), "")
    shown = capsys.readouterr().out
    assert "neither ferryman-dev nor ferryman-dev-data is in us-east-1" in shown
    assert "deleted" not in shown


def test_the_data_of_another_environment_is_refused() -> None:
    with pytest.raises(LocalError, match="'ferryman-staging-data'"):
        destroy.destroy(environments.load(ROOT, "staging", {}), "ferryman-dev-data")


def test_a_smoke_test_of_nothing_says_that_nothing_is_deployed() -> None:
    with pytest.raises(LocalError, match="ferryman-dev is not deployed in us-east-1"):
        Stack("ferryman-dev").api_url()


@pytest.mark.parametrize("points", [[], [{"RecoveryPointArn": "arn:1"}]])
def test_a_vault_is_deleted_once_it_is_empty(
    points: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    vaults: Any = boto3.client("backup")
    with Stubber(vaults) as stubbed:
        listed = {"BackupVaultName": "v", "MaxResults": 1}
        stubbed.add_response("list_recovery_points_by_backup_vault", {"RecoveryPoints": points}, listed)
        if not points:
            stubbed.add_response("delete_backup_vault", {}, {"BackupVaultName": "v"})
        monkeypatch.setattr(boto3, "client", lambda _: vaults)
        destroy._delete("AWS::Backup::BackupVault", "v")
        stubbed.assert_no_pending_responses()
    assert ("stays until its backups have expired" in capsys.readouterr().out) == bool(points)

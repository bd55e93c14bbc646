"""`make destroy ENV=…`: delete a release, and print what remains.

DELETE_DATA=<the data stack's name> deletes the data as well.
"""

import os
from typing import Any

import boto3

from tools import console
from tools.console import LocalError, bold, dim, green, red, step, yellow
from tools.deployment import environments, stacks
from tools.deployment.environments import Environment
from tools.deployment.stacks import Stack

KEY_DAYS = 30  # until KMS deletes a key; it can be cancelled meanwhile


def destroy(environment: Environment, delete_data: str) -> None:
    """Delete the release's stack. If `delete_data` is the data stack's name, delete that stack and all data as well.

    Raises `LocalError`, before anything is deleted, if `delete_data` is another name, or the user does not confirm.
    """
    if delete_data and delete_data != environment.data_stack:
        raise LocalError(
            f"DELETE_DATA is {delete_data!r}; the stack with the data is {environment.data_stack!r}.",
            "To delete all data, give exactly that name.",
        )
    release, data = Stack(environment.stack), Stack(environment.data_stack)
    if not release.status and not data.status:
        print(f"\nNothing to destroy: neither {release.name} nor {data.name} is in {stacks.region()}.")
        return
    kept = {one["PhysicalResourceId"]: one["ResourceType"] for one in _stateful(data)}
    print(f"\n{bold(release.name)}: {_what_goes(release)}")
    word = red("deleted, for ever") if delete_data else green("kept")
    print(f"{bold(data.name)}: {len(kept)} tables, queues, keys, buckets and vaults are {word}.")
    environments.confirm(f"Destroy {environment.name}?")
    if release.status:
        with step(f"Deleting {release.name}"):
            release.delete()
    if delete_data:
        if data.status:
            with step(f"Deleting {data.name}"):
                data.delete()
        with step("Deleting what the stack left"):
            for physical_id, kind in kept.items():
                _delete(kind, physical_id)
        print(f"  {dim(f'KMS deletes the keys in {KEY_DAYS} days; until then, cancel-key-deletion brings them back.')}")
    else:
        print(f"  Kept: {data.name}. `make deploy ENV={environment.name}` takes it up again.")
        print(f"  To delete all of it: make destroy ENV={environment.name} DELETE_DATA={data.name}")
    print(f"  {dim('The bucket of SAM (stack aws-sam-cli-managed-default) stays: other deployments use it, too.')}")


def _what_goes(release: Stack) -> str:
    return "functions, API, alarms and logs are deleted." if release.status else "not there, so nothing is deleted."


def _stateful(data: Stack) -> list[dict[str, str]]:
    if not data.status:
        return []
    return [one for one in data.resources().values() if one["ResourceType"] in stacks.STATEFUL]


def _delete(kind: str, physical_id: str) -> None:
    match kind:
        case "AWS::DynamoDB::Table":
            tables: Any = boto3.client("dynamodb")
            tables.update_table(TableName=physical_id, DeletionProtectionEnabled=False)
            tables.get_waiter("table_exists").wait(TableName=physical_id)
            tables.delete_table(TableName=physical_id)
        case "AWS::SQS::Queue":
            boto3.client("sqs").delete_queue(QueueUrl=physical_id)
        case "AWS::S3::Bucket":
            bucket: Any = boto3.resource("s3").Bucket(physical_id)
            bucket.objects.all().delete()
            bucket.delete()
        case "AWS::Backup::BackupVault":
            _delete_vault(physical_id)
        case "AWS::KMS::Key":
            boto3.client("kms").schedule_key_deletion(KeyId=physical_id, PendingWindowInDays=KEY_DAYS)


def _delete_vault(name: str) -> None:
    """Delete a backup vault if it is empty.

    One with backups stays, because the retention period of these has to pass.
    """
    vaults: Any = boto3.client("backup")
    if vaults.list_recovery_points_by_backup_vault(BackupVaultName=name, MaxResults=1)["RecoveryPoints"]:
        print(f"\n  {yellow(f'The vault {name} stays until its backups have expired.')}")
    else:
        vaults.delete_backup_vault(BackupVaultName=name)


def main() -> None:
    destroy(environments.chosen(), os.environ.get("DELETE_DATA", ""))


if __name__ == "__main__":
    console.run(main)

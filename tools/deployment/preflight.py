"""Checks the account, the Region and the stacks before a build, and prints the quotas to request from AWS."""

from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from tools import template
from tools.console import LocalError, bold, yellow
from tools.deployment import stacks
from tools.deployment.environments import Environment
from tools.deployment.stacks import Stack

UNRESERVED = 100  # what Lambda keeps unreserved in every account
QUOTA = "Service Quotas → AWS Lambda → Concurrent executions (L-B99A9384)"
# A state from which an update can start; the first is the end of a creation that failed.
STARTED_OVER = "ROLLBACK_COMPLETE"
READY = ("", "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", STARTED_OVER)


@dataclass(frozen=True)
class Needs:
    """The concurrency that a deployment needs of its account."""

    delivering: int  # at most, by the mappings of its queues
    reserved: int  # by the functions behind the API, all together


@dataclass(frozen=True)
class Account:
    """The concurrent executions that an account has."""

    concurrent: int
    free: int  # reserved by nobody, or by this deployment as it is now


def check(environment: Environment, root: Path) -> None:
    """Print the target and warnings about its concurrency. Raises `LocalError` if a deployment there cannot work."""
    account, principal = _identity()
    print(f"\n{bold(f'{environment.name}: account {account}, {stacks.region()}')}, as {principal}")
    for name in (environment.data_stack, environment.stack):
        status = Stack(name).status
        print(f"  {name:<24} {status or 'not there yet'}")
        if status not in READY:
            raise LocalError(f"{name} is {status}.", advice_for(status, name))
    known = Stack(environment.stack).parameters()
    given = known | environment.parameters
    if environment.name == "prod" and not given.get("AlarmEmail") and not given.get("AlarmTopicArn"):
        raise LocalError(
            "In prod, alarms must reach somebody.",
            "PARAMETERS='AlarmEmail=ops@example.com', or AlarmTopicArn=…, or AlarmEmail=nobody.",
        )
    limit = boto3.client("lambda").get_account_settings()["AccountLimit"]
    ours = needs(known, root).reserved if known else 0
    has = Account(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"] + ours)
    for line in judge(needs(given, root), has):
        print(f"  {yellow(line)}")


def needs(parameters: dict[str, str], root: Path) -> Needs:
    """The concurrency that a deployment with these parameters needs. The template's defaults apply to all others."""

    def value(parameter: str) -> int:
        return int(parameters.get(parameter) or template.default(root, parameter))

    reserving = template.reserving(root)
    return Needs(
        value("DelivererConcurrency") + value("SlowDelivererConcurrency"),
        value("ApiReservedConcurrency") * reserving if reserving else 0,
    )


def judge(wanted: Needs, account: Account) -> list[str]:
    """Warnings, line by line, if the account has little concurrency. Raises `LocalError` if Lambda would refuse."""
    taken = account.concurrent - account.free  # reserved by others
    enough = taken + wanted.reserved + wanted.delivering + UNRESERVED
    if wanted.reserved and account.free - wanted.reserved < UNRESERVED:
        others = f", of which others reserve {taken}" if taken else ""
        raise LocalError(
            f"ApiReservedConcurrency takes {wanted.reserved} of the account's {account.concurrent} concurrent "
            f"executions{others}, and Lambda keeps {UNRESERVED} unreserved.",
            f"Ask for {enough}: {QUOTA}. Or lower the parameter.",
        )
    if account.concurrent < enough:
        return [
            f"The account has {account.concurrent} concurrent executions; deliveries alone may use "
            f"{wanted.delivering}.",
            f"It works, and slows down under load. Ask for {enough}: {QUOTA}.",
        ]
    return []


def advice_for(status: str, stack: str) -> str:
    """The next step when a stack is in a state in which CloudFormation accepts no update."""
    if status.endswith("IN_PROGRESS"):
        return "Something changes it at this moment. Wait, then deploy again."
    if status == "UPDATE_ROLLBACK_FAILED":
        return f"aws cloudformation continue-update-rollback --stack-name {stack}, then deploy again."
    return f"docs/runbook.md#a-deployment-that-failed; aws cloudformation describe-stack-events --stack-name {stack}"


def _identity() -> tuple[str, str]:
    try:
        identity = boto3.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise LocalError(f"AWS does not know who you are: {error}", "aws sso login, or set AWS_PROFILE.") from error
    return str(identity["Account"]), str(identity["Arn"])

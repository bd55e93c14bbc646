"""Looks at the account, the Region and the stacks before anything is built, and says what to ask AWS for."""

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
    """The concurrency that a deployment wants of its account."""

    delivering: int  # at most, by the mappings of its queues
    reserved: int  # by the functions behind the API, all together


def check(environment: Environment, root: Path) -> None:
    """Print where it goes and what the account can give; raise `LocalError` if it cannot work."""
    account, principal = _identity()
    print(f"\n{bold(f'{environment.name}: account {account}, {stacks.region()}')}, as {principal}")
    for name in (environment.data_stack, environment.stack):
        status = Stack(name).status
        print(f"  {name:<24} {status or 'not there yet'}")
        if status not in READY:
            raise LocalError(f"{name} is {status}.", advice_for(status, name))
    if environment.name == "prod" and "Alarm" not in "".join(environment.parameters):
        described = Stack(environment.stack).describe() or {}
        known = {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}
        if not known.get("AlarmEmail") and not known.get("AlarmTopicArn"):
            raise LocalError(
                "In prod, alarms must reach somebody.",
                "PARAMETERS='AlarmEmail=ops@example.com', or AlarmTopicArn=…, or AlarmEmail=nobody.",
            )
    concurrent = boto3.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    for line in judge(needs(environment, root), concurrent):
        print(f"  {yellow(line)}")


def needs(environment: Environment, root: Path) -> Needs:
    def value(parameter: str) -> int:
        return int(environment.parameters.get(parameter) or template.default(root, parameter))

    reserving = template.reserving(root)
    return Needs(
        value("DelivererConcurrency") + value("SlowDelivererConcurrency"),
        value("ApiReservedConcurrency") * reserving if reserving else 0,
    )


def judge(wanted: Needs, concurrent: int) -> list[str]:
    """Says, line by line, where the account's concurrency is short. Raises `LocalError` where Lambda would refuse."""
    enough = wanted.reserved + wanted.delivering + UNRESERVED
    if wanted.reserved and concurrent - wanted.reserved < UNRESERVED:
        raise LocalError(
            f"ApiReservedConcurrency takes {wanted.reserved} of the account's {concurrent} concurrent executions, and "
            f"Lambda keeps {UNRESERVED} unreserved.",
            f"Ask for {enough}: {QUOTA}. Or lower the parameter.",
        )
    if concurrent < enough:
        return [
            f"The account has {concurrent} concurrent executions; deliveries alone may use {wanted.delivering}.",
            f"It works, and slows down under load. Ask for {enough}: {QUOTA}.",
        ]
    return []


def advice_for(status: str, stack: str) -> str:
    """The way out of a state in which CloudFormation takes no update."""
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

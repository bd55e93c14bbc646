"""CloudFormation stacks: creates their change sets, prints and executes these, and waits for the end."""

import hashlib
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from tools import build
from tools.console import LocalError, bold, red, yellow

BUCKET_STACK = "aws-sam-cli-managed-default"  # made by `sam package --resolve-s3`
GONE = "does not exist"
# Deleting one of these loses data, or what is needed to read it.
STATEFUL = (
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::Backup::BackupVault",
)
FEW = 5  # resources of one kind that are shown one by one
# Alarms that say that a release is broken; others can ring for the traffic of the day. CloudFormation takes five.
TRIGGERS = (
    "API errors",
    "Infrastructure failures",
    "Function errors/dispatcher",
    "Function errors/deliverer",
    "Function errors/dead_letters",
)


@dataclass(frozen=True)
class Change:
    action: str  # Add, Modify, Remove
    logical_id: str
    kind: str
    replacement: str  # True, Conditional, or nothing

    @property
    def loses(self) -> bool:
        """Whether the resource is removed, or may be replaced by a new one."""
        return self.action == "Remove" or self.replacement in ("True", "Conditional")

    @property
    def way(self) -> str:
        """The words for how the resource is lost, such as `is removed`."""
        if self.action == "Remove":
            return "is removed"
        return "is replaced" + (" if a property says so" if self.replacement == "Conditional" else "")


class Stack:
    """One stack, in the account and Region of the credentials in the environment."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._cloudformation: Any = boto3.client("cloudformation")
        self._wait = float(os.environ.get("SAM_CLI_POLL_DELAY", "5"))

    def describe(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if GONE in str(error):
                return None
            raise
        return found

    @property
    def status(self) -> str:
        """The status of the stack. Empty if the stack does not exist, was deleted, or has only a change set so far."""
        described = self.describe()
        status = str(described["StackStatus"]) if described else ""
        return "" if status in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE") else status

    def outputs(self) -> dict[str, str]:
        described = self.describe() or {}
        return {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        """The current values of the stack's parameters; empty if the stack does not exist."""
        described = self.describe() or {}
        return {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])}

    def api_url(self) -> str:
        """The URL of the deployed API. Raises `LocalError` if the stack has none."""
        outputs = self.outputs()
        if "ApiUrl" not in outputs:
            raise LocalError(
                f"{self.name} is {self.status or 'not deployed'} in {region()}, so nothing answers.",
                "Deploy it first: make deploy ENV=…; or are account and Region the right ones?",
            )
        return outputs["ApiUrl"]

    def resources(self) -> dict[str, dict[str, str]]:
        """The stack's resources by logical id, with `ResourceType` and `PhysicalResourceId`."""
        pages = self._cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        return {item["LogicalResourceId"]: item for page in pages for item in page["StackResourceSummaries"]}

    def plan(
        self, template: Path, parameters: dict[str, str], tags: dict[str, str], monitored_minutes: int = 0
    ) -> "Plan | None":
        """A change set for a packaged template; None if nothing would change.

        Parameters that are not given keep the stack's value. With `monitored_minutes`, CloudFormation rolls an update
        back if one of the stack's own alarms rings during the update, or within so many minutes after it.
        """
        described = self.describe()
        is_new = not self.status
        before = {} if is_new else {one["ParameterKey"] for one in (described or {}).get("Parameters", [])}
        url = _uploaded(template)
        declared = self._cloudformation.get_template_summary(TemplateURL=url)["Parameters"]
        given: list[dict[str, Any]] = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ]
        given += [
            {"ParameterKey": one["ParameterKey"], "UsePreviousValue": True}
            for one in declared
            if one["ParameterKey"] in before and one["ParameterKey"] not in parameters
        ]
        rollback = {} if is_new or not monitored_minutes else self._rollback(monitored_minutes)
        made = self._cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=f"release-{int(time.time())}",
            ChangeSetType="CREATE" if is_new else "UPDATE",
            TemplateURL=url,
            Parameters=given,
            Capabilities=["CAPABILITY_IAM"],
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
            **rollback,
        )
        found = self._made(made["Id"])
        if found["Status"] == "FAILED":
            reason = found.get("StatusReason", "")
            self._cloudformation.delete_change_set(StackName=self.name, ChangeSetName=made["Id"])
            if "No updates" in reason or "didn't contain changes" in reason:
                return None
            raise LocalError(f"CloudFormation refuses the change of {self.name}: {reason}", "Nothing was changed.")
        return Plan(self, made["Id"], is_new, list(self._changes(made["Id"])))

    def _rollback(self, minutes: int) -> dict[str, Any]:
        pages = boto3.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{self.name}/")
        alarms = [one for page in pages for one in page["MetricAlarms"]]
        watched = [one for one in alarms if one["AlarmName"].partition("/")[2] in TRIGGERS]
        # One that rings already would end the update at once, also the one that repairs it.
        arns = [one["AlarmArn"] for one in watched if one["StateValue"] != "ALARM"]
        triggers = [{"Arn": arn, "Type": "AWS::CloudWatch::Alarm"} for arn in arns]
        return {"RollbackConfiguration": {"RollbackTriggers": triggers, "MonitoringTimeInMinutes": minutes}}

    def _made(self, change_set: str) -> dict[str, Any]:
        waiter = self._cloudformation.get_waiter("change_set_create_complete")
        with suppress(WaiterError):  # it says of a failure only that there was one
            waiter.wait(StackName=self.name, ChangeSetName=change_set, WaiterConfig={"Delay": self._wait})
        found: dict[str, Any] = self._cloudformation.describe_change_set(StackName=self.name, ChangeSetName=change_set)
        return found

    def _changes(self, change_set: str) -> Iterable[Change]:
        paginator = self._cloudformation.get_paginator("describe_change_set")
        for page in paginator.paginate(StackName=self.name, ChangeSetName=change_set):
            for one in page["Changes"]:
                found = one["ResourceChange"]
                yield Change(
                    found["Action"],
                    found["LogicalResourceId"],
                    found["ResourceType"],
                    str(found.get("Replacement", "")).replace("False", ""),
                )

    def execute(self, change_set: str, *, is_new: bool) -> None:
        began = time.time()
        self._cloudformation.execute_change_set(StackName=self.name, ChangeSetName=change_set)
        self._finished("stack_create_complete" if is_new else "stack_update_complete", began)

    def delete(self) -> None:
        """Delete the stack, and wait for the end. Resources with the deletion policy Retain remain."""
        began = time.time()
        self.protect(on=False)
        self._cloudformation.delete_stack(StackName=self.name)
        self._finished("stack_delete_complete", began)

    def protect(self, *, on: bool) -> None:
        self._cloudformation.update_termination_protection(StackName=self.name, EnableTerminationProtection=on)

    def _finished(self, waiter: str, began: float) -> None:
        # An hour, after which CloudFormation itself usually has given up.
        limits = {"Delay": self._wait, "MaxAttempts": int(3600 / self._wait)}
        try:
            self._cloudformation.get_waiter(waiter).wait(StackName=self.name, WaiterConfig=limits)
        except WaiterError as error:
            raise LocalError(
                f"{self.name} is {self.status or 'gone'}.\n{self._failures(began)}",
                "CloudFormation rolled it back if it could; docs/runbook.md#a-deployment-that-failed says what to do.",
            ) from error

    def _failures(self, since: float) -> str:
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self.name)
        events = [event for page in pages for event in page["StackEvents"]]
        lines = [
            f"    {event['LogicalResourceId']}: {event.get('ResourceStatusReason', event['ResourceStatus'])}"
            for event in reversed(events)
            if "FAILED" in event["ResourceStatus"] and event["Timestamp"].timestamp() >= since - 60
        ]
        return "\n".join(lines[:5])


@dataclass(frozen=True)
class Plan:
    """A change set that can be executed."""

    stack: Stack
    change_set: str
    is_new: bool
    changes: list[Change]

    def show(self) -> None:
        """Print what would change: counts by action and type, and the resources that are removed or may be replaced.

        Each such resource with data is named. The others are only counted if they are many.
        """
        counts: dict[tuple[str, str], int] = {}
        for change in self.changes:
            counts[change.action, change.kind] = counts.get((change.action, change.kind), 0) + 1
        print(f"\n  {bold(self.stack.name)}: {'a new stack' if self.is_new else 'an update'}")
        for (action, kind), number in sorted(counts.items()):
            print(f"    {action.lower():<7} {number:>4}  {kind}")
        lost: dict[tuple[str, str], list[Change]] = {}
        for change in self.changes:
            if change.loses:
                lost.setdefault((change.kind, change.way), []).append(change)
        for (kind, way), changes in sorted(lost.items()):
            paint = red if changes[0].action == "Remove" else yellow
            if kind in STATEFUL or len(changes) <= FEW:
                for change in changes:
                    print(f"    {paint(f'{change.logical_id} {way}')}")
            else:
                print(f"    {paint(f'each of {len(changes)} {kind} {way}')}")

    def execute(self) -> None:
        self.stack.execute(self.change_set, is_new=self.is_new)


def package(root: Path, template: Path, log: Path) -> Path:
    """Upload the code that a template names. Returns the path of a template that refers to the uploads."""
    packaged = root / ".local" / "packaged" / template.name
    packaged.parent.mkdir(parents=True, exist_ok=True)
    command = ["sam", "package", "--template-file", str(template), "--resolve-s3"]
    command += ["--output-template-file", str(packaged), "--region", region()]
    build.sam(command, root, dict(os.environ), log)
    return packaged


def _uploaded(template: Path) -> str:
    """Upload a template to SAM's bucket, and return its URL. CloudFormation takes only small templates in a request."""
    bucket = Stack(BUCKET_STACK).outputs()["SourceBucket"]
    text = template.read_bytes()
    key = f"ferryman/{hashlib.sha256(text).hexdigest()}.template"
    client: Any = boto3.client("s3")
    client.put_object(Bucket=bucket, Key=key, Body=text)
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        return f"{endpoint}/{bucket}/{key}"
    suffix = "amazonaws.com.cn" if region().startswith("cn-") else "amazonaws.com"
    return f"https://{bucket}.s3.{region()}.{suffix}/{key}"


def region() -> str:
    """The Region of the credentials in the environment. Raises `LocalError` if there is none."""
    found = boto3.Session().region_name
    if not found:
        raise LocalError("No Region is set.", "export AWS_REGION=eu-central-1, or another one.")
    return str(found)

"""Quotas of AWS that an emulator does not enforce: limits of CloudFormation and of services, on translated templates.

Each name has the length that AWS gives it in a stack with a name of forty characters. Each parameter has its greatest
length.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import translated
from tools import validate
from tools.deployment import stacks

TEMPLATES = ("template.yaml", "data.yaml", "operations.yaml", "deployment-role.yaml")
ROOT = Path(__file__).parents[2]
KIB = 1024

STACK = "ferryman-with-a-rather-long-name-staging"
SUFFIX = "-ABCDEFGHIJKLM"  # which CloudFormation gives to a name that it makes
PSEUDO = {
    "AWS::StackName": STACK,
    "AWS::StackId": f"arn:aws:cloudformation:ap-southeast-2:111122223333:stack/{STACK}/11112222-3333-4444-5555-666677",
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-2",
    "AWS::AccountId": "111122223333",
    "AWS::URLSuffix": "amazonaws.com.cn",
    "AWS::NoValue": "",
}
# The longest name of each kind that is cut; all others have 255 characters to grow.
CUT = {"AWS::Lambda::Function": 64, "AWS::IAM::Role": 64, "AWS::S3::Bucket": 63, "AWS::SQS::Queue": 80}


def longest(value: Any, name: str = "template.yaml") -> Any:
    """A part of a template, with every reference replaced by the longest text that it can have."""
    match value:
        case {"Ref": str(reference)}:
            return _referred(reference, name)
        case {"Fn::GetAtt": [str(resource), _]}:
            return _arn(resource, name)
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: _in_text(found[1], name), text)
        case {"Fn::Sub": [str(text), dict(values)]}:
            given = {key: longest(inner, name) for key, inner in values.items()}
            return re.sub(r"\$\{([\w:.]+)\}", lambda found: str(given.get(found[1]) or _in_text(found[1], name)), text)
        case {"Fn::ImportValue": {"Fn::Sub": str(export)}}:
            outputs = translated.load("data.yaml")["Outputs"]
            return longest(outputs[export.rpartition(":")[2]]["Value"], "data.yaml")
        case {"Fn::If": [_, one, other]}:
            return max((longest(one, name), longest(other, name)), key=lambda found: len(json.dumps(found)))
        case {"Fn::Select": [int(number), list(several)]}:
            return longest(several[number], name)
        case dict():
            return {key: longest(inner, name) for key, inner in value.items()}
        case list():
            return [longest(inner, name) for inner in value]
    return value


def _in_text(reference: str, name: str) -> str:
    resource, dot, _ = reference.partition(".")
    return _arn(resource, name) if dot else _referred(reference, name)


def _referred(reference: str, name: str) -> str:
    document = translated.load(name)
    if reference in PSEUDO:
        return PSEUDO[reference]
    if reference in document["Parameters"]:
        return "x" * _most(document["Parameters"][reference])
    stack = f"{STACK}-data" if name == "data.yaml" else STACK
    kind = document["Resources"][reference]["Type"]
    made = f"{stack}-{reference}{SUFFIX}"[: CUT.get(kind, 255)]
    if kind == "AWS::SQS::Queue":
        return f"https://sqs.{PSEUDO['AWS::Region']}.amazonaws.com/{PSEUDO['AWS::AccountId']}/{made}"
    return "mrk-" + "0" * 32 if kind == "AWS::KMS::Key" else made


def _arn(resource: str, name: str) -> str:
    made = _referred(resource, name).rpartition("/")[2]
    return f"arn:{PSEUDO['AWS::Partition']}:dynamodb:{PSEUDO['AWS::Region']}:{PSEUDO['AWS::AccountId']}:table/{made}"


def _most(parameter: dict[str, Any]) -> int:
    """The greatest number of characters of a parameter; 0 for a parameter without a limit."""
    if "AllowedValues" in parameter:
        return max(len(str(one)) for one in parameter["AllowedValues"])
    if parameter["Type"] == "Number":
        return 10
    patterns = {"^[0-9]{1,5},[0-9]{1,5},[0-9]{1,5}$": 17}
    return int(parameter.get("MaxLength", patterns.get(parameter.get("AllowedPattern", ""), 0)))


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


FUNCTIONS = translated.resources(kind="AWS::Lambda::Function")
MAPPINGS = translated.resources(kind="AWS::Lambda::EventSourceMapping")


# --- CloudFormation -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_within_cloudformations_limits(name: str) -> None:
    document = translated.load(name)
    assert len((ROOT / name).read_bytes()) < 1_000_000
    assert len(compact(document)) < 1_000_000, "after the transform it may not be larger, either"
    assert len(document["Description"].encode()) <= KIB
    assert len(document["Parameters"]) <= 200
    assert len(document.get("Outputs", {})) <= 200
    for logical_id in document["Resources"]:
        assert re.fullmatch(r"[A-Za-z0-9]{1,255}", logical_id)
    for parameter in document["Parameters"].values():
        assert len(parameter["Description"].encode()) <= 4_000
    for output in document.get("Outputs", {}).values():
        assert len(output.get("Description", "").encode()) <= KIB
        assert len(longest(output.get("Export", {}).get("Name", ""), name)) <= 255


def test_cfn_lint_has_nothing_to_say() -> None:
    """A warning fails as well, because `make deploy` stops at warnings."""
    validate.lint()


def test_every_rule_is_one_that_cloudformation_can_carry_out() -> None:
    """Rules support few functions and can refer only to parameters."""
    rules = compact(translated.load()["Rules"])
    assert set(re.findall(r"Fn::\w+", rules)) <= {"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"}
    assert set(translated.references(translated.load()["Rules"])) <= translated.load()["Parameters"].keys()


# --- functions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("logical_id", FUNCTIONS)
def test_the_environment_of_a_function_fits_into_what_lambda_takes(logical_id: str) -> None:
    variables = FUNCTIONS[logical_id]["Properties"]["Environment"]["Variables"]
    parameters = translated.load()["Parameters"]
    for reference in set(translated.references(variables)) & parameters.keys():
        assert _most(parameters[reference]), f"give {reference} a MaxLength"
    assert len(compact(longest(variables)).encode()) <= 4 * KIB
    for variable in variables:
        assert re.fullmatch(r"[A-Z][A-Z0-9_]+", variable)
        assert not variable.startswith(("AWS_", "LAMBDA_"))


def test_the_policy_by_which_a_function_may_be_invoked_fits_into_what_lambda_takes() -> None:
    """Each route of a function adds a statement of four to five hundred bytes to its resource policy."""
    sizes = Counter[str]()
    for logical_id, item in translated.resources(kind="AWS::Lambda::Permission").items():
        given = item["Properties"]
        function = given["FunctionName"]["Ref"]
        statement = {
            "Sid": f"{STACK}-{logical_id}{SUFFIX}"[:100],
            "Effect": "Allow",
            "Principal": {"Service": given["Principal"]},
            "Action": given["Action"],
            "Resource": _arn(function, "template.yaml"),
            "Condition": {"ArnLike": {"AWS:SourceArn": longest(given["SourceArn"])}},
        }
        sizes[function] += len(compact(statement)) + 1
    assert sizes
    for function, size in sizes.items():
        assert size < 20 * KIB, f"{function}: divide its routes between two functions, or make some of them greedy"


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_policies_of_a_role_fit_into_what_iam_takes(name: str) -> None:
    for logical_id, item in translated.resources(name).items():
        given = item.get("Properties", {})
        if item["Type"] == "AWS::IAM::Role":
            inline = sum(len(compact(longest(one["PolicyDocument"], name))) for one in given.get("Policies", []))
            assert inline <= 10_240, logical_id
            assert len(compact(longest(given["AssumeRolePolicyDocument"], name))) <= 2_048, logical_id
        if item["Type"] == "AWS::IAM::ManagedPolicy":
            assert len(compact(longest(given["PolicyDocument"], name))) <= 6_144, logical_id


def test_a_policy_is_attached_before_the_function_that_needs_it() -> None:
    """Lambda checks the role when a function is created: whether it may send traces, and whether it may enter a VPC."""
    attached = {
        policy: {role["Ref"] for role in item["Properties"]["Roles"]}
        for policy, item in translated.resources(kind="AWS::IAM::ManagedPolicy").items()
    }
    assert attached
    for policy, roles in attached.items():
        for logical_id, item in FUNCTIONS.items():
            if item["Properties"]["Role"]["Fn::GetAtt"][0] in roles:
                assert policy in set(translated.references(item["Properties"])), f"{logical_id} before {policy}"


def test_lambda_ends_no_loop_that_is_meant() -> None:
    """Lambda counts how often a message came through a queue, and by default drops it after sixteen rounds."""
    around = set(_in_a_loop())
    assert around
    for logical_id, item in FUNCTIONS.items():
        allowed = item["Properties"].get("RecursiveLoop", "Terminate")
        assert allowed == ("Allow" if logical_id in around else "Terminate"), logical_id


def _in_a_loop() -> Iterator[str]:
    """The functions whose messages can come back to them, through queues, dead-letter queues and other functions."""
    queues = translated.resources("data.yaml", "AWS::SQS::Queue")
    leads: dict[str, set[str]] = {name: set() for name in [*queues, *FUNCTIONS]}
    for name, item in queues.items():
        if redrive := item["Properties"].get("RedrivePolicy"):
            leads[name].add(redrive["deadLetterTargetArn"]["Fn::GetAtt"][0])
    for item in MAPPINGS.values():
        for queue in set(_imported(item["Properties"]["EventSourceArn"])) & queues.keys():
            leads[queue].add(item["Properties"]["FunctionName"]["Ref"])
    for logical_id, item in FUNCTIONS.items():
        role = translated.resources()[item["Properties"]["Role"]["Fn::GetAtt"][0]]
        for policy in role["Properties"]["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                if "sqs:SendMessage" in statement["Action"]:
                    leads[logical_id] |= set(_imported(statement["Resource"])) & queues.keys()
    for logical_id in FUNCTIONS:
        seen, waiting = set[str](), list(leads[logical_id])
        while waiting:
            if (one := waiting.pop()) not in seen:
                seen.add(one)
                waiting += leads[one]
        if logical_id in seen:
            yield logical_id


def _imported(value: Any) -> list[str]:
    """The logical ids in data.yaml to which the imports in `value` refer."""
    return [found.removesuffix("Arn") for found in re.findall(r"-data:(\w+)", compact(value))]


# --- queues, streams and schedules --------------------------------------------------------------------------


def test_no_stream_has_more_than_two_readers() -> None:
    """DynamoDB throttles a third reader."""
    readers = Counter(compact(item["Properties"]["EventSourceArn"]) for item in MAPPINGS.values())
    streams = {source: number for source, number in readers.items() if "StreamArn" in source}
    assert streams
    assert max(streams.values()) <= 2


def test_a_mapping_asks_for_what_lambda_gives() -> None:
    for logical_id, item in MAPPINGS.items():
        given = item["Properties"]
        assert 1 <= given["BatchSize"] <= 10_000
        assert given.get("ParallelizationFactor", 1) <= 10
        for one in given.get("FilterCriteria", {}).get("Filters", []):
            assert len(one["Pattern"]) <= 4_096
        if scaling := given.get("ScalingConfig"):
            limits = translated.load()["Parameters"][scaling["MaximumConcurrency"]["Ref"]]
            assert 2 <= limits["MinValue"] <= limits["MaxValue"] <= 1_000, logical_id


# --- the API ------------------------------------------------------------------------------------------------


def test_every_route_is_one_that_an_http_api_takes() -> None:
    ((_, api),) = translated.resources(kind="AWS::ApiGatewayV2::Api").items()
    ((_, stage),) = translated.resources(kind="AWS::ApiGatewayV2::Stage").items()
    paths = api["Properties"]["Body"]["paths"]
    keys = [f"{method.upper()} {path}" for path, methods in paths.items() for method in methods]
    assert len(keys) <= 300
    for path in paths:
        parts = path.split("/")[1:]
        for number, part in enumerate(parts):
            greedy = r"|\{[\w.-]+\+\}" if number == len(parts) - 1 else ""
            assert re.fullmatch(rf"[\w.$-]*|\{{[\w.-]+\}}{greedy}", part), path
        assert len(set(re.findall(r"\{(.*?)\}", path))) == path.count("{"), f"{path} has a variable twice"
    shapes = Counter(re.sub(r"\{[^}+]+(\+?)\}", r"{\1}", key) for key in keys)
    assert not [shape for shape, number in shapes.items() if number > 1], "two routes take the same addresses"
    assert set(stage["Properties"]["RouteSettings"]) <= set(keys), "the stage is refused"


# --- alarms and logs ----------------------------------------------------------------------------------------


def test_every_alarm_is_one_that_cloudwatch_takes() -> None:
    assert _alarms()
    for logical_id, item in _alarms().items():
        given = item["Properties"]
        assert len(longest(given["AlarmName"], "operations.yaml")) <= 255
        assert len(given["AlarmDescription"]) <= KIB
        metrics = given.get("Metrics", [])
        assert len(metrics) <= 10
        if metrics:
            assert sum(one.get("ReturnData", True) for one in metrics) == 1, f"{logical_id}: one result, and no more"
            for one in metrics:
                assert re.fullmatch(r"[a-z][A-Za-z0-9_]*", one["Id"])
                assert "SEARCH" not in one.get("Expression", ""), "an alarm cannot look at what a search finds"
        periods = {one["MetricStat"]["Period"] for one in metrics if "MetricStat" in one} or {given["Period"]}
        (period,) = periods
        assert period % 60 == 0
        assert period * given["EvaluationPeriods"] <= 86_400


def test_every_metric_filter_is_one_that_the_logs_take() -> None:
    filters = translated.resources("operations.yaml", "AWS::Logs::MetricFilter")
    assert filters
    for item in filters.values():
        assert len(item["Properties"]["FilterPattern"]) <= KIB
        for one in item["Properties"]["MetricTransformations"]:
            assert not ("DefaultValue" in one and "Dimensions" in one), "the two cannot be given together"


def test_cloudformation_takes_the_alarms_that_roll_a_release_back() -> None:
    names = {item["Properties"]["AlarmName"]["Fn::Sub"] for item in _alarms().values()}
    assert {f"${{Deployment}}/{name}" for name in stacks.TRIGGERS} <= names
    assert len(stacks.TRIGGERS) == len(set(stacks.TRIGGERS)) <= 5


def _alarms() -> dict[str, dict[str, Any]]:
    return translated.resources("operations.yaml", "AWS::CloudWatch::Alarm")


# --- what stays -----------------------------------------------------------------------------------------------


def test_a_vault_that_is_kept_is_in_nobodys_way() -> None:
    """A vault outlives its stack.

    AWS refuses a second vault of the same name, even if the same stack is created again.
    """
    (vault,) = translated.resources("data.yaml", "AWS::Backup::BackupVault").values()
    assert vault["Condition"] == "IsOnAws", "backups can be switched off and on again"
    name = vault["Properties"]["BackupVaultName"]
    assert "AWS::StackId" in set(translated.references(name))
    short = len("ferryman-staging-data")
    assert short + len("-11112222") <= 50, "the longest name of a vault"
    for kind in ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::KMS::Key"):
        for logical_id, item in translated.resources("data.yaml", kind).items():
            assert not [key for key in item["Properties"] if key in ("TableName", "QueueName", "BucketName")], (
                logical_id
            )


# --- the pipeline's role --------------------------------------------------------------------------------------

# The calls by which CloudFormation makes, changes, reads and deletes one; a power user may not make them.
CALLS = {
    "AWS::IAM::Role": "CreateRole DeleteRole GetRole UpdateRole UpdateAssumeRolePolicy TagRole UntagRole PutRolePolicy "
    "GetRolePolicy DeleteRolePolicy ListRolePolicies ListAttachedRolePolicies",
    "AWS::IAM::ManagedPolicy": "CreatePolicy DeletePolicy GetPolicy GetPolicyVersion CreatePolicyVersion "
    "DeletePolicyVersion ListPolicyVersions ListEntitiesForPolicy AttachRolePolicy DetachRolePolicy",
}


def test_the_pipeline_may_make_every_kind_of_iam_resource() -> None:
    role = translated.resources("deployment-role.yaml")["DeployRole"]["Properties"]
    allowed = {
        action
        for policy in role["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
    }
    used = {item["Type"] for name in TEMPLATES[:3] for item in translated.resources(name).values()}
    assert {kind for kind in used if kind.startswith("AWS::IAM::")} == CALLS.keys()
    needed = {f"iam:{call}" for calls in CALLS.values() for call in calls.split()} | {"iam:PassRole"}
    assert needed <= allowed

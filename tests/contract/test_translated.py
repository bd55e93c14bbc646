"""Promises of the templates after SAM's transform, as CloudFormation gets them."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.support import translated

TEMPLATES = ("template.yaml", "data.yaml", "operations.yaml")
# Names of other things than the resource: inside another that has a name of its own, or of what a service counts.
OTHER_NAMES = {
    ("AWS::ApiGatewayV2::Stage", "StageName"),
    ("AWS::CloudWatch::Alarm", "MetricName"),
    # Names of DNS, which whoever deploys gives to one deployment.
    ("AWS::ApiGatewayV2::DomainName", "DomainName"),
    ("AWS::ApiGatewayV2::ApiMapping", "DomainName"),
    ("AWS::CertificateManager::Certificate", "DomainName"),
    ("AWS::Route53::RecordSet", "Name"),
}


def physical_names() -> Iterator[tuple[str, str, str, Any]]:
    """Each physical name that a template sets itself, as (template, logical id, property, value)."""
    for name in TEMPLATES:
        for logical_id, item in translated.resources(name).items():
            for key, value in item.get("Properties", {}).items():
                if key.endswith("Name") and (item["Type"], key) not in OTHER_NAMES:
                    yield name, logical_id, key, value


@cache
def differing(name: str) -> set[str]:
    """The references of a template whose values differ between deployments: stack name, resources, some parameters."""
    differs = {"AWS::StackName", *translated.resources(name)}
    for item in translated.resources(kind="AWS::CloudFormation::Stack").values():
        if item["Properties"]["TemplateURL"] == name:
            ours = differing("template.yaml")
            given = item["Properties"]["Parameters"].items()
            differs |= {key for key, value in given if ours & set(translated.references(value))}
    return differs


def test_no_physical_name_is_constant() -> None:
    """A constant name would already exist for a second deployment in the same account and Region."""
    constant = [
        f"{name}: {logical_id}.{key} is {value!r} in every deployment"
        for name, logical_id, key, value in physical_names()
        if not differing(name) & set(translated.references(value))
    ]
    assert not constant


def test_schedules_are_found_by_the_name_of_their_stack() -> None:
    """CloudFormation begins generated names with the stack's name, and the runbook's commands search for that."""
    schedules = translated.resources(kind="AWS::Scheduler::Schedule")
    assert schedules
    assert not [name for name, item in schedules.items() if "Name" in item["Properties"]]


# --- stateful resources, and what changes with each release -------------------------------------------------------

# Deleting one of these loses data, or what is needed to read it.
STATEFUL = {
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::Backup::BackupVault",
}


def test_no_release_can_touch_what_is_kept() -> None:
    for name in ("template.yaml", "operations.yaml"):
        assert not STATEFUL & {item["Type"] for item in translated.resources(name).values()}
    kinds = {item["Type"] for item in translated.resources("data.yaml").values()}
    assert (
        STATEFUL
        <= kinds
        <= STATEFUL
        | {
            "AWS::SQS::QueuePolicy",
            "AWS::S3::BucketPolicy",
            "AWS::Backup::BackupPlan",
            "AWS::Backup::BackupSelection",
            "AWS::IAM::Role",
        }
    )


def test_stateful_resources_survive_their_stack_and_go_with_a_failed_first_deployment() -> None:
    for logical_id, item in translated.resources("data.yaml").items():
        if item["Type"] in STATEFUL:
            policies = (item["DeletionPolicy"], item["UpdateReplacePolicy"])
            assert policies == ("RetainExceptOnCreate", "Retain"), logical_id


def test_a_first_deployment_that_fails_can_delete_what_it_made() -> None:
    """If tables were protected from the start, a failed creation would end in ROLLBACK_FAILED, in every environment."""
    data = translated.load("data.yaml")
    assert data["Parameters"]["DeletionProtection"]["Default"] == "false"
    assert data["Conditions"]["IsProtected"] == {"Fn::Equals": [{"Ref": "DeletionProtection"}, "true"]}
    for logical_id, item in translated.resources("data.yaml", "AWS::DynamoDB::Table").items():
        assert item["Properties"]["DeletionProtectionEnabled"] == {"Fn::If": ["IsProtected", True, False]}, logical_id


def test_dynamodb_owns_the_key_of_every_table_unless_a_customer_must() -> None:
    """`SSEEnabled: true` without a key selects the AWS managed key, whose requests KMS charges."""
    data = translated.load("data.yaml")
    assert data["Parameters"]["TablesKeyArn"]["Default"] == ""
    assert data["Conditions"]["HasTablesKey"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "TablesKeyArn"}, ""]}]}
    nothing = {"Ref": "AWS::NoValue"}
    for logical_id, item in translated.resources("data.yaml", "AWS::DynamoDB::Table").items():
        assert item["Properties"]["SSESpecification"] == {
            "SSEEnabled": {"Fn::If": ["HasTablesKey", True, False]},
            "SSEType": {"Fn::If": ["HasTablesKey", "KMS", nothing]},
            "KMSMasterKeyId": {"Fn::If": ["HasTablesKey", {"Ref": "TablesKeyArn"}, nothing]},
        }, logical_id


def test_a_release_imports_everything_that_is_exported_and_nothing_else() -> None:
    exported = [output["Export"]["Name"]["Fn::Sub"] for output in translated.load("data.yaml")["Outputs"].values()]
    release = {part: translated.load()[part] for part in ("Resources", "Outputs")}
    imported = {name.replace("-data:", ":") for name in imports(release)}
    assert imported == set(exported)
    assert all(name.startswith("${AWS::StackName}:") for name in exported)


def imports(value: Any) -> Iterator[str]:
    match value:
        case {"Fn::ImportValue": {"Fn::Sub": str(name)}}:
            yield name
        case dict():
            yield from (name for inner in value.values() for name in imports(inner))
        case list():
            yield from (name for inner in value for name in imports(inner))


# --- permissions --------------------------------------------------------------------------------------------

# X-Ray knows no resources, and EC2 knows none for network interfaces.
WIDE = {"TracingPolicy", "VpcPolicy"}


def test_no_role_gets_a_policy_of_aws_or_reaches_everything() -> None:
    for name in TEMPLATES:
        for logical_id, item in translated.resources(name).items():
            if item["Type"].startswith("AWS::IAM::") and logical_id not in WIDE:
                assert "ManagedPolicyArns" not in item["Properties"], logical_id
                resources = [one["Resource"] for one in statements(item["Properties"]) if "Resource" in one]
                assert resources, logical_id
                assert "*" not in json.dumps(resources).replace("/*", ""), logical_id
                assert not [one for one in actions(item["Properties"]) if "*" in one], logical_id


def test_every_function_may_send_traces_if_they_are_wanted_and_nothing_else_may() -> None:
    policy = translated.resources()["TracingPolicy"]
    assert translated.load()["Conditions"][policy["Condition"]] == {"Fn::Equals": [{"Ref": "Tracing"}, "Active"]}
    assert set(actions(policy["Properties"])) == {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    functions = translated.resources(kind="AWS::Lambda::Function").values()
    roles = sorted(item["Properties"]["Role"]["Fn::GetAtt"][0] for item in functions)
    assert sorted(role["Ref"] for role in policy["Properties"]["Roles"]) == roles
    assert len(set(roles)) == len(roles)


def statements(properties: Any) -> Iterator[dict[str, Any]]:
    """Every statement of a role or a policy, given its properties."""
    documents = [properties.get("PolicyDocument"), *(one["PolicyDocument"] for one in properties.get("Policies", []))]
    for document in documents:
        yield from document["Statement"] if document else ()


def actions(properties: Any) -> Iterator[str]:
    for statement in statements(properties):
        yield from [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


# --- limits -------------------------------------------------------------------------------------------------


def test_the_stacks_stay_far_from_cloudformations_500_resources() -> None:
    """Each route adds a permission, so a dialect has one greedy route, such as `/api/v4/{proxy+}`."""
    for name in TEMPLATES:
        assert len(translated.resources(name)) < 350, name

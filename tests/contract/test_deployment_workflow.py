"""The deployment pipeline: order of environments, no stored AWS key, and a reason for each exception of a linter."""

import re
from itertools import pairwise
from typing import Any

import yaml

from tests.support import template
from tools import validate
from tools.deployment import environments

WORKFLOWS = {path.name: path.read_text() for path in (template.ROOT / ".github" / "workflows").glob("*.yml")}


def jobs(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(WORKFLOWS[name])["jobs"]
    return found


def test_a_commit_is_tested_and_then_passes_every_environment_in_order() -> None:
    found = jobs("deploy.yml")
    order = ["test", *environments.NAMES]
    assert list(found) == order
    for before, after in pairwise(order):
        assert found[after]["needs"] == before
        assert found[after]["with"] == {"environment": after}
    assert found["test"]["uses"] == "./.github/workflows/test.yml"


def test_each_environment_is_deployed_by_the_command_of_the_manual() -> None:
    (job,) = jobs("deploy-one.yml").values()
    assert job["environment"] == "${{ inputs.environment }}", "its reviewers have to approve"
    (step,) = [one for one in job["steps"] if one.get("run")]
    assert step["run"] == "make deploy"
    assert (step["env"]["ENV"], step["env"]["YES"]) == ("${{ inputs.environment }}", "1")


def test_only_deployments_may_ask_for_a_token_and_nothing_holds_a_key() -> None:
    for name, text in WORKFLOWS.items():
        assert "AWS_ACCESS_KEY" not in text.upper()
        assert "AWS_SECRET" not in text.upper()
        assert ("id-token: write" in text) == (name != "test.yml")
        assert yaml.safe_load(text)["permissions"]["contents"] == "read"


def test_the_role_trusts_one_environment_of_one_repository() -> None:
    role = template.load("deployment-role.yaml")["Resources"]["DeployRole"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    equals = trust["Condition"]["StringEquals"]
    assert equals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    assert equals["token.actions.githubusercontent.com:sub"] == {
        "Fn::Sub": "repo:${Repository}:environment:${EnvironmentName}"
    }
    for policy in role["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert "/ferryman-${EnvironmentName}-" in statement["Resource"]["Fn::Sub"]
            assert not [action for action in statement["Action"] if "*" in action]


def test_every_exception_of_the_security_linter_has_its_reason() -> None:
    lines = (template.ROOT / ".checkov.yaml").read_text().splitlines()
    rules = [number for number, line in enumerate(lines) if re.fullmatch(r"  - CKV2?_AWS_\d+", line)]
    assert rules
    for number in rules:
        before = next(line for line in reversed(lines[:number]) if not re.fullmatch(r"  - CKV2?_AWS_\d+", line))
        assert before.startswith("  # "), lines[number]
    for name in validate.TEMPLATES:
        for logical_id, item in template.load(name)["Resources"].items():
            skipped = item.get("Metadata", {}).get("checkov", {}).get("skip", [])
            assert all(one["comment"] for one in skipped), logical_id

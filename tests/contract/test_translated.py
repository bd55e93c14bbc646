"""What the templates promise after SAM's transform, which is what CloudFormation gets."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.support import translated

TEMPLATES = ("template.yaml", "operations.yaml")
# Names of other things than the resource: inside another that has a name of its own, or of what a service counts.
OTHER_NAMES = {("AWS::ApiGatewayV2::Stage", "StageName"), ("AWS::CloudWatch::Alarm", "MetricName")}


def physical_names() -> Iterator[tuple[str, str, str, Any]]:
    """(template, logical id, property, value) of each physical name that a template chooses itself."""
    for name in TEMPLATES:
        for logical_id, item in translated.resources(name).items():
            for key, value in item.get("Properties", {}).items():
                if key.endswith("Name") and (item["Type"], key) not in OTHER_NAMES:
                    yield name, logical_id, key, value


@cache
def differing(name: str) -> set[str]:
    """The references of a template that differ between deployments: its stack, its resources, and its parameters."""
    differs = {"AWS::StackName", *translated.resources(name)}
    for item in translated.resources(kind="AWS::CloudFormation::Stack").values():
        if item["Properties"]["TemplateURL"] == name:
            ours = differing("template.yaml")
            given = item["Properties"]["Parameters"].items()
            differs |= {key for key, value in given if ours & set(translated.references(value))}
    return differs


def test_no_physical_name_is_constant() -> None:
    """A second deployment in the same account and Region would find the name taken."""
    constant = [
        f"{name}: {logical_id}.{key} is {value!r} in every deployment"
        for name, logical_id, key, value in physical_names()
        if not differing(name) & set(translated.references(value))
    ]
    assert not constant


def test_schedules_are_found_by_the_name_of_their_stack() -> None:
    """CloudFormation begins the names that it chooses with the stack's name, and the runbook looks for them by it."""
    schedules = translated.resources(kind="AWS::Scheduler::Schedule")
    assert schedules
    assert not [name for name, item in schedules.items() if "Name" in item["Properties"]]

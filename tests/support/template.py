"""The templates as the tests read them, with intrinsic functions in their long form.

data.yaml has the resources that outlive releases, template.yaml those that change with a release. `deployed` merges
both.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


class _Loader(yaml.CSafeLoader):
    """Reads CloudFormation's short tags (`!Ref X`) in their long form (`{"Ref": "X"}`)."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        value: Any = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _intrinsic)


@cache
def load(name: str = "template.yaml") -> dict[str, Any]:
    document: dict[str, Any] = yaml.load((ROOT / name).read_text(), _Loader)  # noqa: S506 - a SafeLoader
    return document


@cache
def deployed() -> dict[str, Any]:
    """A whole deployment: template.yaml and data.yaml merged, with each import replaced by the exported value."""
    data, release = load("data.yaml"), _imported(load())
    return {
        **release,
        "Parameters": data["Parameters"] | release["Parameters"],
        "Resources": data["Resources"] | release["Resources"],
    }


@cache
def exports() -> dict[str, Any]:
    """The values that data.yaml exports, by the names that template.yaml imports."""
    return {
        output["Export"]["Name"]["Fn::Sub"].replace("${AWS::StackName}", "${AWS::StackName}-data"): _made(
            output["Value"]
        )
        for output in load("data.yaml")["Outputs"].values()
    }


def _made(value: Any) -> Any:
    """The first branch of an `!If`: the key that the deployment creates if it is given none."""
    match value:
        case {"Fn::If": [str(), made, _]}:
            return made
    return value


def _imported(value: Any) -> Any:
    match value:
        case {"Fn::ImportValue": {"Fn::Sub": str(name)}}:
            return exports()[name]
        case dict():
            return {key: _imported(inner) for key, inner in value.items()}
        case list():
            return [_imported(inner) for inner in value]
    return value


@cache
def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The deployment's resources of one type, by logical id."""
    return {name: item for name, item in deployed()["Resources"].items() if item["Type"] == kind}


@cache
def functions() -> dict[str, dict[str, Any]]:
    """The properties of the functions, by the name of their folder, with `LogicalId` added."""
    found = {}
    for name, item in resources("AWS::Serverless::Function").items():
        folder = item["Properties"]["CodeUri"].rpartition("/")[2]
        found[folder] = {**item["Properties"], "LogicalId": name}
    return found


def own_environment(folder: str) -> dict[str, Any]:
    """The environment variables that the template sets for this function only."""
    variables: dict[str, Any] = functions()[folder]["Environment"]["Variables"]
    return {name: value for name, value in variables.items() if name != "POWERTOOLS_SERVICE_NAME"}


@cache
def statements(folder: str) -> list[dict[str, Any]]:
    """All statements of the policies of a function's role."""
    role = deployed()["Resources"][functions()[folder]["Role"]["Fn::GetAtt"][0]]
    return [one for policy in role["Properties"]["Policies"] for one in policy["PolicyDocument"]["Statement"]]


def handler(folder: str) -> Path:
    """The path of a function's handler, by the name of its folder."""
    return ROOT / str(functions()[folder]["CodeUri"]) / "handler.py"


@cache
def routes() -> dict[str, str]:
    """The folder of the function of each route key, such as `GET /v1/chats` → `chats`; `$default` is included."""
    found = {}
    for folder, function in functions().items():
        for event in function.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                properties = event["Properties"]
                key = f"{properties['Method']} {properties['Path']}" if "Path" in properties else "$default"
                found[key] = folder
    return found


@cache
def streams() -> list[tuple[str, str, dict[str, Any]]]:
    """Each stream mapping: the table's logical id, the folder of the function that it invokes, and its filter."""
    found = []
    for folder, function in functions().items():
        for event in function.get("Events", {}).values():
            if event["Type"] == "DynamoDB":
                properties = event["Properties"]
                (filter_,) = properties["FilterCriteria"]["Filters"]
                found.append((properties["Stream"]["Fn::GetAtt"][0], folder, json.loads(filter_["Pattern"])))
    return found


def passes(pattern: Any, value: Any) -> bool:
    """Whether a Lambda filter lets a record through. Supports the rules of our template: names, literals, `exists`."""
    if isinstance(pattern, dict):
        return all(
            passes(inner, value.get(name) if isinstance(value, dict) else None) for name, inner in pattern.items()
        )
    for rule in pattern:
        if isinstance(rule, dict) and "exists" in rule:
            if (value is not None) == rule["exists"]:
                return True
        elif rule == value:
            return True
    return False


def references(value: Any) -> Iterator[str]:
    """Every logical id or parameter to which a part of the template refers."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Condition": str(name), **rest}:
            yield name
            yield from references(rest)
        case {"Fn::GetAtt": [str(name), _]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from (found.partition(".")[0] for found in re.findall(r"\$\{([^!}]+)\}", text))
        case dict():
            for inner in value.values():
                yield from references(inner)
        case list():
            for inner in value:
                yield from references(inner)

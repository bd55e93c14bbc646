"""The templates as CloudFormation gets them: what SAM's transform makes of template.yaml, and the plain templates."""

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tests.support import template

REGION = "us-east-1"


_CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


@cache
def load(name: str = "template.yaml", **parameters: str) -> dict[str, Any]:
    """One template, translated with `parameters` or their defaults; one without SAM's transform as it is."""
    document = copy.deepcopy(template.load(name))
    if "Transform" not in document:
        return document
    for item in document["Resources"].values():
        if (place := _CODE.get(item["Type"])) is not None:
            item["Properties"][place] = (
                "s3://bucket/key"  # where `sam deploy` puts it; the transform takes nothing else
            )
    translator = Translator(managed_policy_map={}, sam_parser=Parser(), boto_session=boto3.Session(region_name=REGION))
    translated: dict[str, Any] = translator.translate(document, parameter_values=parameters)
    return translated


def resources(name: str = "template.yaml", kind: str | None = None) -> dict[str, dict[str, Any]]:
    """The resources of a translated template by logical id, or those of one type."""
    found = load(name)["Resources"]
    return {logical_id: item for logical_id, item in found.items() if kind in (None, item["Type"])}


def references(value: Any) -> Iterator[str]:
    """Every logical id, parameter and pseudo parameter that a part of a template refers to."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), _]}:
            yield name
        case {"Fn::GetAtt": str(path)}:
            yield path.partition(".")[0]
        case {"Fn::Sub": str(text)}:
            yield from (name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text))
        case {"Fn::Sub": [str(text), dict(values)]}:
            yield from references({"Fn::Sub": text})
            yield from references(list(values.values()))
        case dict():
            for inner in value.values():
                yield from references(inner)
        case list():
            for inner in value:
                yield from references(inner)

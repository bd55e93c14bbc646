"""The templates as CloudFormation gets them: template.yaml after SAM's transform, the other templates unchanged."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.support import template
from tools import validate


@cache
def load(name: str = "template.yaml", **parameters: str) -> dict[str, Any]:
    """One template after SAM's transform, with `parameters` or their defaults.

    A template without a transform is unchanged.
    """
    return validate.translated(template.load(name), **parameters)


def resources(name: str = "template.yaml", kind: str | None = None) -> dict[str, dict[str, Any]]:
    """The resources of a translated template by logical id; with `kind`, only those of one type."""
    found = load(name)["Resources"]
    return {logical_id: item for logical_id, item in found.items() if kind in (None, item["Type"])}


def references(value: Any) -> Iterator[str]:
    """Every logical id, parameter and pseudo parameter to which a part of a template refers."""
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

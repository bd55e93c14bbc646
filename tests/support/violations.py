"""Values that break each constraint of a JSON Schema: type, limits, pattern, enum, required members."""

from collections.abc import Iterator
from typing import Any

CANARY = "zq9vk7"  # stands in every text, so that a test sees when an answer repeats one
_SAMPLES: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 7.5,
    "string": CANARY,
    "array": [],
    "object": {},
}
_JUDGED = ("date-time", "email")  # the formats that a schema holds by itself
_NO_LIMITS = {
    *("$defs", "additionalProperties", "anyOf", "default", "description", "examples", "format", "items", "properties"),
    *("required", "title", "type", "writeOnly"),
}
type Value = tuple[str, Any]  # the constraint that it breaks, and the value


class Missing:
    """Stands for a member that is left out of the body."""


def of_members(schema: dict[str, Any]) -> dict[str, list[Value]]:
    """The invalid values of each member of an object's schema, as (broken constraint, value)."""
    definitions = schema.get("$defs", {})
    return {
        name: [
            *([("required", Missing)] if name in schema.get("required", ()) else []),
            *_of(member, definitions),
        ]
        for name, member in schema.get("properties", {}).items()
    }


def _of(schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[Value]:
    choices = [_resolved(choice, definitions) for choice in schema.get("anyOf", [schema])]
    types = {str(choice["type"]) for choice in choices if "type" in choice}
    if len(types) < len({str(choice.get("type")) for choice in choices}) or not types:
        return  # everything may stand here
    if "number" in types:
        types.add("integer")
    for kind, sample in _SAMPLES.items():
        if kind not in types:
            yield f"a {kind} for {types}", sample
    for choice in choices:
        yield from _of_limits(choice)
        if "properties" in choice:
            for name, values in of_members(choice | {"$defs": definitions}).items():
                yield from ((f"{name}: {what}", {name: value}) for what, value in values if value is not Missing)
            yield "a member that nobody knows", {CANARY: 1}
        for what, value in _of(choice.get("items", {}), definitions):
            yield f"an item: {what}", [value]


def _of_limits(schema: dict[str, Any]) -> Iterator[Value]:
    for limit, value in schema.items():
        match limit:
            case "minimum":
                yield limit, value - 1
            case "maximum":
                yield limit, value + 1
            case "exclusiveMinimum" | "exclusiveMaximum":
                yield limit, value
            case "minLength":
                yield limit, "x" * (value - 1)
            case "maxLength":
                yield limit, "x" * (value + 1)
            case "minItems":
                yield limit, [None] * (value - 1)
            case "maxItems":
                yield limit, [None] * (value + 1)
            case "maxProperties":
                yield limit, {str(number): None for number in range(value + 1)}
            case "propertyNames":
                yield from ((f"its name: {what}", {text: ""}) for what, text in _of_limits(value) if text)
            case "pattern":
                yield limit, f" {CANARY} é"
            case "format" if value in _JUDGED:
                yield limit, f" {CANARY} é"
            case "enum" | "const":
                yield limit, CANARY
            case _:
                assert limit in _NO_LIMITS, f"{limit} is a constraint that no value here breaks"


def _resolved(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if not reference:
        return schema
    return _resolved(definitions[reference.rpartition("/")[2]], definitions) | {
        name: value for name, value in schema.items() if name != "$ref"
    }

"""Makes an OpenAPI document small: moves parts that it repeats into its components."""

import io
import itertools
import json
import re
from collections import Counter
from typing import Any

import yaml

_LINE = 1500  # characters that a mapping or a list may take to stand in one line
_WIDE = 1_000_000  # characters: a text is never broken into lines

PROBLEM = "application/problem+json"

_SCHEMA = "#/components/schemas/{}"

type Place = tuple[Any, Any, str]  # a container, the key of a part, and the name that the part would get


def compact(document: dict[str, Any], strict: bool = False) -> dict[str, Any]:
    """The document with repeated parts in its components, without unused schemas, and without titles made from names.

    Clients must accept unknown members in answers, so that a later version can add some. With `strict`, answers have
    exactly the members that they have today.
    """
    document = _plain(document)
    components = document["components"]
    operations = [said for methods in document["paths"].values() for said in methods.values()]
    components["parameters"] |= _share(
        [
            (parts, place, part["name"])
            for parts in (said.get("parameters", []) for said in operations)
            for place, part in enumerate(parts)
            if "$ref" not in part
        ],
        "parameters",
    )
    for said in operations:
        said["responses"] = _with_default(said["responses"])
        for answer in said["responses"].values():
            _write_out_page(answer, components["schemas"])
    if not strict:
        sent = _needed([said.get("requestBody") for said in operations], components["schemas"])
        answered = [schema for name, schema in components["schemas"].items() if name not in sent]
        _open([answered, [said["responses"] for said in operations]])
        components["schemas"] = _extended(components["schemas"])
    deliveries = [said["post"] for said in document["webhooks"].values()]
    components["responses"] = _share(
        [
            (said["responses"], status, _answer_name(status, answer))
            for said in operations
            for status, answer in said["responses"].items()
        ],
        "responses",
    ) | _share(
        [(said["responses"], status, _DELIVERY_ANSWERS[status]) for said in deliveries for status in said["responses"]],
        "responses",
    )
    components["requestBodies"] = _share(
        [
            (said, "requestBody", _model(said["requestBody"]))
            for said in operations
            if "requestBody" in said and _model(said["requestBody"])
        ],
        "requestBodies",
    )
    components["schemas"] |= _share(
        [
            (data["properties"], name, f"Event{name.capitalize()}")
            for data in (_event_schema(said)["data"] for said in deliveries)
            for name in data["properties"]
        ],
        "schemas",
    )
    components["schemas"] |= _share(
        [(schema, "data", "EventData") for schema in (_event_schema(said) for said in deliveries)], "schemas"
    )
    rest = {**document, "components": {**components, "schemas": {}}}
    needed = _needed(rest, components["schemas"])
    components["schemas"] = {name: components["schemas"][name] for name in sorted(needed)}
    for path, methods in document["paths"].items():
        document["paths"][path] = _with_common_parameters(methods)
    return document


def _with_common_parameters(methods: dict[str, Any]) -> dict[str, Any]:
    """The operations of a path, with the parameters that all of them share moved from the operations to the path."""
    first = next(iter(methods.values())).get("parameters", [])
    common = [part for part in first if all(part in said.get("parameters", []) for said in methods.values())]
    if len(methods) == 1 or not common:
        return methods
    for said in methods.values():
        said["parameters"] = [part for part in said["parameters"] if part not in common]
        if not said["parameters"]:
            del said["parameters"]
    return {"parameters": common, **methods}


def _write_out_page(answer: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Describe a page of a list in the answer itself.

    The schema `Page` has what all pages share: all except `items`.
    """
    body = answer.get("content", {}).get("application/json", {})
    name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    if name.startswith("Listing_"):
        items, schemas["Page"] = _split(schemas[name], "items")
        body["schema"] = {"allOf": [{"$ref": _SCHEMA.format("Page")}], **items, "unevaluatedProperties": False}


def _split(schema: dict[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two schemas made of an object's schema: one with the property `name` alone, and one with the rest."""
    rest = {key: about for key, about in schema["properties"].items() if key != name}
    required = [key for key in schema["required"] if key != name]
    own = {"properties": {name: schema["properties"][name]}, "required": [name]}
    return own, {"type": "object", "properties": rest, **({"required": required} if required else {})}


def _open(value: Any) -> None:
    """Allow unknown members in all objects that `value` describes. Changes `value`."""
    for member in value.values() if isinstance(value, dict) else value:
        if isinstance(member, dict | list):
            _open(member)
    if isinstance(value, dict):
        for closed in ("additionalProperties", "unevaluatedProperties"):
            if value.get(closed) is False:
                del value[closed]


def _extended(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas, where one such as `BotCreated` extends `BotOut` and repeats none of its properties."""
    result = dict(schemas)
    for name, created in schemas.items():
        shown = f"{name.removesuffix('Created')}Out"
        if not name.endswith("Created") or shown not in schemas:
            continue
        common = schemas[shown]["properties"]
        if any(created["properties"].get(key) != about for key, about in common.items()):
            continue
        own = {key: about for key, about in created["properties"].items() if key not in common}
        result[name] = {
            "allOf": [{"$ref": _SCHEMA.format(shown)}],
            "properties": own,
            "required": [key for key in created["required"] if key in own],
            "description": created["description"],
        }
        if not result[name]["required"]:
            del result[name]["required"]
    return result


def _with_default(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers of an operation, with its errors of the most common form merged into one answer, `default`.

    The description of `default` lists their statuses. A single error stays as it is.
    """
    forms: dict[str, list[str]] = {}
    for status, answer in answers.items():
        if status >= "400" and answer.get("content"):
            forms.setdefault(json.dumps(answer["content"]), []).append(status)
    statuses = max(forms.values(), key=len, default=[])
    if len(statuses) < 2:
        return answers
    rest = {status: answer for status, answer in answers.items() if status not in statuses}
    listed = f"{', '.join(statuses[:-1])} or {statuses[-1]}"
    return {**rest, "default": {**answers[statuses[0]], "description": listed}}


def _share(places: list[Place], kind: str) -> dict[str, Any]:
    """Replace each repeated part, and each problem, by a reference. Returns these parts by their names.

    `places` names the parts: (container, key in it, name of the part). `kind` is the section of the components.
    """
    times = Counter((name, json.dumps(container[key])) for container, key, name in places)
    shared: dict[tuple[str, str], str] = {}
    for (name, text), count in times.most_common():
        if count > 1 or PROBLEM in text:
            others = sum(other == name for other, _ in shared)
            shared[name, text] = f"{name}_{others + 1}" if others else name
    for container, key, name in places:
        if found := shared.get((name, json.dumps(container[key]))):
            container[key] = {"$ref": f"#/components/{kind}/{found}"}
    return {name: json.loads(text) for (_, text), name in sorted(shared.items(), key=lambda item: item[1])}


def _event_schema(said: dict[str, Any]) -> dict[str, Any]:
    """The schemas of the properties of an event type's own request body, by name."""
    properties: dict[str, Any] = said["requestBody"]["content"]["application/json"]["schema"]["properties"]
    return properties


_DELIVERY_ANSWERS = {"2XX": "Delivered", "410": "Unwanted"}


def _answer_name(status: str, answer: dict[str, Any]) -> str:
    """The component's name for an answer.

    `404` for a problem, `201_TokenCreated` for an answer with a model, `404_other` for another product's error.
    """
    if status == "default":
        return "errors" if PROBLEM in answer["content"] else "errors_other"
    if status >= "400":
        return status if not answer.get("content") or PROBLEM in answer["content"] else f"{status}_other"
    return "_".join(filter(None, [status, _model(answer)]))


def _model(part: dict[str, Any]) -> str:
    """The names of the schemas to which a body or an answer refers, joined by `_`."""
    return "_".join(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(part)))


def _needed(part: Any, schemas: dict[str, Any]) -> set[str]:
    """The names of all schemas to which a part of the document refers, directly or through other schemas."""
    waiting, needed = [part], set[str]()
    while waiting:
        for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(waiting.pop())):
            if name not in needed:
                needed.add(name)
                waiting.append(schemas[name])
    return needed


def _plain(value: Any) -> Any:
    """`value` with 1 for 1.0, with `type: [string, 'null']` instead of `anyOf`, and without titles made from names."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(member) for member in value]
    if not isinstance(value, dict):
        return value
    titled = isinstance(value.get("title"), str) and {"type", "anyOf", "$ref", "enum"} & set(value)
    plain = {
        key: member if key in ("example", "examples") else _plain(member)
        for key, member in value.items()
        if not (titled and key == "title")
    }
    choice = plain.get("anyOf") or []
    if len(choice) == 2 and choice[1] == {"type": "null"} and isinstance(choice[0].get("type"), str):
        del plain["anyOf"]
        plain = {**choice[0], "type": [choice[0]["type"], "null"], **plain}
        if "enum" in plain:
            plain["enum"] = [*plain["enum"], None]
    return plain


class _Dumper(yaml.SafeDumper):
    """Writes repeated objects out in full, because not every reader of OpenAPI supports YAML's aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(document: dict[str, Any]) -> str:
    """The document as YAML, where each mapping or list that is short enough takes one line."""
    text = io.StringIO()
    dumper = _Dumper(text, sort_keys=False, allow_unicode=True, width=_WIDE, default_flow_style=None)
    dumper.open()
    node = dumper.represent_data(document)
    _set_style(node)
    dumper.serialize(node)
    dumper.close()
    return text.getvalue()


def _set_style(node: yaml.Node) -> int:
    """Choose between one line for the node and one line for each member. Returns the approximate length in one line."""
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 2 + _LINE * str(node.value).count("\n")
    length, words_only = 0, isinstance(node, yaml.SequenceNode)
    for member in itertools.chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value:
        length += _set_style(member) + 2
        words_only = words_only and isinstance(member, yaml.ScalarNode)
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = length <= _LINE or words_only
    return length

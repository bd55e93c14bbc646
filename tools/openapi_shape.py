"""Makes an OpenAPI document small: what stands in several places moves to the components and is written once."""

import io
import itertools
import json
import re
from collections import Counter
from typing import Any

import yaml

_LINE = 300  # characters that a mapping or a list may take to stand in one line

PROBLEM = "application/problem+json"

type Place = tuple[Any, Any, str]  # a container, the key of a part, and the name that the part would get


def compact(document: dict[str, Any]) -> dict[str, Any]:
    """The document with repetitions shared, without schemas that nothing refers to, and without derived titles."""
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
        said["responses"] = _by_range(said["responses"])
    components["responses"] = _share(
        [
            (said["responses"], status, _answer_name(status, answer))
            for said in operations
            for status, answer in said["responses"].items()
        ],
        "responses",
    )
    components["examples"] = _share(
        [
            (body["examples"], status, status)
            for answer in components["responses"].values()
            for body in answer.get("content", {}).values()
            for status in body.get("examples", {})
        ],
        "examples",
    )
    components["schemas"] |= _share(
        [
            (data["properties"], name, f"Event{name.capitalize()}")
            for data in (_event_data(said["post"]) for said in document["webhooks"].values())
            for name in data["properties"]
        ],
        "schemas",
    )
    needed = _needed(document, components["schemas"])
    needed_schemas = {name: schema for name, schema in components["schemas"].items() if name in needed}
    components["schemas"] = _extended(needed_schemas)
    for path, methods in document["paths"].items():
        document["paths"][path] = _with_common_parameters(methods)
    return document


def _with_common_parameters(methods: dict[str, Any]) -> dict[str, Any]:
    """A path whose parameters that every operation has stand before its operations."""
    first = next(iter(methods.values())).get("parameters", [])
    common = [part for part in first if all(part in said.get("parameters", []) for said in methods.values())]
    if len(methods) == 1 or not common:
        return methods
    for said in methods.values():
        said["parameters"] = [part for part in said["parameters"] if part not in common]
        if not said["parameters"]:
            del said["parameters"]
    return {"parameters": common, **methods}


def _extended(schemas: dict[str, Any]) -> dict[str, Any]:
    """Write what a new object has beside its secret once: `BotCreated` and `BotOut` both extend `Bot`."""
    result = dict(schemas)
    for name, created in schemas.items():
        base = name.removesuffix("Created")
        shown = schemas.get(f"{base}Out")
        if base == name or not shown or base in schemas:
            continue
        common = {key: value for key, value in shown["properties"].items() if created["properties"].get(key) == value}
        if len(common) < len(shown["properties"]):
            continue
        required = [key for key in shown["required"] if key in common]
        result[base] = {"type": "object", "properties": common, "required": required}
        for which, schema in ((name, created), (f"{base}Out", shown)):
            own = {key: value for key, value in schema["properties"].items() if key not in common}
            more = [key for key in schema["required"] if key not in required]
            result[which] = {
                "allOf": [{"$ref": f"#/components/schemas/{base}"}],
                **({"properties": own} if own else {}),
                **({"required": more} if more else {}),
                "unevaluatedProperties": False,
                "description": schema["description"],
            }
    return dict(sorted(result.items()))


def _by_range(answers: dict[str, Any]) -> dict[str, Any]:
    """Answers with the refusals of one form as one, `4XX`, and our own failures as one, `5XX`.

    Their descriptions list the statuses, and each status keeps its example.
    """
    for first in "45":
        forms: dict[str, list[str]] = {}
        for status, answer in answers.items():
            if status[0] == first and answer.get("content"):
                forms.setdefault(json.dumps(_without_examples(answer)), []).append(status)
        statuses = max(forms.values(), key=len, default=[])
        if len(statuses) > 1:
            both = _together({status: answers[status] for status in statuses})
            rest = {status: answer for status, answer in answers.items() if status not in statuses}
            answers = dict(sorted({**rest, f"{first}XX": both}.items()))
    return answers


def _without_examples(answer: dict[str, Any]) -> Any:
    bodies = {media: {"schema": body["schema"]} for media, body in answer["content"].items()}
    return {**answer, "content": bodies, "description": ""}


def _together(answers: dict[str, Any]) -> dict[str, Any]:
    """One answer for several that differ in their descriptions and examples only."""
    whole = _without_examples(next(iter(answers.values())))
    whole["description"] = " ".join(f"{status}: {answer['description']}" for status, answer in answers.items())
    for media, body in whole["content"].items():
        examples = {
            status: {"value": answer["content"][media]["example"]}
            for status, answer in answers.items()
            if "example" in answer["content"][media]
        }
        if examples:
            body["examples"] = examples
    return dict(whole)


def _share(places: list[Place], kind: str) -> dict[str, Any]:
    """Let every part that stands in several places, and every problem, be referred to; returns these parts by name."""
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


def _event_data(said: dict[str, Any]) -> dict[str, Any]:
    data: dict[str, Any] = said["requestBody"]["content"]["application/json"]["schema"]["properties"]["data"]
    return data


def _answer_name(status: str, answer: dict[str, Any]) -> str:
    """`404` for a problem, `201_TokenCreated` for an answer with a model, `404_other` for another product's error."""
    models = re.findall(r'"#/components/schemas/(\w+)"', json.dumps(answer))
    if status >= "400":
        return status if not answer.get("content") or PROBLEM in answer["content"] else f"{status}_other"
    return "_".join([status, *models])


def _needed(document: dict[str, Any], schemas: dict[str, Any]) -> set[str]:
    """The names of all schemas that the document refers to, directly or by another."""
    rest = {**document, "components": {**document["components"], "schemas": {}}}
    waiting, needed = [rest], set[str]()
    while waiting:
        for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(waiting.pop())):
            if name not in needed:
                needed.add(name)
                waiting.append(schemas[name])
    return needed


def _plain(value: Any) -> Any:
    """`value` with whole numbers, 3.1's `type: [string, 'null']`, and without titles made from names."""
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
    """Writes out what stands in two places: not every reader of OpenAPI knows YAML's aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def as_yaml(document: dict[str, Any]) -> str:
    """The document as YAML, where whatever fits stands in one line."""
    text = io.StringIO()
    dumper = _Dumper(text, sort_keys=False, allow_unicode=True, width=200, default_flow_style=None)
    dumper.open()
    node = dumper.represent_data(document)
    _set_style(node)
    dumper.serialize(node)
    dumper.close()
    return text.getvalue()


def _set_style(node: yaml.Node) -> int:
    """Choose between one line and one line a member; returns about how long the node is in one line."""
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 2 + _LINE * str(node.value).count("\n")
    length, words_only = 0, isinstance(node, yaml.SequenceNode)
    for member in itertools.chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value:
        length += _set_style(member) + 2
        words_only = words_only and isinstance(member, yaml.ScalarNode)
    if isinstance(node, yaml.CollectionNode):
        node.flow_style = length <= _LINE or words_only
    return length

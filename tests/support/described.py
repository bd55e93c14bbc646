"""The OpenAPI document as the tests read it: each route with all its parameters and answers written out."""

import re
from typing import Any


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The description of each route, by its key such as `GET /v1/me`. Schemas and shared bodies of requests
    stay references.
    """
    return {
        f"{method.upper()} {path}": said
        | {
            "parameters": _written_out([*methods.get("parameters", []), *said.get("parameters", [])], document),
            "responses": _each_status(_written_out(said["responses"], document)),
        }
        for path, methods in document["paths"].items()
        for method, said in methods.items()
        if method != "parameters"
    }


def _each_status(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers, with `default` replaced by an answer for each status in its description."""
    default = answers.get("default", {"description": ""})
    listed = dict.fromkeys(re.findall(r"[45]\d\d", default["description"]), default)
    return {status: answer for status, answer in answers.items() if status != "default"} | listed


def _written_out(value: Any, document: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value and "/schemas/" not in value["$ref"]:
            _, _, kind, name = value["$ref"].split("/")
            return _written_out(document["components"][kind][name], document)
        return {key: _written_out(member, document) for key, member in value.items()}
    return [_written_out(member, document) for member in value] if isinstance(value, list) else value

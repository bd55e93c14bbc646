"""The API's description as the tests read it: each route with its parameters and answers written out."""

from typing import Any


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The description of each route, by its key. Schemas stay references; `5XX` is 500 and 503."""
    return {
        f"{method.upper()} {path}": said
        | {
            "parameters": _written_out(said.get("parameters", {}), document),
            "responses": _each_status(_written_out(said["responses"], document)),
        }
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    }


def _each_status(answers: dict[str, Any]) -> dict[str, Any]:
    ours = {status: answers["5XX"] for status in ("500", "503") if "5XX" in answers}
    return {status: answer for status, answer in answers.items() if status != "5XX"} | ours


def _written_out(value: Any, document: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value and "/schemas/" not in value["$ref"]:
            _, _, kind, name = value["$ref"].split("/")
            return _written_out(document["components"][kind][name], document)
        return {key: _written_out(member, document) for key, member in value.items()}
    return [_written_out(member, document) for member in value] if isinstance(value, list) else value

"""The API's description as the tests read it: each route with its parameters and answers written out."""

from typing import Any


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The description of each route, by its key. Schemas stay references."""
    return {
        f"{method.upper()} {path}": said | {part: _written_out(said.get(part, {}), document) for part in _PARTS}
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    }


_PARTS = ("parameters", "responses")


def _written_out(value: Any, document: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        if "$ref" in value and "/schemas/" not in value["$ref"]:
            _, _, kind, name = value["$ref"].split("/")
            return _written_out(document["components"][kind][name], document)
        return {key: _written_out(member, document) for key, member in value.items()}
    return [_written_out(member, document) for member in value] if isinstance(value, list) else value

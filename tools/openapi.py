"""Generates the API's description from the handlers: functions/web/reference/openapi.yaml and routes.json.

`python -m tools.openapi` writes them; `--check` fails when they differ from the handlers.

Powertools describes the routes of each function that uses its resolver. This module joins these documents, adds the
routes of all other functions (`paths` in their handlers), and adds what Powertools leaves out (`_finished`).
openapi_words.py has the parts that belong to no route. openapi_shape.py moves repeated parts into the components.
"""

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "layers" / "ferryman"))

from ferryman.http.api import Api  # noqa: E402
from ferryman.http.models import Problem  # noqa: E402
from ferryman.http.needs import PUBLIC, Needs  # noqa: E402
from ferryman.http.routes import Route  # noqa: E402

from tools import openapi_shape as shape  # noqa: E402
from tools import openapi_words as words  # noqa: E402

TARGET = ROOT / "functions" / "web" / "reference"
_SCHEMA = "#/components/schemas/{model}"


@cache
def functions() -> dict[str, ModuleType]:
    """Every handler module, by the name of its folder."""
    return {path.parent.name: _load(path) for path in sorted((ROOT / "functions").glob("*/*/handler.py"))}


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"functions_{path.parent.name}_handler", path)
    assert spec and spec.loader  # noqa: S101 - the file was just listed
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def apis() -> list[Api]:
    """The resolvers of all functions that have one."""
    return [module.app for module in functions().values() if isinstance(getattr(module, "app", None), Api)]


def routes_of(module: ModuleType) -> list[Route]:
    """The routes of one handler module: those of its resolver, or of its `paths`.

    Empty for a function without routes.
    """
    if hasattr(module, "app"):
        return list(module.app.routes.values())
    return [
        Route(
            method=method.upper(),
            path=path,
            home=path,
            name=said["operationId"],
            tag=said["tags"][0],
            needs=Needs(PUBLIC),
            status=next(iter(said["responses"])),
            content=said.get("requestBody", {}).get("content"),
        )
        for path, methods in getattr(module, "paths", {}).items()
        for method, said in methods.items()
    ]


def routes() -> list[Route]:
    """Every route of every function."""
    return [route for module in functions().values() for route in routes_of(module)]


def document(strict: bool = False) -> dict[str, Any]:
    """The whole OpenAPI 3.1 document. With `strict`, answers have exactly the members that the document names."""
    known = {route.key: route for route in routes()}
    paths: dict[str, Any] = {}
    problem = Problem.model_json_schema(ref_template=_SCHEMA, mode="serialization")
    problem["examples"] = words.problem_examples()
    schemas: dict[str, Any] = {**problem.pop("$defs"), "Problem": problem, "Event": words.event_envelope()}
    for part in _parts():
        _join(schemas, part.get("components", {}).get("schemas", {}))
        for path, methods in part["paths"].items():
            for method, said in methods.items():
                paths.setdefault(path, {})[method] = _finished(known[f"{method.upper()} {path}"], said)
    whole = {
        **words.HEAD,
        "tags": words.tags({api.tag: api.description for api in apis()}),
        "paths": dict(sorted(paths.items())),
        "webhooks": words.webhooks(),
        "components": {"schemas": dict(sorted(schemas.items())), **words.components()},
    }
    return shape.compact(whole, strict)


def _parts() -> Iterator[dict[str, Any]]:
    """The OpenAPI document of each function that has routes."""
    for module in functions().values():
        if isinstance(getattr(module, "app", None), Api):
            schemes: Any = words.security_schemes()
            yield json.loads(
                module.app.get_openapi_schema(security_schemes=schemes).model_dump_json(
                    by_alias=True, exclude_none=True
                )
            )
        elif hasattr(module, "paths"):
            yield json.loads(json.dumps({"paths": module.paths}))


def _join(schemas: dict[str, Any], more: dict[str, Any]) -> None:
    """Add a function's schemas to `schemas`.

    Raises ValueError when two functions use one name for different schemas.
    """
    for name, schema in more.items():
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"Two models are called {name}, and they differ: rename one.")


def _finished(route: Route, said: dict[str, Any]) -> dict[str, Any]:
    """The operation of a route, with what the resolver leaves out, and without error answers that never occur."""
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", route.path)
    ]
    parameters += _query(route)
    if route.creates:
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if route.may_be_empty:
        said["requestBody"].pop("required", None)
    if route.path != route.home:
        said["description"] = f"The same as `{route.method} {route.home}`."
    answers = sorted(said["responses"].items())
    return {
        **{name: value for name, value in said.items() if name not in ("parameters", "responses")},
        "security": said.get("security", []),
        **({"parameters": parameters} if parameters else {}),
        "responses": {
            status: _answer(status, answer)
            for status, answer in answers
            if "HTTPValidationError" not in json.dumps(answer)
        },
    }


def _answer(status: str, said: dict[str, Any]) -> dict[str, Any]:
    if "ResponseValidationError" in json.dumps(said):
        said = words.error(int(status))
    answer = {name: value for name, value in said.items() if value}
    return {"headers": words.REQUEST_ID, **answer} if status >= "400" else answer


def _query(route: Route) -> list[dict[str, Any]]:
    """The query parameters of a route as its model describes them.

    The resolver itself would only describe their types.
    """
    if route.query is None:
        return []
    schema = route.query.model_json_schema(ref_template=_SCHEMA)
    parameters = []
    for name, field in schema["properties"].items():
        about = {"description": field.pop("description")} if "description" in field else {}
        parameters.append({"name": name, "in": "query", **about, "schema": _sent(field, schema)})
    return parameters


def _sent(field: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a query parameter without null and `$ref`: a query parameter is sent as text or left out."""
    if "$ref" in field:
        return _sent(schema["$defs"][field["$ref"].rpartition("/")[2]], schema)
    if "anyOf" in field:
        (text,) = [one for one in field["anyOf"] if one.get("type") != "null"]
        return _sent(text, schema)
    return field


def files() -> dict[Path, str]:
    """The text that each generated file should have, by its path."""
    methods: dict[str, list[str]] = {}
    for route in routes():
        methods.setdefault(route.path, []).append(route.method)
    heading = "# Generated from the handlers by `make openapi`; do not edit.\n"
    return {
        TARGET / "openapi.yaml": heading + shape.as_yaml(document()),
        TARGET / "routes.json": json.dumps({path: sorted(methods[path]) for path in sorted(methods)}, indent=1) + "\n",
    }


def main() -> int:
    stale = {path: text for path, text in files().items() if not path.exists() or path.read_text() != text}
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the handlers say. Run: make openapi")
        return 1 if stale else 0
    for path, text in stale.items():
        path.write_text(text)
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Generates the API's description from the handlers: functions/web/reference/openapi.yaml and routes.json.

`python -m tools.openapi` writes them; `--check` fails when they are not what the handlers say.
"""

import importlib.util
import json
import re
import sys
from http import HTTPStatus
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "layers" / "ferryman"))

from ferryman.events import catalogue  # noqa: E402
from ferryman.http import problems  # noqa: E402
from ferryman.http.models import Problem  # noqa: E402
from ferryman.http.operation import PUBLIC, Operation  # noqa: E402
from ferryman.identity import permissions  # noqa: E402

TARGET = ROOT / "functions" / "web" / "reference"
_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_MEANING = {
    400: "The body is not valid JSON.",
    401: "There is no token, or it is not valid any more.",
    403: "The token may not do this.",
    404: "There is no such thing in this workspace, or the caller may not see it.",
    405: "The address does not take this method.",
    409: "It conflicts with what is there, or somebody else changed it first.",
    413: "The body is larger than 64 KiB.",
    415: "The body is of a type that is not read here.",
    422: "What was sent is not acceptable; `errors` names each field.",
    429: "Too many requests; try again later.",
    500: "Something went wrong on our side.",
    503: "A part of the service did not answer; nothing was done. Send the request again.",
}
_ABOUT = """\
The API of Ferryman, an integrations hub for chat and workspace products.

Send a token as `Authorization: Bearer fm_live_…` or `X-API-Key: fm_live_…`. Errors are RFC 9457 problems; every
answer carries `X-Request-Id`. Lists are pages: send `next_cursor` as `cursor` for the next one. Times are UTC in
ISO 8601. A POST that creates takes an `Idempotency-Key`; repeated within 24 hours, it creates once.

Outgoing webhooks are described under **Webhooks**, and how to verify them in docs/receivers.md.
"""


def functions() -> dict[str, ModuleType]:
    """Every handler module, by the name of its folder."""
    return {path.parent.name: _load(path) for path in sorted((ROOT / "functions").glob("*/*/handler.py"))}


def _load(path: Path) -> ModuleType:
    name = f"functions_{path.parent.name}_handler"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader  # noqa: S101 - the file was just listed
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def operations() -> list[Operation]:
    """Every route of every function."""
    found: list[Operation] = []
    for module in functions().values():
        found += module.api.operations if hasattr(module, "api") else getattr(module, "operations", [])
    return found


def tags() -> list[dict[str, str]]:
    described = {module.api.tag: module.api.description for module in functions().values() if hasattr(module, "api")}
    described["Reference"] = "This description, and whether the API is up."
    return [{"name": name, "description": text} for name, text in sorted(described.items())]


def document() -> dict[str, Any]:
    """The whole OpenAPI 3.1 document."""
    found = operations()
    models = _models(found)
    schemas, definitions = models_json_schema(
        [(model, "serialization" if mode == "gives" else "validation") for model, mode in models],
        ref_template=_REF,
    )
    refs = {
        (model, mode): schema
        for (model, mode), schema in zip(models, (schemas[key] for key in _keys(models)), strict=True)
    }
    paths: dict[str, Any] = {}
    for operation in found:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ferryman",
            "version": "1",
            "summary": "Tokens, chats, incoming and outgoing webhooks.",
            "description": _ABOUT,
        },
        "servers": [{"url": "/"}],
        "tags": tags(),
        "paths": dict(sorted(paths.items())),
        "webhooks": _webhooks(),
        "components": {
            "schemas": dict(sorted(definitions["$defs"].items())),
            "securitySchemes": _security_schemes(),
        },
    }


type Key = tuple[type[BaseModel], str]


def _models(found: list[Operation]) -> list[Key]:
    models: dict[Key, None] = {(Problem, "gives"): None}
    for operation in found:
        if operation.takes:
            models[(operation.takes, "takes")] = None
        if isinstance(operation.gives, type) and issubclass(operation.gives, BaseModel):
            models[(operation.gives, "gives")] = None
    return list(models)


def _keys(models: list[Key]) -> list[Any]:
    return [(model, "serialization" if mode == "gives" else "validation") for model, mode in models]


def _operation(operation: Operation, refs: dict[Key, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation),
        "responses": _responses(operation, refs),
        "security": _security(operation),
    }
    if operation.description:
        described["description"] = operation.description
    if operation.takes:
        schema = refs[(operation.takes, "takes")]
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    elif operation.body_content:
        described["requestBody"] = {"required": True, "content": operation.body_content}
    if not described["parameters"]:
        del described["parameters"]
    return described


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    if operation.scope is PUBLIC:
        return []
    if operation.session:
        return [{"session": []}]
    needed = [operation.scope] if operation.scope else []
    return [{"bearer": needed}, {"api_key": needed}]


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(operation.path)
    ]
    if operation.query:
        schema = operation.query.model_json_schema(ref_template=_REF)
        for name, field in schema["properties"].items():
            field.pop("title", None)
            about = field.pop("description", "")
            field = _resolved(field, schema.get("$defs", {}))
            parameters.append({"name": name, "in": "query", "description": about, "schema": field})
    if operation.creates:
        parameters.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "Your own name for this request; repeated within 24 hours, it creates once.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            }
        )
    return parameters


def _resolved(field: Any, definitions: dict[str, Any]) -> Any:
    """The schema of a query parameter with its definitions written out."""
    if isinstance(field, dict):
        if "$ref" in field:
            return _resolved(definitions[field["$ref"].rpartition("/")[2]], definitions)
        return {key: _resolved(value, definitions) for key, value in field.items()}
    return [_resolved(value, definitions) for value in field] if isinstance(field, list) else field


def _statuses(operation: Operation) -> list[int]:
    """Every error status that the words of an operation imply."""
    statuses = {500, 503, *operation.errors} if operation.tag != "Reference" else set(operation.errors)
    if operation.scope is not PUBLIC:
        statuses |= {401, 413, 422}
        if operation.scope or operation.session:
            statuses.add(403)
        if "{" in operation.path:
            statuses.add(404)
        if operation.creates:
            statuses |= {404, 409}
        if operation.method in ("PATCH", "DELETE"):
            statuses |= {403, 409}
    if operation.takes:
        statuses |= {400, 413, 415, 422}
    return sorted(statuses)


def _responses(operation: Operation, refs: dict[Key, Any]) -> dict[str, Any]:
    request_id = {"X-Request-Id": {"description": "Names this request.", "schema": {"type": "string"}}}
    done: dict[str, Any] = {"description": HTTPStatus(operation.status).phrase, "headers": request_id}
    if operation.status != HTTPStatus.NO_CONTENT:
        if isinstance(operation.gives, dict):
            schema = operation.gives
        else:
            schema = {"type": "string"} if operation.gives is str else refs[(operation.gives, "gives")]
        if operation.media_type == "application/yaml":
            schema = {"type": "object", "description": "An OpenAPI document."}
        if operation.path == "/healthz":
            schema = {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]}
        done["content"] = {operation.media_type: {"schema": schema}}
    responses = {str(operation.status): done}
    for status in _statuses(operation):
        responses[str(status)] = {
            "description": _MEANING[status],
            "headers": request_id,
            "content": operation.error_content
            or {problems.CONTENT_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
        }
    return responses


def _security_schemes() -> dict[str, Any]:
    listed = "\n".join(f"- `{scope}`: {about}" for scope, about in permissions.DESCRIPTIONS.items())
    about = f"An API token, or a session, which may do all that its person's role allows. The scopes:\n\n{listed}"
    session = "The session of a person who signed in with POST /v1/sessions. API tokens are not accepted here."
    return {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "fm_live_…", "description": about},
        "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": about},
        "session": {"type": "http", "scheme": "bearer", "bearerFormat": "fm_sess_…", "description": session},
    }


def _webhooks() -> dict[str, Any]:
    return {
        type_: {
            "post": {
                "operationId": type_.replace(".", "_"),
                "summary": catalogue.CATALOGUE[type_].description,
                "tags": ["Webhooks"],
                "parameters": [
                    {
                        "name": name,
                        "in": "header",
                        "required": True,
                        "schema": {"type": "string"},
                        "description": about,
                    }
                    for name, about in {
                        "X-FM-Webhook-ID": "The webhook's id.",
                        "X-FM-Webhook-Event": "The event's type.",
                        "X-FM-Webhook-Timestamp": "When the attempt was signed, in unix seconds.",
                        "X-FM-Webhook-Signature": "t=<timestamp>,v1=<hex HMAC-SHA256 of `{t}.{body}`>.",
                        "X-FM-Delivery-ID": "Stable over retries; use it to ignore what you have seen.",
                        "X-FM-Delivery-Attempt": "1 for the first attempt.",
                    }.items()
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": catalogue.schema(type_),
                            "example": catalogue.example(type_),
                        }
                    },
                },
                "responses": {
                    "2XX": {"description": "Delivered. Anything else, or no answer in 8 seconds, is retried."},
                    "410": {"description": "No longer wanted: the webhook is disabled."},
                },
                "security": [],
            }
        }
        for type_ in catalogue.TYPES
    }


class _Dumper(yaml.SafeDumper):
    """Writes what is there twice twice: not every reader of OpenAPI knows YAML's aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def files() -> dict[Path, str]:
    """The generated files and their content."""
    described = document()
    routes: dict[str, list[str]] = {}
    for operation in operations():
        routes.setdefault(operation.path, []).append(operation.method)
    heading = "# Generated from the handlers by `make openapi`; do not edit.\n"
    return {
        TARGET / "openapi.yaml": heading
        + yaml.dump(described, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110),
        TARGET / "routes.json": json.dumps({path: sorted(routes[path]) for path in sorted(routes)}, indent=1) + "\n",
    }


def main() -> int:
    stale = [path for path, text in files().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not what the handlers say. Run: make openapi")
        return 1 if stale else 0
    for path in stale:
        path.write_text(files()[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

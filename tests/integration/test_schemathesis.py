"""schemathesis sends requests that openapi.yaml allows, and others. No answer is a 5xx or undescribed."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.conftest import Workspace
from tests.support.described import operations
from tests.support.template import ROOT
from tests.support.world import World
from tools import openapi

EXAMPLES = 12
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class FrontDoor:
    """The world's API as a WSGI application."""

    def __init__(self, world: World) -> None:
        self.world = world

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_") and isinstance(value, str) and name != "HTTP_ACCEPT_ENCODING"
        }
        if environ.get("CONTENT_TYPE"):
            headers["content-type"] = environ["CONTENT_TYPE"]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        answer = self.world.call(
            environ["REQUEST_METHOD"],
            _target(environ),
            headers=headers,
            body=environ["wsgi.input"].read(length) if length else None,
        )
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", list(answer.headers.items()))
        return [answer.body]


def _target(environ: WSGIEnvironment) -> str:
    path = quote(environ["PATH_INFO"].encode("latin-1"), safe="/")
    return f"{path}?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else path


@pytest.fixture(scope="session")
def explored() -> Any:
    """The description with one answer for each status, and with answers that have exactly the described members."""
    document = openapi.document(strict=True)
    for key, said in operations(document).items():
        method, path = key.split(" ")
        document["paths"][path][method.lower()]["responses"] = said["responses"]
    return schemathesis.openapi.from_dict(document)


ROUTES = json.loads((ROOT / "functions/web/reference/routes.json").read_text())


# Mattermost's clients are told by a 501 that files cannot be attached; a 5xx of any other route is a fault.
NOT_IMPLEMENTED = "/api/v4/files"


@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path in ROUTES if path != NOT_IMPLEMENTED for method in ROUTES[path]]
)
def test_every_answer_is_as_described(
    path: str, method: str, explored: Any, world: World, workspace: Workspace
) -> None:
    # Not schemathesis' own parametrization: that needs an older pytest.
    explored.app = FrontDoor(world)
    operation = explored[path][method]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def explore(case: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {workspace.token}"}
        case.call_and_validate(checks=CHECKS)

    explore()

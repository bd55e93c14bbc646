"""A value that breaks a field's constraint is refused with a sentence of ours that says how to correct it.

The tests are generated from the schemas and cover each constraint of each field.
"""

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from ferryman.http.needs import PUBLIC
from ferryman.http.routes import Route
from ferryman.integrations.connections import catalogue

from tests.integration.conftest import Workspace
from tests.support import violations
from tests.support.objects import Objects, path
from tests.support.world import Answer, World
from tools import openapi

ROUTES = {operation.key: operation for operation in openapi.routes()}
WITH_MODEL = [key for key, operation in ROUTES.items() if operation.takes]
WITH_QUERY = [key for key, operation in ROUTES.items() if operation.query]
CONNECTORS = {connector.configuration: key for key, connector in catalogue.CATALOGUE.items()}  # one of each kind
AT_ONCE = 5  # fields in one request: an answer has room for twenty mistakes

# A sentence says how the field must be, or that it does not belong there. None leaves that to another page.
SENTENCE = re.compile(r"^((the name )?must (?!.*GET /)|is not a known field; leave it out$)")
OF_PYDANTIC = re.compile(r"\b(Input|String|List|Field|Extra|Value error|should|valid|validation|dictionary|pattern)\b")


@pytest.fixture(scope="module")
def objects(world: World) -> Objects:
    made = world.bootstrap("Wrong")
    return Objects(Workspace(world, made["workspace_id"], made["user_id"], made["token"]))


def _rounds(members: dict[str, list[violations.Value]]) -> list[dict[str, violations.Value]]:
    """Groups of some fields at once: with the first wrong value of each field, then with the second, and so on."""
    rounds: list[dict[str, violations.Value]] = []
    names = list(members)
    for start in range(0, len(names), AT_ONCE):
        some = names[start : start + AT_ONCE]
        for number in range(max(len(members[name]) for name in some)):
            rounds.append({name: members[name][number] for name in some if number < len(members[name])})
    return rounds


def _check(answer: Answer, under: str, wrong: dict[str, violations.Value]) -> None:
    assert answer.status == 422, f"{wrong}: {answer.body!r}"
    assert violations.CANARY not in answer.body.decode().replace(f"/{violations.CANARY}", "")  # but for its own name
    errors = answer.json["errors"]
    for name, (what, _) in wrong.items():
        of_name = [one for one in errors if re.match(rf"{re.escape(under + name)}(/|$)", one["pointer"])]
        assert of_name or len(errors) == 20, f"{name} ({what}): {errors}"
        for one in of_name:
            assert SENTENCE.match(one["detail"]), f"{one['pointer']} ({what}): {one['detail']}"
            assert not OF_PYDANTIC.search(one["detail"]), f"{one['pointer']} ({what}): {one['detail']}"


def _caller(objects: Objects, operation: Route) -> Workspace:
    return objects.owner.signed_in() if operation.needs.session else objects.owner


def _body(given: dict[str, Any], wrong: dict[str, violations.Value]) -> dict[str, Any]:
    body = given | {name: value for name, (_, value) in wrong.items()}
    return {name: value for name, value in body.items() if value is not violations.Missing}


@pytest.mark.parametrize("key", WITH_MODEL)
def test_a_field_of_a_body_that_breaks_its_schema_is_refused_with_the_remedy(objects: Objects, key: str) -> None:
    operation = ROUTES[key]
    assert operation.takes
    token = None if operation.needs.scope is PUBLIC else _caller(objects, operation).token
    target, given = path(operation, objects.ids(operation)), objects.body(operation)
    for wrong in _rounds(violations.of_members(operation.takes.model_json_schema())):
        answer = objects.owner.world.call(operation.method, target, token=token, json_body=_body(given, wrong))
        _check(answer, "/", wrong)


@pytest.mark.parametrize("key", WITH_QUERY)
def test_a_parameter_that_breaks_its_schema_is_refused_with_the_remedy(objects: Objects, key: str) -> None:
    operation = ROUTES[key]
    assert operation.query
    members = violations.of_members(operation.query.model_json_schema())
    texts = {
        name: [(what, value) for what, value in values if isinstance(value, str | int) and not _fits(what)]
        for name, values in members.items()
    }
    target = path(operation, objects.ids(operation))
    for wrong in _rounds({name: values for name, values in texts.items() if values}):
        query = urlencode({name: value for name, (_, value) in wrong.items()})
        _check(_caller(objects, operation).call(operation.method, f"{target}?{query}"), "", wrong)


def _fits(what: str) -> bool:
    """Whether a value of a wrong type becomes valid when it is sent as text, as every query parameter is."""
    return what.startswith("a ") and not what.startswith("a string for")


@pytest.mark.parametrize("connector", CONNECTORS.values())
def test_a_configuration_that_breaks_its_schema_is_refused_with_the_remedy(objects: Objects, connector: str) -> None:
    model = catalogue.CATALOGUE[connector].configuration
    for wrong in _rounds(violations.of_members(model.model_json_schema())):
        body = {"connector": connector, "configuration": _body({}, wrong)}
        _check(objects.owner.call("POST", "/v1/connections", body), "/configuration/", wrong)

"""Handlers, template.yaml and openapi.yaml have the same routes."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from ferryman.http.needs import PUBLIC
from ferryman.identity import permissions
from ferryman.integrations.connections import catalogue
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.support import template
from tests.support.described import operations
from tools import openapi

OPERATIONS = {operation.key: operation for operation in openapi.routes()}
# The console's pages and files are not a part of the API.
PAGES = {key for key, folder in template.routes().items() if folder == "console" and key != "GET /"}
ROUTES = {key: folder for key, folder in template.routes().items() if key != "$default" and key not in PAGES}
# A greedy route, and one of every method, stands for the addresses that its function names (`http.greedy`).
GREEDY = {key: ROUTES.pop(key) for key in list(ROUTES) if key.startswith("ANY ") or "{proxy+}" in key}
BEHIND = {
    operation.key: folder
    for folder in sorted(set(GREEDY.values()))
    for operation in openapi.routes_of(openapi.functions()[folder])
    if operation.key not in ROUTES
}
ROUTES |= BEHIND
TEXT = (openapi.TARGET / "openapi.yaml").read_text()
DOCUMENT: dict[str, Any] = yaml.load(TEXT, yaml.CSafeLoader)


@cache
def described() -> dict[str, dict[str, Any]]:
    """The description of each route in openapi.yaml, by its key."""
    return operations(DOCUMENT)


def test_the_written_reference_is_what_the_handlers_say() -> None:
    stale = [path.name for path, text in openapi.files().items() if path.read_text() != text]
    assert not stale, f"{stale}: run make openapi"


def test_openapi_yaml_is_valid_openapi() -> None:
    errors = [
        f"{'/'.join(map(str, error.path))}: {error.message}"
        for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()
    ]
    assert not errors


def test_openapi_yaml_can_be_read_without_knowing_yaml_well() -> None:
    """Not every reader of OpenAPI supports YAML's anchors and aliases."""
    assert not re.search(r"(?m)^\s*[^#\n]*[:-] [&*]id\d+", TEXT)


def test_handlers_template_and_reference_know_the_same_routes() -> None:
    assert set(ROUTES) == set(OPERATIONS)
    assert set(described()) == set(OPERATIONS)
    written = json.loads((openapi.TARGET / "routes.json").read_text())
    assert {f"{method} {path}" for path, methods in written.items() for method in methods} == set(OPERATIONS)


def test_the_console_has_a_route_for_each_of_its_pages() -> None:
    console = openapi.functions()["console"]
    assert {f"GET {path}" for path in (*console.PAGES, console.ASSETS)} == PAGES


def test_the_console_offers_every_scope_once_for_a_token() -> None:
    """A scope that is in no group has no checkbox in the form."""
    text = (template.ROOT / "console/src/texts.ts").read_text()
    (groups,) = re.findall(r"scopeGroups: \{(.*?)\} satisfies", text, re.DOTALL)
    assert sorted(re.findall(r"'(\w+:[\w*]+)'", groups)) == sorted(permissions.ALL)


def _leads_to(greedy: str, key: str) -> bool:
    """Whether API Gateway routes a request for the address `key` to the route `greedy`."""
    method, _, whole = greedy.partition(" ")
    path, _, rest = whole.partition("{proxy+}")
    wanted, _, address = key.partition(" ")
    if method not in ("ANY", wanted):
        return False
    return not rest and (address.startswith(path) and address != path if "{proxy+}" in greedy else address == path)


def test_each_greedy_route_has_addresses_and_each_of_them_a_greedy_route() -> None:
    for greedy, folder in GREEDY.items():
        assert [key for key, mine in BEHIND.items() if mine == folder and _leads_to(greedy, key)], greedy
    for key, folder in BEHIND.items():
        assert [greedy for greedy, its in GREEDY.items() if its == folder and _leads_to(greedy, key)], key
    for folder in set(GREEDY.values()):
        module = openapi.functions()[folder]
        for key in (key for key, mine in BEHIND.items() if mine == folder):
            assert module.ADDRESSES.find(*key.split(" ")).key == key


def test_a_route_leads_to_the_function_that_registers_it() -> None:
    for folder, module in openapi.functions().items():
        mine = {key for key, function in ROUTES.items() if function == folder}
        assert mine == {operation.key for operation in openapi.routes_of(module)}, folder


def test_no_route_is_registered_twice() -> None:
    assert len(openapi.routes()) == len(OPERATIONS)
    names = [operation["operationId"] for operation in described().values()]
    assert len(set(names)) == len(names)


def test_every_kind_of_webhook_has_the_same_routes() -> None:
    kinds = {
        "/v1/webhooks": "/v1/deliveries",
        "/v1/me/webhooks": "/v1/me/webhooks/{}/deliveries",
        "/v1/bots/{}/callbacks": "/v1/bots/{}/callbacks/{}/deliveries",
    }
    plain = {re.sub(r"\{\w+\}", "{}", key) for key in OPERATIONS}
    routes = {
        webhooks: {key.replace(deliveries + "/", "delivery/").replace(webhooks, "") for key in plain if webhooks in key}
        | {key.replace(deliveries, "delivery") for key in plain if f" {deliveries}/" in key}
        for webhooks, deliveries in kinds.items()
    }
    # The others go with their person or bot; callbacks hold events too, under the address of webhooks.
    routes["/v1/webhooks"] -= {"PUT /{}/owner", "GET /{}/held"}
    routes["/v1/webhooks"] -= {"POST /delete", "POST /{}/send"}  # a workspace connects many systems with them
    routes["/v1/webhooks"] -= {"GET delivery/statistics"}  # of all of them at once
    assert len(routes["/v1/webhooks"]) == 16
    assert routes["/v1/webhooks"] == routes["/v1/me/webhooks"] == routes["/v1/bots/{}/callbacks"]


def test_an_error_is_written_once() -> None:
    inline = [
        f"{method} {path} {status}"
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
        for status, answer in operation["responses"].items()
        if "application/problem+json" in answer.get("content", {})
    ]
    assert not inline


def test_the_document_stays_small() -> None:
    """A browser loads the whole document. With every answer written out, it had 6 kB for each route."""
    assert len(TEXT.encode()) < 1_250 * len(OPERATIONS)


def test_each_error_has_a_meaning_and_an_example() -> None:
    examples = {str(problem["status"]): problem for problem in DOCUMENT["components"]["schemas"]["Problem"]["examples"]}
    meant = set(re.findall(r"(?m)^- (\d+): ", DOCUMENT["info"]["description"]))
    answered = {
        status
        for said in described().values()
        for status, answer in said["responses"].items()
        if "application/problem+json" in answer.get("content", {})
    }
    assert answered <= meant
    assert answered <= set(examples)
    assert {"400", "401", "403", "404", "409", "413", "415", "422", "429", "500", "503"} <= answered
    for problem in examples.values():
        assert {"type", "title", "status", "detail", "request_id"} <= set(problem)


def test_answers_may_get_members_and_bodies_may_not() -> None:
    """Clients must accept new members in answers. An unknown member in a request body is a mistake."""
    schemas = DOCUMENT["components"]["schemas"]
    assert "additionalProperties" not in schemas["ChatOut"]
    assert schemas["ChatIn"]["additionalProperties"] is False
    assert openapi.document(strict=True)["components"]["schemas"]["ChatOut"]["additionalProperties"] is False


def test_no_two_routes_differ_in_a_parameters_name_only() -> None:
    """API Gateway would treat both as one route, and pass the parameter under the wrong name."""
    shapes: dict[str, str] = {}
    for path in DOCUMENT["paths"]:
        shape = re.sub(r"\{\w+\}", "{}", path)
        assert shapes.setdefault(shape, path) == path


@pytest.mark.parametrize("key", OPERATIONS)
def test_a_route_is_described_for_somebody_who_wants_to_use_it(key: str) -> None:
    operation, said = OPERATIONS[key], described()[key]
    assert said["summary"]
    assert not said["summary"].endswith(".")
    assert [tag for tag in DOCUMENT["tags"] if tag["name"] in said["tags"]]
    wanted = set(re.findall(r"\{(\w+)\}", operation.path))
    assert {parameter["name"] for parameter in said.get("parameters", []) if parameter["in"] == "path"} == wanted
    assert ("requestBody" in said) == bool(operation.takes or operation.content)
    assert all(answer["description"] for answer in said["responses"].values())
    errors = [answer for status, answer in said["responses"].items() if status >= "400"]
    assert all("X-Request-Id" in answer["headers"] for answer in errors)


@pytest.mark.parametrize("key", [key for key, operation in OPERATIONS.items() if operation.needs.scope is not PUBLIC])
def test_a_route_says_what_it_needs_and_how_it_refuses(key: str) -> None:
    operation, said = OPERATIONS[key], described()[key]
    refusals = {"401", "500", "503"}
    if operation.needs.scope:
        assert operation.needs.scope in permissions.ALL
        refusals.add("403")
    if "{" in operation.path:
        refusals.add("404")
    if operation.takes:
        refusals |= {"400", "413", "415", "422"}
    if operation.creates:
        refusals |= {"409"}
        assert "Idempotency-Key" in {parameter["name"] for parameter in said["parameters"]}
    if operation.needs.session:
        assert refusals | {"403"} <= set(said["responses"])
        assert said["security"] == [{"session": []}]
        return
    assert refusals <= set(said["responses"])
    assert said["security"] == [
        *({scheme: [operation.needs.scope] if operation.needs.scope else []} for scheme in ("bearer", "api_key")),
        *([{"application": []}] if operation.needs.applications else []),
    ]


def test_a_route_is_public_only_if_its_path_holds_a_secret_or_it_needs_none() -> None:
    public = {key for key, operation in OPERATIONS.items() if operation.needs.scope is PUBLIC}
    without_secret = {key for key in public if "secret}" not in key and OPERATIONS[key].tag != "Reference"}
    assert without_secret <= PUBLIC_ROUTES, "a new public route: does it really need no token? Then list it here"


# Routes without a token: what makes each of them safe.
PUBLIC_ROUTES = {
    "POST /v1/invitations/accept",  # the invitation in the body, used up by it
    "POST /v1/sessions",  # the password, after ten failures in a row only now and then
    "POST /v1/tokens/revoke-by-secret",  # the token itself, which it revokes; thirty a minute from one address
    "POST /webhooks/{app_name}/{token}",  # the application's token
    "POST /webhooks/{token}/fchat",
    "GET /avatars/{avatar}",  # a picture for browsers, by ids and a hash that nobody guesses; it shows nothing else
    # Mattermost's API checks its callers itself, to refuse in its own words: tests/integration/mattermost/test_v4.py
    *(key for key, operation in OPERATIONS.items() if operation.path.startswith("/api/v4/")),
}


@pytest.mark.parametrize("key", [key for key, operation in OPERATIONS.items() if operation.method == "POST"])
def test_a_creating_route_answers_201(key: str) -> None:
    operation = OPERATIONS[key]
    if operation.creates:
        assert operation.status in (201, 202)


def test_lists_are_pages() -> None:
    for key, operation in OPERATIONS.items():
        if operation.query:
            fields = set(operation.query.model_fields)
            assert {"limit", "cursor"} <= fields, key


def _schemas(value: Any) -> Any:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _schemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _schemas(inner)


def test_request_bodies_take_no_unknown_fields() -> None:
    for operation in OPERATIONS.values():
        if operation.takes:
            assert operation.takes.model_config.get("extra") == "forbid", operation.takes
            assert operation.takes.model_config.get("strict") is True, operation.takes


def _unlimited(schema: Any) -> Iterator[str]:
    """The JSON of each array schema without `maxItems` inside of a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "array" and "maxItems" not in schema:
            yield json.dumps(schema)
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _unlimited(part)


def test_every_list_in_a_request_has_a_limit() -> None:
    """A body has room for 130,000 invalid items.

    Describing all their errors takes more time and memory than a function has.
    """
    configurations = [connector.configuration for connector in catalogue.CATALOGUE.values()]
    for model in [operation.takes for operation in OPERATIONS.values() if operation.takes] + configurations:
        assert not list(_unlimited(model.model_json_schema())), model.__name__


def test_no_answer_but_the_creating_one_has_room_for_a_secret() -> None:
    """Only answers to POST (create, rotate, sign in) may have one of the fields listed here, which carry secrets."""
    secret_fields = {"token", "secret", "secret_hash", "ciphertext", "password", "cursor_key", "secrets"}
    for key, operation in OPERATIONS.items():
        answer = described()[key]["responses"][str(operation.status)]
        names = {
            name for schema in _schemas(_resolved(answer.get("content", {}))) for name in schema.get("properties", {})
        }
        if names & secret_fields:
            assert operation.method == "POST", f"{key} shows {names & secret_fields}"


def _resolved(value: Any) -> Any:
    if isinstance(value, dict):
        if "$ref" in value:
            return _resolved(DOCUMENT["components"]["schemas"][value["$ref"].rpartition("/")[2]])
        return {key: _resolved(inner) for key, inner in value.items()}
    return [_resolved(inner) for inner in value] if isinstance(value, list) else value

"""Every route gets hostile input: no answer is a 5xx or repeats a secret, and a refused request writes nothing.

The tests are generated from the routes.
"""

import json
from typing import Any
from urllib.parse import quote

import pytest
from ferryman import clock
from ferryman.http.needs import PUBLIC
from ferryman.http.routes import Route
from ferryman.identity.credentials import secrets
from ferryman.identity.logins import sign_in_failures
from ferryman.integrations.application_requests import table as application_requests
from pydantic import BaseModel

from tests.integration.conftest import Workspace
from tests.support.objects import PARAMETER, Objects, path
from tests.support.world import Answer, World
from tools import openapi


def _fields(model: type[BaseModel] | None) -> list[str]:
    return list(model.model_fields) if model else []


# Mattermost's API takes its own sessions and answers in its own form, as the reply addresses of commands do:
# tests/integration/mattermost and test_commands.py have their routes.
ROUTES = {
    operation.key: operation
    for operation in openapi.routes()
    if not operation.path.startswith(("/api/v4/", "/hooks/commands/"))
}
WITH_BODY = [key for key, operation in ROUTES.items() if operation.takes or operation.content]
WITH_MODEL = [key for key, operation in ROUTES.items() if operation.takes]
WITH_IDS = [key for key in ROUTES if PARAMETER.search(key)]
WITH_QUERY = [key for key, operation in ROUTES.items() if operation.query]
WITH_RANGE = [key for key, operation in ROUTES.items() if {"since", "until"} <= set(_fields(operation.query))]
WITH_RANGE_IN_BODY = [key for key, operation in ROUTES.items() if {"since", "until"} <= set(_fields(operation.takes))]
SIGNED_IN = [key for key, operation in ROUTES.items() if operation.needs.scope is not PUBLIC]
CREATING = [key for key, operation in ROUTES.items() if operation.creates]

# Bodies that are not a JSON object, for every route that takes one.
BROKEN_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \r\n\t",
    "half an object": b'{"name": "x"',
    "two objects": b"{}{}",
    "an array": b"[]",
    "null": b"null",
    "a bomb of arrays": b"[" * 30_000,
    "a bomb of objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "NaN": b'{"name":NaN}',
    "1e999": b'{"name":1e999}',
    "5,000 digits": b'{"name":' + b"9" * 5_000 + b"}",
    "a lone surrogate": b'{"name":"\\ud800"}',
    "UTF-16": '{"name":"x"}'.encode("utf-16"),
    "an overlong character": b'{"name":"\xc0\xaf"}',
    "a NUL": b'{"name":"x\\u0000"}',
    "a key twice": b'{"name":"x","name":"y"}',
    "a comment": b"/* x */ {}",
    "a form": b"name=x&scopes=admin%3A*",
    "XML": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
    "too many bytes": b'{"name":"' + b"x" * 270_000 + b'"}',
}
# Values that no field of ours takes as they are.
HOSTILE_VALUES: list[Any] = [
    None,
    True,
    -1,
    1e308,
    "",
    "\u202e",
    "x" * 60_000,
    "💣" * 4_000,
    "../../etc/passwd",
    [],
    ["x"] * 3_000,
    {"$gt": ""},
]
HOSTILE_IDS = [
    "x",
    "*",
    "%00",
    "..",
    "\0",
    "\r\nX: y",
    "a/b",
    "é",
    "\u202e",
    "a" * 129,
    "a" * 3_000,
    "{chat_id}",
    "'\"`;--",
    "a?b",
    "a b",
    "cht_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
    "usr_",
    "email/ada@example.com",
]
HOSTILE_QUERIES = [
    "limit=0",
    "limit=101",
    "limit=x",
    "limit=1&limit=2",
    "limit=" + "9" * 5_000,
    "limit=١",
    "cursor=",
    "cursor=%00",
    "cursor=%ff",
    "cursor=" + "A" * 2_000,
    "cursor=" + "A" * 3_000,
    "cursor=eyJ3b3Jrc3BhY2VfaWQiOiJ4In0",
    "limit[$gt]=1",
    "%00=%00",
    "x" * 3_000 + "=1",
]
HOSTILE_HEADERS: list[dict[str, str]] = [
    {"content-type": "text/html"},
    {"content-type": "\0"},
    {"content-type": "application/json; charset=utf-7"},
    {"content-type": "multipart/form-data; boundary=" + "x" * 3_000},
    {"idempotency-key": ""},
    {"idempotency-key": "é"},
    {"idempotency-key": "x" * 256},
    {"idempotency-key": "../../x"},
    {"host": "evil.example"},
    {"accept-encoding": "é"},
    {"x-http-method-override": "DELETE"},
    {"x-request-id": "x" * 5_000},
    {"x-fm-delivery-id": "é"},
    {"x-fm-delivery-id": "dlv_" + "x" * 3_000},
    {"cookie": "a=" + "b" * 4_000},
]


class Attacker:
    """A caller with every permission, who checks that refused requests write nothing."""

    def __init__(self, world: World) -> None:
        made = world.bootstrap("Fuzzed")
        self.world = world
        self.owner = Workspace(world, made["workspace_id"], made["user_id"], made["token"])
        self.objects = Objects(self.owner)

    def target(self, operation: Route) -> str:
        return path(operation, self.objects.ids(operation))

    def send(self, operation: Route, target: str, **options: Any) -> Answer:
        """Send a request. Fails for a 5xx, or if a refused request changed the number of rows."""
        token = None if operation.needs.scope is PUBLIC else self.owner.token
        if operation.needs.session:
            token = self.owner.signed_in().token  # a new one each time: some routes end it
        before = self._rows()
        answer = self.world.call(operation.method, target, token=token, **options)
        assert answer.status < 500, f"{options}: {answer.status} {answer.body!r}"
        if answer.status >= 400:
            assert self._rows() == before, f"{options}: refused with {answer.status}, but something was written"
            assert len(answer.body) < 10_000
        return answer

    def _rows(self) -> dict[str, int]:
        """The number of rows of each table, without those that a refused request writes on purpose.

        These are the count of failed sign-ins and the log of applications' requests.
        """
        written_anyway = {self.world.table(sign_in_failures.TABLE), self.world.table(application_requests.TABLE)}
        return {table: count for table, count in self.world.rows().items() if table not in written_anyway}


@pytest.fixture(scope="module")
def attacker(world: World) -> Attacker:
    return Attacker(world)


def _media_type(operation: Route) -> str:
    """The first media type that an operation accepts."""
    return next(iter(operation.content or ()), "application/json")


@pytest.mark.parametrize("key", WITH_BODY)
def test_a_broken_body_is_refused(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    target = attacker.target(operation)
    for what, content in BROKEN_BODIES.items():
        if operation.may_be_empty and not content.strip():
            continue
        answer = attacker.send(operation, target, body=content, headers={"content-type": _media_type(operation)})
        assert answer.status in (400, 413, 422), f"{what}: {answer.status} {answer.body!r}"


@pytest.mark.parametrize("key", [key for key in WITH_MODEL if ROUTES[key].may_be_empty])
def test_a_body_in_which_nothing_is_required_may_be_left_out(attacker: Attacker, key: str) -> None:
    """A missing body is read as `{}`. The answers may differ only because the first request changed something."""
    operation = ROUTES[key]
    answers = [attacker.send(operation, attacker.target(operation), body=body) for body in (None, b"", "{}")]
    for answer in answers:
        assert answer.status < 300 or answer.status in (409, 422), f"{answer.status} {answer.body!r}"
        assert "body is empty" not in answer.json.get("detail", "")


@pytest.mark.parametrize("key", WITH_MODEL)
def test_a_hostile_field_is_harmless(attacker: Attacker, key: str) -> None:
    """Tests each field alone. The route may accept the value, but must not write anything if it refuses."""
    operation = ROUTES[key]
    assert operation.takes
    target = attacker.target(operation)
    for name in operation.takes.model_fields:
        for value in HOSTILE_VALUES:
            body = {**attacker.objects.body(operation), name: value}
            if len(json.dumps(body)) <= 65_536:
                attacker.send(operation, target, json_body=body)


@pytest.mark.parametrize("key", WITH_MODEL)
def test_fields_that_are_not_the_callers_to_set_are_refused(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    assert operation.takes
    inner = (
        "id workspace_id created_by created_at updated_at secret secret_hash livemode prefix status revision origin "
        "deleted_at undispatched topics cursor_key is_admin bot_id"
    )
    names = set(inner.split()) - set(operation.takes.model_fields)
    body = {**attacker.objects.body(operation), **dict.fromkeys(names, "x")}
    answer = attacker.send(operation, attacker.target(operation), json_body=body)
    assert answer.status == 422
    assert {error["pointer"] for error in answer.json["errors"]} >= {f"/{name}" for name in names}


@pytest.mark.parametrize("key", WITH_MODEL)
def test_a_secret_that_is_sent_in_the_wrong_place_is_not_repeated(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    assert operation.takes
    target, token = attacker.target(operation), secrets.new_token(livemode=True)
    places: list[Any] = [{token: 1}, {"a": {token: 1}}, [token], token]
    for name in operation.takes.model_fields:
        places += [{**attacker.objects.body(operation), name: wrong} for wrong in ([token], {token: token})]
    for body in places:
        answer = attacker.send(operation, target, json_body=body)
        if answer.status >= 400:
            assert token[8:] not in answer.body.decode(), f"{body}: {answer.body!r}"


@pytest.mark.parametrize("key", WITH_IDS)
def test_a_hostile_id_names_nothing(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    real = attacker.objects.ids(operation)
    for name in real:
        for hostile in HOSTILE_IDS:
            answer = attacker.send(
                operation, path(operation, real | {name: hostile}), json_body=attacker.objects.body(operation)
            )
            assert answer.status in (404, 405), f"{name}={hostile!r}: {answer.status} {answer.body!r}"


@pytest.mark.parametrize("key", WITH_IDS)
def test_an_id_as_it_stands_is_not_decoded_twice(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    real = attacker.objects.ids(operation)
    for name in real:
        twice = real | {name: quote(f"{real[name]}/", safe="")}
        answer = attacker.send(operation, path(operation, twice), json_body=attacker.objects.body(operation))
        assert answer.status == 404


@pytest.mark.parametrize("key", WITH_QUERY)
def test_a_hostile_query_is_refused(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    assert operation.query
    for query in HOSTILE_QUERIES:
        answer = attacker.send(operation, f"{attacker.target(operation)}?{query}")
        assert answer.status == 422, f"{query[:60]}: {answer.status} {answer.body!r}"
    for name, field in operation.query.model_fields.items():
        for value in ("", "%00", "x" * 3_000, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"):
            answer = attacker.send(operation, f"{attacker.target(operation)}?{name}={quote(value, safe='%')}")
            assert answer.status in (200, 422), f"{name}={value[:60]}: {answer.status} {answer.body!r} {field}"


@pytest.mark.parametrize("key", WITH_RANGE)
def test_a_time_range_that_ends_before_it_begins_is_refused(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    times = ["0001-01-01T00:00:00Z", clock.now_iso(), "9999-12-31T23:59:59Z"]
    for since in times:
        for until in times:
            query = f"since={quote(since)}&until={quote(until)}"
            answer = attacker.send(operation, f"{attacker.target(operation)}?{query}")
            assert answer.status == (200 if since < until else 422), f"{query}: {answer.body!r}"
            if answer.status == 422:
                assert answer.json["errors"] == [{"pointer": "until", "detail": "must be after since"}]


@pytest.mark.parametrize("key", WITH_RANGE_IN_BODY)
def test_a_time_range_in_a_body_that_ends_before_it_begins_is_refused(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    for since, until in (("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"), ("2026-01-01T00:00:00Z",) * 2):
        body = {"since": since, "until": until}
        answer = attacker.send(operation, attacker.target(operation), json_body=body)
        assert answer.status == 422
        assert answer.json["errors"] == [{"pointer": "/until", "detail": "must be after since"}]


@pytest.mark.parametrize("key", [key for key in SIGNED_IN if key not in WITH_QUERY])
def test_a_route_without_a_query_takes_none(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    token = secrets.new_token(livemode=True)
    for query in ("x=1", "limit=1", f"{token}=1", "x" * 3_000 + "=1"):
        answer = attacker.send(
            operation, f"{attacker.target(operation)}?{query}", json_body=attacker.objects.body(operation)
        )
        assert answer.status == 422
        assert "leave" in answer.json["detail"]
        assert token[8:] not in answer.body.decode()


@pytest.mark.parametrize("key", WITH_BODY)
def test_hostile_headers_are_harmless(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    # Refused for its body at the end, so that only the headers are tried.
    good = attacker.objects.body(operation)
    body = good[:9] if isinstance(good, bytes) else json.dumps({**good, **({"unknown": 1} if operation.takes else {})})
    for headers in HOSTILE_HEADERS:
        sent = {"content-type": _media_type(operation), **headers}
        attacker.send(operation, attacker.target(operation), body=body, headers=sent)


@pytest.mark.parametrize("key", CREATING)
def test_a_hostile_idempotency_key_creates_nothing(attacker: Attacker, key: str) -> None:
    operation = ROUTES[key]
    for hostile in ("", " ", "é", "x" * 256, "x\ny", "a b"):
        answer = attacker.send(
            operation,
            attacker.target(operation),
            json_body=attacker.objects.body(operation),
            headers={"idempotency-key": hostile},
        )
        assert (answer.status, answer.json["errors"][0]["pointer"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize("key", SIGNED_IN)
def test_other_methods_are_refused_with_the_allowed_ones(attacker: Attacker, key: str) -> None:
    target = attacker.target(ROUTES[key])
    here = {other.method for other in ROUTES.values() if other.path == ROUTES[key].path}
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - here:
        answer = attacker.world.call(method, target, token=attacker.owner.token)
        if answer.route in ROUTES:
            continue  # the path reads as another route's too, with a word of it as the id
        assert answer.status == 405
        assert set(answer.headers["allow"].split(", ")) >= here

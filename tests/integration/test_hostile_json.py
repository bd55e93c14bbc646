"""Any JSON as a body, drawn by Hypothesis: no 5xx, and no value from the body in a refusal."""

import json
from typing import Any

import pytest
from ferryman.http.needs import PUBLIC
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.conftest import Workspace
from tests.support.objects import Objects, path
from tests.support.world import World
from tools import openapi

ROUTES = {operation.key: operation for operation in openapi.routes() if operation.takes}
EXAMPLES = 12
CANARY = "zq9vk7"  # stands in every text that is sent
# A name of 25 characters or more may be a secret. The short ones mean something where sentences and places are made.
LONG = [f"password-of-the-database {CANARY}", f"{'é' * 20}\u202e{CANARY}", f"{{max_length}}{'{' * 20}{CANARY}"]
SHORT = [
    "",
    "/",
    "~1",
    "[key]",
    "literal['x']",
    "{max_length}",
    "{0}",
    "%s",
    "\u202e",
    "\x1b[2J",
    "a\r\nb",
    "body",
    "query",
]
_NUMBERS = st.sampled_from([0, -1, 1, 5.0, 0.1, 1e308, -1e308, 5e-324, 2**63, 10**37, -(10**37)])
_TEXTS = st.sampled_from(
    ["", "{}", "2026-12-31T23:59:59Z", "https://", "http://[", "{expected}", "usr_", "\u202e", "é" * 300, "x" * 20_000]
).map(lambda text: f"{text}{CANARY}")
_NAMES = st.sampled_from([*LONG, *SHORT])
_ANY = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def objects(world: World) -> Objects:
    made = world.bootstrap("Hostile")
    return Objects(Workspace(world, made["workspace_id"], made["user_id"], made["token"]))


@pytest.mark.parametrize("key", ROUTES)
def test_any_json_is_refused_without_a_fault_and_without_its_values(objects: Objects, key: str) -> None:
    operation = ROUTES[key]
    assert operation.takes
    fields = list(operation.takes.model_fields)
    bodies = _ANY | st.dictionaries(st.sampled_from(fields) | _NAMES, _ANY, min_size=1, max_size=4)
    good = objects.body(operation)
    target = path(operation, objects.ids(operation))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(body=bodies, over=st.booleans())
    def sent(body: Any, over: bool) -> None:
        caller = objects.owner.signed_in() if operation.needs.session else objects.owner
        token = None if operation.needs.scope is PUBLIC else caller.token
        body = {**good, **body} if over and isinstance(body, dict) else body
        answer = objects.owner.world.call(operation.method, target, token=token, body=json.dumps(body))
        assert answer.status < 500, f"{body}: {answer.body!r}"
        if answer.status < 400:
            return
        shown = json.dumps(answer.json, ensure_ascii=False)
        assert CANARY not in shown, f"{body}: {shown}"
        if answer.status == 422 and isinstance(body, dict) and len(answer.json["errors"]) < 20:
            places = {error["pointer"] for error in answer.json["errors"]}
            unknown = [name for name in SHORT if name in body and name not in fields]
            assert places >= {f"/{name.replace('~', '~0').replace('/', '~1')}" for name in unknown}, f"{body}: {shown}"

    sent()

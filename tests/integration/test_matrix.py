"""Every route refuses every caller without access. The tests are generated from the routes, so new routes are covered.

`test_tenant_isolation` does the same for callers of another workspace.
"""

from typing import Any

import pytest
from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.http.needs import SIGNED_IN
from ferryman.http.routes import Route
from ferryman.identity import permissions, plans
from ferryman.identity.credentials import secrets
from ferryman.identity.permissions import Role
from ferryman.identity.plans import Plan
from ferryman.identity.tokens import service as tokens
from ferryman.identity.tokens.schema import TokenIn
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User

from tests.integration.conftest import Workspace
from tests.support import matrix
from tests.support.matrix import ROUTES, WITH_IDS, Scene, check_not_there, said, unknown
from tests.support.objects import PARAMETER, path, unknown_like
from tests.support.world import World

WITH_SCOPE = [key for key, operation in ROUTES.items() if operation.needs.scope != SIGNED_IN]
ROLES: tuple[Role, ...] = ("owner", "admin", "manager", "staff", "bot")

# Every caller with the scope sees these, member of a chat or not. The rest is for members and owners of the thing.
SEEN_BY_ALL = {"user_id", "handle"}
# Live and test credentials share these: people with their sessions, and chats. The rest is either live or test.
SHARED_BY_MODES = {"chat_id", "user_id", "bot_id", "session_id"}


@pytest.fixture(scope="module")
def scene(world: World) -> Scene:
    return matrix.scene(world)


# --- 401: nobody ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strangers(scene: Scene) -> dict[str, dict[str, str]]:
    """Headers that authenticate no caller, by what is wrong with them."""
    owner = scene.home.owner
    token = owner.token
    revoked = owner.make("/v1/tokens", {"name": "r", "scopes": ["admin:*"], "environment": "production"})
    assert owner.call("DELETE", f"/v1/tokens/{revoked['id']}").status == 204
    soon = clock.iso(clock.now() - 1)
    body = {"name": "e", "scopes": ["admin:*"], "environment": "production", "expires_at": soon}
    with scene.world.inside("bootstrap"):
        _, expired, writes = tokens.prepare(
            owner.workspace_id, owner.user_id, "owner", TokenIn.model_validate(body), created_by="test"
        )
        store.commit(writes)
    leaver = owner.person("admin", "admin:*")
    assert owner.call("PATCH", f"/v1/users/{leaver.user_id}", {"active": False}).status == 200
    hook_secret = scene.home.id("secret")
    bearers = {
        "revoked": revoked["token"],
        "expired": expired,
        "of a deactivated user": leaver.token,
        "never made": secrets.new_token(livemode=True),
        "with its environment swapped": token.replace("fm_live_", "fm_test_"),
        "with a wrong checksum": token[:-1] + ("0" if token[-1] != "0" else "1"),
        "too short": token[:-1],
        "too long": token + "0",
        "garbage": "garbage",
        "an incoming webhook's secret": hook_secret,
        "a token's hash": secrets.digest(token),
        "a token's display prefix": secrets.shown(token),
        "not ASCII": "fm_live_é",
    }
    return {
        "nothing": {},
        "an empty header": {"authorization": ""},
        "no token after Bearer": {"authorization": "Bearer "},
        "another scheme": {"authorization": f"Basic {token}"},
        "a token without a scheme": {"authorization": token},
        "two tokens": {"authorization": f"Bearer {token} {token}"},
        "an empty X-API-Key": {"x-api-key": ""},
        "a bad Authorization beside a good X-API-Key": {"authorization": "Bearer x", "x-api-key": token},
        **{f"a token that is {what}": {"authorization": f"Bearer {one}"} for what, one in bearers.items()},
        **{f"an X-API-Key that is {what}": {"x-api-key": one} for what, one in list(bearers.items())[:3]},
    }


@pytest.mark.parametrize("key", ROUTES)
def test_nobody_gets_in_without_a_valid_token(scene: Scene, strangers: dict[str, dict[str, str]], key: str) -> None:
    operation = ROUTES[key]
    parameters, before = scene.home.ids(operation), scene.rows(operation)
    for what, headers in strangers.items():
        answer = scene.send(operation, parameters, None, headers=headers)
        assert answer.status == 401, f"{key} with {what}: {answer.status} {answer.body!r}"
        for secret in headers.values():
            assert len(secret) < 10 or secret.encode() not in answer.body, f"{key} repeats {what}"
    assert scene.world.rows() == before


@pytest.mark.parametrize("key", ROUTES)
def test_a_stranger_learns_nothing(scene: Scene, key: str) -> None:
    """The answer shows neither whether an object exists, nor how a body or a query should look."""
    operation = ROUTES[key]
    real = scene.send(operation, scene.home.ids(operation), None)
    assert said(scene.send(operation, unknown(scene.home.ids(operation)), None)) == said(real)
    broken = scene.world.call(operation.method, path(operation, scene.home.ids(operation)) + "?x=1", body="{")
    assert said(broken) == said(real)


# --- 403: somebody without the scope ----------------------------------------------------------------------


@pytest.mark.parametrize("key", WITH_SCOPE)
def test_all_other_scopes_together_are_not_enough(scene: Scene, key: str) -> None:
    operation = ROUTES[key]
    assert operation.needs.scope
    others = [scope for scope in permissions.ALL if scope not in (operation.needs.scope, permissions.ADMIN)]
    token = scene.home.owner.narrow(*others).token
    before = scene.rows(operation)
    answer = scene.send(operation, scene.home.ids(operation), token)
    assert answer.status == 403, f"{answer.status} {answer.body!r}"
    assert operation.needs.scope in answer.json["detail"]
    real = said(answer)
    assert said(scene.send(operation, unknown(scene.home.ids(operation)), token)) == real
    assert said(scene.world.call(operation.method, path(operation, scene.home.ids(operation)), token=token)) == real
    assert scene.world.rows() == before


@pytest.fixture(scope="module")
def of_role(scene: Scene) -> dict[Role, str]:
    """For each role, a token with every scope of a new user, so that only the role limits the token."""
    owner, made = scene.home.owner, {}
    for role in ROLES:
        now = clock.now_iso()
        user = User(
            workspace_id=owner.workspace_id,
            user_id=unknown_like(owner.user_id),
            name=role,
            role=role,
            created_at=now,
            updated_at=now,
        )
        wanted = TokenIn.model_validate({"name": "all", "scopes": list(permissions.ALL), "environment": "production"})
        with scene.world.inside("bootstrap"):
            _, secret, writes = tokens.prepare(owner.workspace_id, user.user_id, role, wanted, created_by=owner.user_id)
            store.commit([*users.creating(user), *writes])
        made[role] = secret
    return made


@pytest.mark.parametrize("key", ROUTES)
def test_a_role_opens_exactly_its_routes(scene: Scene, of_role: dict[Role, str], key: str) -> None:
    operation = ROUTES[key]
    for role, token in of_role.items():
        answer = scene.send(operation, unknown(scene.home.ids(operation)), token)
        refused = answer.status == 403 and "This needs the scope" in answer.json["detail"]
        allowed = operation.needs.scope == SIGNED_IN or operation.needs.scope in permissions.of_role(role)
        assert refused != allowed, f"{role}: {answer.status} {answer.body!r}"
        assert answer.status < 500


# --- 403: a workspace without the plan ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_plan(scene: Scene) -> dict[Plan, Workspace]:
    """The owner of a workspace of each plan."""
    owners = {plan: scene.world.bootstrap(plan, plan=plan) for plan in plans.ALL}
    return {
        plan: Workspace(scene.world, made["workspace_id"], made["user_id"], made["token"])
        for plan, made in owners.items()
    }


@pytest.mark.parametrize("key", ROUTES)
def test_a_plan_opens_exactly_its_routes(scene: Scene, of_plan: dict[Plan, Workspace], key: str) -> None:
    operation = ROUTES[key]
    needed = operation.needs.plan
    for plan, owner in of_plan.items():
        token = scene.suited(operation, owner).token
        answer = scene.send(operation, unknown(scene.home.ids(operation)), token)
        refused = answer.status == 403 and answer.json["type"] == "urn:ferryman:problem:plan-required"
        assert refused == (needed is not None and not plans.includes(plan, needed)), f"{plan}: {answer.body!r}"
        if refused:
            assert (answer.json["plan"], answer.json["required_plan"]) == (plan, needed)
            assert f"the plan {needed}" in answer.json["detail"]


# --- 404: a thing that is not yours is like one that is not there -----------------------------------------


@pytest.fixture(scope="module")
def colleague(scene: Scene) -> Workspace:
    """A user of the same workspace with every scope but admin:*, who does not belong to the chat."""
    return scene.home.owner.person("admin", *(scope for scope in permissions.ALL if scope != permissions.ADMIN))


# A caller without admin:* is refused by the scope where a route needs that.
OF_MEMBERS = [
    key
    for key in WITH_IDS
    if not set(PARAMETER.findall(key)) <= SEEN_BY_ALL and ROUTES[key].needs.scope != permissions.ADMIN
]


@pytest.mark.parametrize("key", OF_MEMBERS)
def test_a_colleague_outside_the_chat_finds_nothing(scene: Scene, colleague: Workspace, key: str) -> None:
    operation = ROUTES[key]
    real = scene.home.ids(operation)
    none = {name: one if name in SEEN_BY_ALL else unknown_like(one) for name, one in real.items()}
    check_not_there(scene, operation, colleague, iter([(real, none)]))


@pytest.fixture(scope="module")
def tester(scene: Scene) -> Workspace:
    """The owner with a test token that has every permission."""
    return scene.home.owner.narrow("admin:*", environment="staging")


@pytest.mark.parametrize("key", [key for key in WITH_IDS if not set(PARAMETER.findall(key)) <= SHARED_BY_MODES])
def test_a_test_token_finds_nothing_live(scene: Scene, tester: Workspace, key: str) -> None:
    operation = ROUTES[key]
    real = scene.home.ids(operation)
    none = {name: one if name in SHARED_BY_MODES else unknown_like(one) for name, one in real.items()}
    check_not_there(scene, operation, tester, iter([(real, none)]))


# --- the mode -----------------------------------------------------------------------------------------------

# The use of a credential leaves these in its own row.
USE = {"used_at", "last_used_at", "used_count"}
# Rows of the request itself: what was done under a key, and what is remembered of failures and of changes.
OF_REQUESTS = {"AuditTable", "IdempotencyTable", "RatesTable", "SignInFailuresTable"}


def kept(world: World) -> dict[tuple[str, str], dict[str, Any]]:
    """Every row of every table by its key, without attributes that the use of a credential changes."""
    return {
        (table, repr(key)): {name: value for name, value in item.items() if name not in USE}
        for table, key, item in world.keyed_items(but=OF_REQUESTS)
        if not any(part.startswith("mark/") for part in key)  # a cap's, of both modes
    }


def is_shared(row: dict[str, Any]) -> bool:
    """Whether a row matters to live credentials: it belongs to live mode or to neither mode."""
    return row.get("livemode") != {"BOOL": False} and row.get("environment", {"S": "production"}) == {"S": "production"}


def is_live(row: dict[str, Any]) -> bool:
    return row.get("livemode") == {"BOOL": True} or row.get("environment") == {"S": "production"}


def bodies(scene: Scene, operation: Route) -> list[Any]:
    """A valid body, and one more for each optional field, so that an edit changes something."""
    body = scene.body(operation)
    schema = operation.takes.model_json_schema() if operation.takes else {}
    more = {
        name: sample(field, schema) for name, field in schema.get("properties", {}).items() if name not in (body or {})
    }
    return [body, *({**(body or {}), name: value} for name, value in more.items() if value is not None)]


def sample(field: dict[str, Any], schema: dict[str, Any]) -> Any:
    """An example value for a field of a request, which differs from the field's default; None if there is none."""
    for one in (field, *field.get("anyOf", ())):
        one = schema["$defs"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one
        for name in ("examples", "enum"):
            if one.get(name):
                return one[name][-1]
        if one.get("type") == "boolean":
            return field.get("default") is False
        if one.get("type") == "string":
            return "Changed"
    return None


@pytest.mark.parametrize("key", [key for key, operation in ROUTES.items() if operation.method != "GET"])
def test_a_test_credential_changes_nothing_live(scene: Scene, tester: Workspace, key: str) -> None:
    """The requests have real ids and valid bodies, and a test token or test session that has every permission."""
    operation = ROUTES[key]
    parameters = scene.home.ids(operation)
    for body in bodies(scene, operation):
        caller = tester.signed_in(livemode=False) if operation.needs.session else tester
        before = kept(scene.world)
        target = path(operation, parameters)
        answer = scene.world.call(operation.method, target, token=caller.token, json_body=body)
        assert answer.status < 500
        after = kept(scene.world)
        changed = {row: after.get(row) for row, old in before.items() if after.get(row) != old and is_shared(old)}
        assert not changed, f"{body}: {answer.status} {answer.body!r}"
        assert not [row for row, item in after.items() if row not in before and is_live(item)], answer.body


# --- after all that ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("parameter", matrix.PARAMETERS)
def test_each_thing_is_still_there_after_all_refused_requests(scene: Scene, parameter: str) -> None:
    """The tests before prove something only if the objects exist, so their owner has to be able to read them."""
    matrix.check_readable(scene, scene.home, parameter)

"""Two workspaces, and checks for every route: the parts of `test_matrix` and `test_tenant_isolation`.

A new route is covered without a change here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ferryman.http.needs import PUBLIC
from ferryman.http.routes import Route

from tests.integration.conftest import Workspace
from tests.support.objects import PARAMETER, Objects, path, unknown_like
from tests.support.world import Answer, World
from tools import openapi

# The wholly public routes have no caller; the secret in a path is its own credential (test_incoming_webhooks).
ROUTES = {operation.key: operation for operation in openapi.routes() if operation.needs.scope is not PUBLIC}
WITH_IDS = [key for key, operation in ROUTES.items() if PARAMETER.search(operation.path)]
PARAMETERS = sorted({name for key in WITH_IDS for name in PARAMETER.findall(key)})


@dataclass
class Scene:
    """Two workspaces with one object of each kind, and requests to all routes by callers of both."""

    world: World
    home: Objects
    away: Objects
    sessions: dict[str, Workspace] = field(default_factory=dict)

    def send(self, operation: Route, parameters: dict[str, str], token: str | None, **options: Any) -> Answer:
        return self.world.call(
            operation.method, path(operation, parameters), token=token, json_body=self.body(operation), **options
        )

    def suited(self, operation: Route, caller: Workspace) -> Workspace:
        """The same caller with the credential that the operation requires: a token, or a session of the same user."""
        if not operation.needs.session:
            return caller
        if caller.token not in self.sessions:
            livemode = caller.call("GET", "/v1/me").json["livemode"]
            self.sessions[caller.token] = caller.signed_in(livemode=livemode)
        return self.sessions[caller.token]

    def body(self, operation: Route) -> Any:
        return self.home.body(operation)

    def rows(self, operation: Route) -> dict[str, int]:
        """Create all objects that the operation's requests need. Returns how many items each table has then."""
        self.home.ids(operation)
        self.home.body(operation)
        return self.world.rows()


def scene(world: World) -> Scene:
    def workspace(name: str) -> Workspace:
        made = world.bootstrap(name)
        return Workspace(world, made["workspace_id"], made["user_id"], made["token"])

    return Scene(world, Objects(workspace("Home")), Objects(workspace("Away")))


def said(answer: Answer) -> tuple[int, Any]:
    """The status and the body of an answer, without the request's own id."""
    return answer.status, {name: value for name, value in answer.json.items() if name != "request_id"}


def unknown(parameters: dict[str, str]) -> dict[str, str]:
    return {name: unknown_like(real) for name, real in parameters.items()}


def swaps(mine: dict[str, str], theirs: dict[str, str]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Pairs of path parameters: `mine` with ids of `theirs` instead, and `mine` with unknown ids instead.

    The first pair replaces all ids of `mine`, each further pair one of them.
    """
    yield theirs, unknown(theirs)
    if len(mine) > 1:
        for name in mine:
            yield mine | {name: theirs[name]}, mine | {name: unknown_like(theirs[name])}


def check_not_there(
    scene: Scene,
    operation: Route,
    caller: Workspace,
    pairs: Iterator[tuple[dict[str, str], dict[str, str]]],
) -> None:
    """Check that the caller gets the same 404 for the existing ids of each pair as for its unknown ids.

    No request may change the number of rows of a table.
    """
    caller = scene.suited(operation, caller)
    before = scene.rows(operation)
    for real, none in pairs:
        answer = scene.send(operation, real, caller.token)
        nothing = scene.send(operation, none, caller.token)
        assert answer.status == 404, f"{path(operation, real)}: {answer.status} {answer.body!r}"
        assert said(answer) == said(nothing)
        assert {k: v for k, v in answer.headers.items() if k != "x-request-id"} == {
            k: v for k, v in nothing.headers.items() if k != "x-request-id"
        }
    assert scene.world.rows() == before


def check_readable(scene: Scene, objects: Objects, parameter: str) -> None:
    """Check that the owner of `objects` can read the object that the path parameter names."""
    for key in WITH_IDS:
        operation = ROUTES[key]
        if operation.method == "GET" and operation.path.endswith(f"{{{parameter}}}"):
            answer = scene.send(operation, objects.ids(operation), objects.owner.token)
            assert answer.status == 200, f"{key}: {answer.status} {answer.body!r}"

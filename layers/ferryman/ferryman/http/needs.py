"""The needs of a route: scope, plan and kind of caller. They are declared at the route and checked before its body is
read.

    @app.post("/v1/tokens", summary="Create an API token")
    @needs("tokens:write", plan="enterprise")
    def create_token(...): ...

A route without `@needs` cannot be registered. Cheap to import: the busiest function uses it without Powertools.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from ferryman.errors import Misconfigured, NotAllowed, NotAuthenticated, PlanRequired
from ferryman.identity import permissions, plans
from ferryman.identity.credentials.model import Caller, Source
from ferryman.identity.credentials.service import authenticate
from ferryman.identity.plans import Plan

PUBLIC = None  # the scope of a route that needs no token
SIGNED_IN = ""  # the scope of a route that every caller may use


@dataclass(frozen=True, slots=True)
class Needs:
    """The needs of a route. `scope` is a permission, SIGNED_IN or PUBLIC.

    With `session`, the caller must be a person in a session. With `plan`, the workspace must have that plan or a higher
    one. With `enrolling`, the route also accepts a session that can only enrol a second factor; with `applications`, an
    application's own token.
    """

    scope: str | None
    session: bool = False
    plan: Plan | None = None
    enrolling: bool = False
    applications: bool = False

    def admit(self, caller: Caller) -> None:
        """Raises NotAllowed when `caller` lacks what the route needs, PlanRequired when only the plan is missing."""
        if self.scope and not permissions.covers(caller.scopes, self.scope):
            if not permissions.covers(permissions.of_role(caller.role), self.scope):
                raise NotAllowed(f"This needs the scope {self.scope}, which the role {caller.role} does not include.")
            raise NotAllowed(f"This needs the scope {self.scope}; the token does not have it.")
        if self.session and caller.kind != "session":
            raise NotAllowed("This is for signed-in people, not for API tokens. Sign in with POST /v1/sessions.")
        if self.plan and not plans.includes(caller.plan, self.plan):
            raise PlanRequired(caller.plan, self.plan)

    def security(self) -> list[dict[str, list[str]]]:
        """The needs as OpenAPI security requirements. A request has to meet one of them."""
        if self.scope is PUBLIC:
            return []
        if self.session:
            return [{"session": []}]
        scopes = [self.scope] if self.scope else []
        ways: list[dict[str, list[str]]] = [{"bearer": scopes}, {"api_key": scopes}]
        return [*ways, {"application": []}] if self.applications else ways


def needs[F: Callable[..., Any]](
    scope: str | None,
    *,
    session: bool = False,
    plan: Plan | None = None,
    enrolling: bool = False,
    applications: bool = False,
) -> Callable[[F], F]:
    """Declare the needs of a route. Put this decorator directly below the route's own."""

    def declare(function: F) -> F:
        setattr(function, _ATTRIBUTE, Needs(scope, session, plan, enrolling, applications))
        return function

    return declare


_ATTRIBUTE = "__needs__"


def needs_of(function: Callable[..., Any]) -> Needs:
    """The needs that were declared for `function`. Raises Misconfigured without a declaration."""
    declared = getattr(function, _ATTRIBUTE, None)
    if not isinstance(declared, Needs):
        raise Misconfigured(f"The route {function.__name__} does not say what it needs: add @needs(…) to it.")
    return declared


def caller_of(event: dict[str, Any], *, enrolling: bool = False, kinds: Collection[str] = ("bearer",)) -> Caller:
    """The caller of an HTTP API event. Raises NotAuthenticated.

    Raises EnrolmentRequired for a session that may only enrol a second factor, unless `enrolling`. `kinds` are the
    words, in lower case, that may precede the token in the header `Authorization`.
    """
    return authenticate(bearer(event, kinds), source_of(event), enrolling=enrolling)


def source_of(event: dict[str, Any]) -> Source:
    """The sender's address, request id and user agent, for the audit log."""
    request = event["requestContext"]
    return Source(
        ip=request["http"].get("sourceIp"),
        request_id=request["requestId"],
        user_agent=request["http"].get("userAgent"),
    )


def bearer(event: dict[str, Any], kinds: Collection[str] = ("bearer",)) -> str:
    """The token or session in `Authorization: Bearer …` or `X-API-Key: …`. Raises NotAuthenticated without one."""
    headers = event.get("headers") or {}
    authorization = headers.get("authorization")
    if authorization is not None:
        kind, _, token = str(authorization).strip().partition(" ")
        if kind.lower() in kinds and token.strip():
            return token.strip()
        raise NotAuthenticated("The Authorization header must read: Bearer <token>.")
    api_key = headers.get("x-api-key")
    if api_key:
        return str(api_key).strip()
    raise NotAuthenticated("Send an API token: Authorization: Bearer <token>, or X-API-Key: <token>.")

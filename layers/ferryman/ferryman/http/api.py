"""The native API: Powertools' event handler, set up the same way for every function.

    app = Api("Chats", "Group and private conversations, and who belongs to them.")
    handler = app

    @app.post("/v1/chats", summary="Create a chat", status_code=201)
    @needs("chats:write")
    def create_chat(call: ThisCall, data: Annotated[ChatIn, Body()]) -> ChatOut: ...

`Api` first authenticates a request and checks the needs of its route. Only then Powertools validates path, query and
body. So a caller without a token gets 401, and does not learn the form of a body
(docs/decisions/0027-powertools-event-handler.md).
"""

import inspect
import json
import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_args

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import BaseModel

from ferryman import log
from ferryman.errors import FerrymanError, NotFound
from ferryman.http import described, incoming, problems, validation
from ferryman.http.call import Call, Id, ThisCall, ThisSource
from ferryman.http.described import errors
from ferryman.http.idempotency_key import Idempotent
from ferryman.http.needs import PUBLIC, SIGNED_IN, bearer, caller_of, needs, needs_of, source_of
from ferryman.http.routes import Route
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials.model import Caller, Source

_SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_UNKNOWN = "There is nothing at this address. GET /openapi.yaml lists every route."
# The parameters of a route's declaration, in the order in which `get`, `post`, … pass them to `route`.
_WORDS = tuple(inspect.signature(APIGatewayHttpResolver.route).parameters)[3:]

__all__ = ["PUBLIC", "SIGNED_IN", "Api", "Call", "Id", "Idempotent", "ThisCall", "ThisSource", "errors", "needs"]

type Middleware = Callable[[Any], Response[Any]]


class Api(APIGatewayHttpResolver):
    """The routes of one function. Call it with a Lambda event.

    `aliases` maps beginnings of paths to others: a route under the first also answers under the second.
    `of_applications` returns the caller behind an application's own token, for functions with a route for applications.
    `routes` has every route by its key, with its needs and its OpenAPI description.
    """

    def __init__(
        self,
        tag: str,
        description: str,
        aliases: dict[str, str] | None = None,
        of_applications: Callable[[str, Source], Caller] | None = None,
    ) -> None:
        super().__init__(
            enable_validation=True,
            response_validation_error_http_code=500,
            json_body_deserializer=incoming.parse,
            serializer=partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
        )
        self.tag, self.description = tag, description
        self.aliases = aliases or {}
        self._of_applications = of_applications
        self.routes: dict[str, Route] = {}
        self._who: dict[str, str] = {}  # the request's workspace and caller, for the log
        self.use(middlewares=[_as_admitted, _without_content])
        self.not_found(self._unknown_route)
        self.exception_handler(Exception)(self._failed)

    def route(self, rule: str, method: Any, *given: Any, **words: Any) -> Callable[..., Any]:
        """Register a route and its aliases. `get`, `post`, … and the routes of a Router call this method."""
        words |= dict(zip(_WORDS, given, strict=False))
        methods = (method,) if isinstance(method, str) else method

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            for one in methods:
                for address, suffix in self._addresses(rule):
                    name = (words.get("operation_id") or function.__name__) + suffix
                    self._declare(_declared(self.tag, one, rule, address, name, function, words), function, words)
            return function

        return register

    def _declare(self, route: Route, function: Callable[..., Any], words: dict[str, Any]) -> None:
        self.routes[route.key] = route
        own: dict[str, Any] = {
            "tags": [self.tag],
            "operation_id": route.name,
            "security": route.needs.security(),
            "openapi_extensions": {**(words.get("openapi_extensions") or {}), **_plan(route)} or None,
            "responses": described.success(route.status) | route.errors() | dict(words.get("responses") or {}),
        }
        super().route(_rule(route.path), route.method, **(words | own))(function)

    def _addresses(self, rule: str) -> Iterator[tuple[str, str]]:
        """The route's own rule and those of its aliases, each with the suffix for its operation id."""
        yield rule, ""
        for beginning, alias in self.aliases.items():
            if rule == beginning or rule.startswith(f"{beginning}/"):
                yield alias + rule.removeprefix(beginning), f"_at{re.sub(r'\W', '_', alias)}"

    def resolve(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one HTTP API event (payload format 2.0)."""
        started = time.perf_counter()
        request_id = event["requestContext"]["requestId"]
        self._who = {}
        self.context.update(request_id=request_id)
        try:
            answer = super().resolve(self._admitted(event), context)
        except Exception as error:
            answer = _as_answer(self._failed(error))
        finally:
            self.context.clear()
        answer["headers"] = {**_SAFE_HEADERS, **answer["headers"], "X-Request-Id": request_id}
        # routeKey, never the path: the path of an incoming webhook is a secret.
        log.event(
            "request.handled",
            route=event.get("routeKey"),
            status=answer["statusCode"],
            duration_ms=round((time.perf_counter() - started) * 1000),
            request_id=request_id,
            **self._who,
        )
        return answer

    def _admitted(self, event: dict[str, Any]) -> dict[str, Any]:
        """Check a request before Powertools sees it: its route, its caller, the route's needs, its query and its body.

        Returns the event for Powertools' event handler. Raises the refusal.
        """
        route = self.routes.get(event["routeKey"])
        if route is None:
            raise NotFound(_UNKNOWN)
        self.context.update(route=route, source=source_of(event))
        if route.needs.scope is not PUBLIC:
            caller = self._caller(route, event)
            self._who = {"workspace_id": caller.workspace_id, "caller": caller.credential_id}
            route.needs.admit(caller)
            self.context.update(call=Call(caller, event, route.home.format(**event.get("pathParameters") or {})))
        return incoming.readable(route, event)

    def _caller(self, route: Route, event: dict[str, Any]) -> Caller:
        if self._of_applications and route.needs.applications:
            token = bearer(event)
            if secrets.is_application_token(token):
                return self._of_applications(token, source_of(event))
        return caller_of(event, enrolling=route.needs.enrolling)

    def _failed(self, error: Exception) -> Response[str]:
        if isinstance(error, RequestValidationError):
            error = validation.refusal(error.errors())
        status, detail, places = problems.of(error)
        if status >= 500:
            # The fault is Ferryman's, so the log gets the stack and the type of the error.
            log.logger.exception("request.failed", exc_info=error, extra={"error": type(error).__name__, **self._who})
        kind, members = (error.problem, error.members) if isinstance(error, FerrymanError) else (None, None)
        content = problems.body(status, detail, self.context["request_id"], places, kind, members)
        return Response(status, problems.CONTENT_TYPE, content, problems.headers(error, status))

    def _unknown_route(self, _error: NotFoundError) -> Response[str]:
        return self._failed(NotFound(_UNKNOWN))


def _as_admitted(app: Api, next_middleware: Middleware) -> Response[Any]:
    """Middleware that raises NotFound unless Powertools matched the same route as API Gateway.

    Only the needs of the route that API Gateway chose were checked.
    """
    if f"{app.request.method} {app.request.route}" != app.context["route"].key:
        raise NotFound(_UNKNOWN)
    return next_middleware(app)


def _without_content(app: Api, next_middleware: Middleware) -> Response[Any]:
    response = next_middleware(app)
    return Response(204, body="") if response.body is None else response


def _as_answer(response: Response[str]) -> dict[str, Any]:
    """A response in the form that Lambda returns to API Gateway."""
    return {"statusCode": response.status_code, "headers": dict(response.headers), "body": response.body, "cookies": []}


def _plan(route: Route) -> dict[str, Any]:
    return {"x-required-plan": route.needs.plan} if route.needs.plan else {}


def _rule(path: str) -> str:
    return path.replace("{", "<").replace("}", ">")


def _path(rule: str) -> str:
    return rule.replace("<", "{").replace(">", "}")


def _declared(
    tag: str, method: str, rule: str, address: str, name: str, function: Callable[..., Any], words: dict[str, Any]
) -> Route:
    """The Route for `function` and the arguments of its decorator (`words`)."""
    return Route(
        method=method,
        path=_path(address),
        home=_path(rule),
        name=name,
        tag=tag,
        needs=needs_of(function),
        takes=_model(function, Body),
        query=_model(function, Query),
        status=words.get("status_code") or 200,
        creates=any(isinstance(one, Idempotent) for one in words.get("middlewares") or ()),
        content=(words.get("openapi_extensions") or {}).get("requestBody", {}).get("content"),
    )


def _model(function: Callable[..., Any], kind: type[Body] | type[Query]) -> type[BaseModel] | None:
    """The model of the parameter that is annotated as `Annotated[model, kind()]`; None without one."""
    for parameter in inspect.signature(function).parameters.values():
        if any(isinstance(mark, kind) for mark in getattr(parameter.annotation, "__metadata__", ())):
            model: type[BaseModel] = get_args(parameter.annotation)[0]
            return model
    return None

"""The native API's HTTP words: routes with their documentation beside them, and one path every request takes.

A request is routed (Powertools' resolver), authenticated, checked for its scope, and only then read: nobody
without a token learns what a body should look like, and a validating resolver would answer 422 before 401
(docs/decisions/0003-http-layer.md). Handlers are plain functions: `(call, path parameters, data or query)` in,
a model out. A public route has no caller; its handler gets the request's source instead of the call.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from pydantic import BaseModel

from ferryman import log
from ferryman.aws import dynamodb as store
from ferryman.errors import FerrymanError, Invalid, NotAllowed, NotAuthenticated, NotFound, TooManyAttempts
from ferryman.http import body, cursors, problems
from ferryman.http.operation import PUBLIC, SIGNED_IN, Operation
from ferryman.http.validation import named, validate, validate_query
from ferryman.identity import permissions
from ferryman.identity.credentials.model import Caller, Source
from ferryman.identity.credentials.service import authenticate
from ferryman.identity.idempotency import IdempotencyKey, KeyTaken
from ferryman.identity.workspaces import table as workspaces

_SAFE_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
# No id of ours is longer, and DynamoDB refuses keys that are much longer.
_PATH_PARAMETER = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(slots=True)
class Call:
    """One authenticated request, as a handler sees it."""

    caller: Caller
    idempotency_key: IdempotencyKey | None
    event: dict[str, Any]
    path: str  # the route's own, at whichever alias it was called: cursors and keys hold for all of them

    def page_start(self, query: Any) -> store.Key | None:
        """Where the list starts that `query` (a ListQuery) asks for."""
        return cursors.decode(self._cursor_key() if query.cursor else b"", self._list(query), query.cursor)

    def next_cursor(self, query: Any, last_key: store.Key | None) -> str | None:
        return cursors.encode(self._cursor_key(), self._list(query), last_key) if last_key else None

    def _cursor_key(self) -> bytes:
        return workspaces.cursor_key(self.caller.workspace_id)

    def _list(self, query: Any) -> str:
        """The list, as this caller sees it: who sees another part of it starts at another place."""
        filters = query.model_dump_json(exclude={"limit", "cursor"})
        caller = self.caller
        view = f"{caller.user_id} {'all' if caller.is_admin else 'own'} {caller.livemode}"
        return f"{caller.workspace_id} {view} {self.path} {filters}"

    def header(self, name: str) -> str | None:
        """A request header, by its name in lower case."""
        return _header(self.event, name)

    def origin(self) -> str:
        """`https://<the host this request came to>`."""
        return f"https://{self.event['requestContext']['domainName']}"


@dataclass
class Api:
    """The routes of one function. Call it with a Lambda event; `operations` feeds the OpenAPI document.

    `aliases` are beginnings of paths, each with another under which the same routes answer the same.
    """

    tag: str
    description: str
    aliases: dict[str, str] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)
    resolver: APIGatewayHttpResolver = field(default_factory=APIGatewayHttpResolver)
    _who: dict[str, str] = field(default_factory=dict, init=False)  # the request's workspace and caller, for the log

    def __post_init__(self) -> None:
        self.resolver.not_found(self._unknown_route)
        self.resolver.exception_handler(Exception)(self._failed)

    def get(self, path: str, **words: Any) -> Callable[..., Any]:
        return self._route("GET", path, **words)

    def post(self, path: str, **words: Any) -> Callable[..., Any]:
        return self._route("POST", path, **words)

    def put(self, path: str, **words: Any) -> Callable[..., Any]:
        return self._route("PUT", path, **words)

    def patch(self, path: str, **words: Any) -> Callable[..., Any]:
        return self._route("PATCH", path, **words)

    def delete(self, path: str, **words: Any) -> Callable[..., Any]:
        return self._route("DELETE", path, **words)

    def _route(
        self,
        method: str,
        path: str,
        *,
        scope: str | None,
        session: bool = False,
        summary: str,
        description: str = "",
        takes: type[BaseModel] | None = None,
        query: type[BaseModel] | None = None,
        gives: Any = None,
        status: int = 200,
        replay: Callable[..., Any] | None = None,
        errors: tuple[int, ...] = (),
    ) -> Callable[..., Any]:
        """Register a handler. `replay(call, id, **path)` answers a repeated Idempotency-Key of a creating POST."""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            for address, name in self._addresses(path, function.__name__):
                answer_at(address, name, function)
            return function

        def answer_at(address: str, name: str, function: Callable[..., Any]) -> None:
            operation = Operation(
                method=method,
                path=address,
                name=name,
                summary=summary,
                description=description,
                tag=self.tag,
                scope=scope,
                session=session,
                takes=takes,
                query=query,
                gives=gives,
                status=status,
                creates=replay is not None,
                errors=errors,
            )
            self.operations.append(operation)

            def run(**parameters: str) -> Response[str]:
                return self._run(operation, path, function, replay, parameters)

            rule = address.replace("{", "<").replace("}", ">")
            self.resolver.route(rule, [method])(run)

        return register

    def _addresses(self, path: str, name: str) -> list[tuple[str, str]]:
        """A route's path, and its aliases, each with the name of its operation."""
        found = [(path, name)]
        for beginning, alias in self.aliases.items():
            if path == beginning or path.startswith(f"{beginning}/"):
                found.append((alias + path.removeprefix(beginning), f"{name}_at{re.sub(r'\W', '_', alias)}"))
        return found

    def _run(
        self,
        operation: Operation,
        path: str,
        function: Callable[..., Any],
        replay: Callable[..., Any] | None,
        parameters: dict[str, str],
    ) -> Response[str]:
        event: dict[str, Any] = self.resolver.current_event.raw_event
        source = _source(event)
        if operation.scope is PUBLIC:
            return _answer(operation, function(source, **_arguments(operation, event, parameters)))
        caller = authenticate(bearer(event), source)
        self._who = {"workspace_id": caller.workspace_id, "caller": caller.credential_id}
        if operation.scope and not permissions.covers(caller.scopes, operation.scope):
            raise NotAllowed(f"This needs the scope {operation.scope}; the token does not have it.")
        if operation.session and caller.kind != "session":
            raise NotAllowed("This is for signed-in people, not for API tokens. Sign in with POST /v1/sessions.")
        arguments = _arguments(operation, event, parameters)
        call = Call(caller, None, event, path.format(**parameters))
        if replay is not None and (key := _header(event, "idempotency-key")) is not None:
            if not _IDEMPOTENCY_KEY.fullmatch(key):
                raise Invalid("The Idempotency-Key must have 1 to 255 visible ASCII characters.", "Idempotency-Key")
            call.idempotency_key = IdempotencyKey.of(caller, key, operation.method, call.path, body.raw(event))
            if (created := call.idempotency_key.created()) is not None:
                return _replayed(operation, replay(call, created, **parameters))
        try:
            return _answer(operation, function(call, **arguments))
        except KeyTaken:
            created = call.idempotency_key.created() if call.idempotency_key else None
            if created is None or replay is None:
                raise
            return _replayed(operation, replay(call, created, **parameters))

    def _failed(self, error: Exception) -> Response[str]:
        status, detail, errors = problems.of(error)
        if status >= 500:
            # Ours, so with the stack; the type only where the message could hold what was sent.
            log.logger.exception("request.failed", extra={"error": type(error).__name__, **self._who})
        headers = {}
        if status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="ferryman"'
        if status == 503:
            headers["Retry-After"] = "2"
        if isinstance(error, TooManyAttempts):
            headers["Retry-After"] = str(error.seconds)
        kind = error.problem if isinstance(error, FerrymanError) else None
        return self.problem(status, detail, errors, headers, kind)

    def _unknown_route(self, _error: NotFoundError) -> Response[str]:
        return self.problem(404, "There is nothing at this address. GET /openapi.yaml lists every route.")

    def problem(
        self,
        status: int,
        detail: str,
        errors: list[dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        kind: str | None = None,
    ) -> Response[str]:
        request_id = self.resolver.current_event.request_context.request_id
        content = problems.body(status, detail, request_id, errors, kind)
        return Response(status, problems.CONTENT_TYPE, content, headers or {})

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer one HTTP API event (payload format 2.0)."""
        started = time.perf_counter()
        request_id = event["requestContext"]["requestId"]
        self._who = {}
        answer: dict[str, Any] = self.resolver.resolve(event, context)
        answer.setdefault("headers", {}).update({**_SAFE_HEADERS, **answer["headers"], "X-Request-Id": request_id})
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


def _arguments(operation: Operation, event: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """What a handler is called with besides the call: path parameters, `query` and `data`, each checked."""
    if not all(map(_PATH_PARAMETER.fullmatch, parameters.values())):
        raise NotFound("There is nothing at this address: an id in it is not one of ours.")
    arguments: dict[str, Any] = dict(parameters)
    query = event.get("queryStringParameters") or {}
    if operation.query:
        arguments["query"] = validate_query(operation.query, query)
    elif query:
        unknown = named(sorted(query)[0])
        raise Invalid(f"This route takes no query parameters; leave {unknown!r} out.", unknown)
    content = body.raw(event)
    if operation.takes:
        if not body.is_json(body.media_type(event)):
            raise body.Unreadable("Send the body as application/json.", 415)
        arguments["data"] = validate(operation.takes, body.parse(content))
    return arguments


def _source(event: dict[str, Any]) -> Source:
    request = event["requestContext"]
    return Source(
        ip=request["http"].get("sourceIp"),
        request_id=request["requestId"],
        user_agent=request["http"].get("userAgent"),
    )


def bearer(event: dict[str, Any]) -> str:
    """The token or session a request carries, in `Authorization: Bearer …` or `X-API-Key: …`."""
    authorization = _header(event, "authorization")
    if authorization is not None:
        kind, _, token = authorization.strip().partition(" ")
        if kind.lower() == "bearer" and token.strip():
            return token.strip()
        raise NotAuthenticated("The Authorization header must read: Bearer <token>.")
    api_key = _header(event, "x-api-key")
    if api_key:
        return api_key.strip()
    raise NotAuthenticated("Send an API token: Authorization: Bearer <token>, or X-API-Key: <token>.")


def _header(event: dict[str, Any], name: str) -> str | None:
    value = (event.get("headers") or {}).get(name)
    return None if value is None else str(value)


def _answer(operation: Operation, result: Any) -> Response[str]:
    if isinstance(result, Response):
        return result
    if result is None:
        return Response(204, body="")  # MiniStack cannot send an absent body
    return Response(operation.status, "application/json", result.model_dump_json())


def _replayed(operation: Operation, result: Any) -> Response[str]:
    answer = _answer(operation, result)
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


__all__ = ["PUBLIC", "SIGNED_IN", "Api", "Call", "Operation", "bearer"]

"""The header Idempotency-Key: a creating route that gets the same request again shows what the first one created."""

import re
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.middlewares import BaseMiddlewareHandler, NextMiddleware
from pydantic import BaseModel

from ferryman.errors import Invalid, NotAllowed
from ferryman.http import body
from ferryman.http.call import Call
from ferryman.http.routes import Route
from ferryman.identity import permissions
from ferryman.identity.idempotency import IdempotencyKey, KeyTaken

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Idempotent(BaseMiddlewareHandler[Any]):
    """The middleware of a creating route: `middlewares=[Idempotent(again)]`.

    For a repeated request, `again(call, id, **path parameters)` returns the object that the first request created,
    without its secret, which is not stored. If another credential of the user sent the first request, the caller needs
    the scope that reads such objects.
    """

    def __init__(self, again: Callable[..., BaseModel]) -> None:
        self._again = again

    def handler(self, app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        call: Call = app.context["call"]
        route: Route = app.context["route"]
        key = call.header("idempotency-key")
        if key is None:
            return next_middleware(app)
        if not _KEY.fullmatch(key):
            raise Invalid("The Idempotency-Key must have 1 to 255 visible ASCII characters.", "Idempotency-Key")
        call.idempotency_key = IdempotencyKey.of(call.caller, key, route.method, call.path, body.raw(call.event))
        created = call.idempotency_key.created()
        if created is None:
            try:
                return next_middleware(app)
            except KeyTaken:
                created = call.idempotency_key.created()
                if created is None:
                    raise
        if not created.by_this_credential:
            _require_may_read(call, route)
        parameters = call.event.get("pathParameters") or {}
        shown = self._again(call, created.resource_id, **parameters)
        return Response(
            route.status, "application/json", shown.model_dump_json(), headers={"Idempotency-Replayed": "true"}
        )


def _require_may_read(call: Call, route: Route) -> None:
    """Raises NotAllowed for a credential that lacks the scope to read the objects that this route creates."""
    reading = permissions.reading(route.needs.scope or "")
    if reading and not permissions.covers(call.caller.scopes, reading):
        raise NotAllowed(
            "Another credential created this with the same Idempotency-Key. To see it, yours needs the scope "
            f"{reading}."
        )

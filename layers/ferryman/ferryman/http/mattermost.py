"""The frame of Mattermost's API: headers, rate limit, and an AppError for each refusal and each failure of our own.

`dialects.mattermost.v4` carries out the routes.
"""

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from ferryman import clock, log
from ferryman.dialects.mattermost import answers, v4
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.errors import Conflict, NotAllowed, NotAuthenticated, NotFound, TooManyRequests
from ferryman.http import body, described, mattermost_cookies, needs, problems
from ferryman.http.greedy import Addresses
from ferryman.http.mattermost_cookies import StaleCookie
from ferryman.identity.credentials.model import Caller

# The summary of each route, its status, the function that carries it out, and an example of its body.
type Routes = dict[str, tuple[str, int, Callable[[Asked], Any], Any]]
type Answer = tuple[int, Any, dict[str, str]]  # status, JSON, more headers

_KINDS = ("bearer", "token")  # in the header Authorization
_LIMITS = "limits"  # the key under which an event has the rate limit's headers
_VERSION = "10.11.0.ferryman"
_PER_SECOND, _BURST = 10, 100  # of one credential, in one running instance of the function
_full_at: dict[str, float] = {}  # when each credential has its whole burst again
_ERROR = {**described.APP_ERROR, **described.TEXT}
_TEXT = "text/plain; charset=utf-8"
NOTHING = AppError(404, "api.context.404.app_error", "Sorry, we could not find the page.")  # at this address


def describe(name: str, summary: str, status: int, *, public: bool = False, example: Any = None) -> dict[str, Any]:
    """The OpenAPI description of a route. `name` is its operationId; with an `example`, the route takes a JSON body."""
    refusals = described.errors(400, 401, 403, 404, 413, 429, 500, 503, content=_ERROR)
    refusals[501] = {"description": "Not offered.", "content": _ERROR}
    sent = {"content": {"application/json": {"schema": {"type": ["object", "array"]}, "example": example}}}
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["Mattermost API v4"],
        **({"requestBody": sent} if example is not None else {}),
        "responses": {
            status: {"description": "OK", "content": {"application/json": {"schema": {"type": ["object", "array"]}}}},
            **refusals,
        },
        "security": [] if public else [{"bearer": []}],
    }


def describe_all(name: str, routes: Routes) -> dict[str, dict[str, Any]]:
    """The OpenAPI paths of all routes of a function. Each operationId is `name` and a number."""
    paths: dict[str, dict[str, Any]] = {}
    for number, (key, (summary, status, _, example)) in enumerate(routes.items()):
        method, path = key.split(" ")
        operation = describe(f"{name}_{number}", summary, status, example=example)
        paths.setdefault(path, {})[method.lower()] = operation
    return paths


def ask(
    event: dict[str, Any], addresses: Addresses, read_body: Callable[[dict[str, Any]], Any] | None = None
) -> tuple[str, Asked, dict[str, str]]:
    """The key of the address that a request means, the request, and headers about the caller's rate limit.

    Raises NOTHING for an unknown address, NotAuthenticated, and Limited for a caller who has used up their burst.
    """
    caller = caller_of(event)
    limits = limit(event, caller.credential_id)
    address = addresses.find(event["requestContext"]["http"]["method"], event["rawPath"])
    if address is None:
        raise NOTHING
    query = event.get("queryStringParameters") or {}
    return address.key, Asked(caller, address.parameters, query, partial(read_body or read, event)), limits


def caller_of(event: dict[str, Any], *, enrolling: bool = False) -> Caller:
    """The caller of a request, by the token in a header or else by the cookie of a session. Raises NotAuthenticated.

    Raises EnrolmentRequired for a session that may only enrol a second factor, unless `enrolling`.
    """
    if mattermost_cookies.is_used(event):
        return mattermost_cookies.caller_of(event, enrolling=enrolling)
    headers = event.get("headers") or {}
    if "access_token" in (event.get("queryStringParameters") or {}) and "authorization" not in headers:
        raise mattermost_cookies.IN_QUERY
    return needs.caller_of(event, enrolling=enrolling, kinds=_KINDS)


def respond(event: dict[str, Any], carry_out: Callable[[dict[str, Any]], Answer]) -> dict[str, Any]:
    """Call `carry_out` and return API Gateway's response: its answer, or Mattermost's error body for its exception."""
    started = time.perf_counter()
    request_id = event["requestContext"]["requestId"]
    headers = {
        "Content-Type": "application/json",
        "X-Request-Id": request_id,
        "X-Version-Id": _VERSION,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
        "Expires": "0",
    }
    cookies: list[str] = []
    try:
        status, answer, more = carry_out(event)
        text = json.dumps(answer, ensure_ascii=False)
    except Limited as limited:
        status, text, more = 429, "limit exceeded\n", limited.headers | {"Content-Type": _TEXT}
    except TooManyRequests as limited:  # the workspace's rate, not this credential's
        status, text, more = 429, "limit exceeded\n", {"Retry-After": str(limited.seconds), "Content-Type": _TEXT}
    except Exception as error:
        refused = _refusal(error)
        status, more = refused.status, dict(event.get(_LIMITS, {}))
        text = answers.error_body(status, refused.error_id, str(refused), request_id)
        if status == 401:
            more["WWW-Authenticate"] = "Bearer"
        if isinstance(error, StaleCookie):
            cookies = mattermost_cookies.cleared()
        if status >= 500 and status != v4.FILES.status:
            log.logger.exception("request.failed", extra={"error": type(error).__name__})
            more["Retry-After"] = "2"
    log.event(
        "request.handled",
        route=event.get("routeKey"),
        status=status,
        duration_ms=round((time.perf_counter() - started) * 1000),
        request_id=request_id,
    )
    return {"statusCode": status, "headers": headers | more, "body": text, "cookies": cookies}


def _refusal(error: Exception) -> AppError:
    """The AppError of an exception. Anything unexpected becomes a 500 without details."""
    if isinstance(error, AppError):
        return error
    if isinstance(error, body.Unreadable) and error.status == 413:
        refused = answers.TOO_LARGE
        return AppError(413, refused.id, refused.message)
    if isinstance(error, body.Unreadable):
        return v4.invalid_body("body")
    if isinstance(error, NotAuthenticated):
        return v4.SESSION
    if isinstance(error, NotAllowed | NotFound):
        return v4.PERMISSIONS
    # A conflict for which Mattermost has no error: another request changed the same object at the same moment.
    is_busy = isinstance(error, Conflict) or problems.of(error)[0] == answers.BUSY.status
    refused = answers.BUSY if is_busy else answers.BROKEN
    return AppError(refused.status, refused.id, refused.message)


def read(event: dict[str, Any]) -> Any:
    """The first JSON value of the body, whatever its content type is. Raises body.Unreadable."""
    return body.parse_first(body.raw(event))


class Limited(Exception):
    """The credential has used up its burst."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("limit exceeded")
        self.headers = headers


def limit(event: dict[str, Any], credential: str) -> dict[str, str]:
    """Count a request of a credential in this process. Returns headers that say how much of its burst is left.

    Raises Limited, with such headers, once the burst is used up.
    """
    now = clock.now()
    if len(_full_at) > 10_000:
        for name in [name for name, at in _full_at.items() if at <= now]:
            del _full_at[name]
    full_at = max(_full_at.get(credential, now), now) + 1 / _PER_SECOND
    used = (full_at - now) * _PER_SECOND
    headers = {
        "X-Ratelimit-Limit": str(_BURST),
        "X-Ratelimit-Remaining": str(max(0, int(_BURST - used))),
        "X-Ratelimit-Reset": str(int(full_at - now) + 1),
    }
    if used > _BURST:
        raise Limited(headers | {"Retry-After": "1"})
    _full_at[credential] = full_at
    event[_LIMITS] = headers
    return headers

"""The cookies of Mattermost's web clients: set when a script in a page signs in, and accepted in place of a token.

A browser sends cookies by itself, also with a request that another site starts. So a request that can change something
is accepted only with one of two headers. `X-CSRF-Token` has the value of the cookie `MMCSRF`, which another site cannot
read. `X-Requested-With` cannot be sent by another site without CORS, which the API does not allow.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from ferryman.dialects.mattermost.v4 import AppError
from ferryman.errors import NotAuthenticated
from ferryman.http.needs import source_of
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials.model import Caller
from ferryman.identity.credentials.service import authenticate

SESSION, USER, CSRF = "MMAUTHTOKEN", "MMUSERID", "MMCSRF"
_READS = ("GET", "HEAD", "OPTIONS")
# A URL ends up in logs and browser histories, so a token in the query is refused.
IN_QUERY = AppError(
    401, "api.context.token_provided.app_error", "Session is not OAuth but token was provided in the query string."
)


class StaleCookie(NotAuthenticated):
    """The cookie has no valid session, so the browser should forget it."""


def is_script(event: Mapping[str, Any]) -> bool:
    """Whether a request has `X-Requested-With: XMLHttpRequest`, which scripts in a page send."""
    return _headers(event).get("x-requested-with") == "XMLHttpRequest"


def signed_in(token: str, user_id: str, seconds: int) -> list[str]:
    """The Set-Cookie values of a new session that lasts `seconds`.

    Scripts cannot read the cookie with the token. The cookies with the user's id and the CSRF value are for them.
    """
    ages = f"Path=/; Max-Age={seconds}; Secure; SameSite=Lax"
    return [
        f"{SESSION}={token}; {ages}; HttpOnly",
        f"{USER}={user_id}; {ages}",
        f"{CSRF}={_csrf(token)}; {ages}",
    ]


def cleared() -> list[str]:
    """The Set-Cookie values that make a browser forget a session."""
    return [f"{name}=; Path=/; Max-Age=0; Secure; SameSite=Lax" for name in (SESSION, USER, CSRF)]


def is_used(event: Mapping[str, Any]) -> bool:
    """Whether a request has the session's cookie, and no header with a token."""
    headers = _headers(event)
    return "authorization" not in headers and "x-api-key" not in headers and _cookie(event) is not None


def caller_of(event: dict[str, Any], *, enrolling: bool = False) -> Caller:
    """The caller of a request by the session's cookie.

    Raises StaleCookie if the session does not exist or has ended, NotAuthenticated for a change that another site may
    have started, and EnrolmentRequired for a session that may only enrol a second factor, unless `enrolling`.
    """
    token = _cookie(event) or ""
    if not is_ours(event):
        raise NotAuthenticated("A change with a cookie needs X-Requested-With or X-CSRF-Token.")
    if not token.startswith(secrets.SESSION_PREFIX):
        raise StaleCookie("The cookie holds no session.")
    try:
        return authenticate(token, source_of(event), enrolling=enrolling)
    except NotAuthenticated as error:
        raise StaleCookie(str(error)) from None


def is_ours(event: Mapping[str, Any]) -> bool:
    """Whether a request with the cookie only reads, or proves by a header that it comes from a page of our own."""
    if event["requestContext"]["http"]["method"] in _READS or is_script(event):
        return True
    sent = str(_headers(event).get("x-csrf-token") or "")
    return hmac.compare_digest(sent.encode(), _csrf(_cookie(event) or "").encode())


def _csrf(token: str) -> str:
    """The CSRF value of a session: a hash of its token, so that the value does not reveal the token."""
    return hashlib.sha256(f"csrf\x1f{token}".encode()).hexdigest()[:26]


def _cookie(event: Mapping[str, Any]) -> str | None:
    """The token in the session's cookie, or None.

    API Gateway lists cookies by themselves; other gateways leave them in their header.
    """
    listed = event.get("cookies") or [_headers(event).get("cookie") or ""]
    for part in ";".join(listed).split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION:
            return value.strip('"')
    return None


def _headers(event: Mapping[str, Any]) -> Mapping[str, str]:
    return event.get("headers") or {}

"""Errors as RFC 9457 problems: the status, the texts and the headers for each exception."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from ferryman.aws import failures
from ferryman.errors import (
    Conflict,
    FerrymanError,
    Invalid,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    RetryLater,
    TooManyAttempts,
)
from ferryman.http.body import Unreadable
from ferryman.identity.idempotency import KeyTaken
from ferryman.redaction import redact

CONTENT_TYPE = "application/problem+json"
_STATUS: tuple[tuple[type[FerrymanError], int], ...] = (
    (NotAuthenticated, 401),
    (NotAllowed, 403),
    (NotFound, 404),
    (KeyTaken, 409),
    (Conflict, 409),
    (TooManyAttempts, 429),
    (RetryLater, 503),
)


def _slug(title: str) -> str:
    return title.lower().replace(" ", "-")


def body(
    status: int,
    detail: str,
    request_id: str,
    errors: list[dict[str, str]] | None = None,
    kind: str | None = None,
    members: Mapping[str, str] | None = None,
) -> str:
    """The JSON of a problem. Texts in it that look like secrets are masked.

    `kind` ends the problem's `type` instead of the status's name; `members` are further members of the JSON.
    """
    title = HTTPStatus(status).phrase
    problem: dict[str, Any] = {
        "type": f"urn:ferryman:problem:{kind or _slug(title)}",
        "title": title,
        "status": status,
        "detail": redact(detail),
        "request_id": request_id,
        **(members or {}),
    }
    if errors:
        problem["errors"] = [{name: redact(text) for name, text in error.items()} for error in errors]
    return json.dumps(problem, ensure_ascii=False)


def of(error: Exception) -> tuple[int, str, list[dict[str, str]] | None]:
    """The status, the detail and the field errors of an exception.

    Anything unexpected becomes a 500 without details.
    """
    match error:
        case Unreadable():
            return error.status, str(error), None
        case Invalid():
            return (
                422,
                str(error),
                [{"pointer": pointer, "detail": detail} for pointer, detail in error.errors],
            )
        case FerrymanError():
            for kind, status in _STATUS:
                if isinstance(error, kind):
                    return status, str(error), None
        case ClientError() if failures.is_passing(error):
            return 503, "The service is busy. Send the request again in a moment.", None
        case _ if failures.is_unanswered(error):
            return 503, "A part of the service did not answer. Send the request again in a moment.", None
    return (
        500,
        "Something went wrong on our side. Send the request again; if it persists, name the request id.",
        None,
    )


def headers(error: Exception, status: int) -> dict[str, str]:
    """The headers of a problem: how to authenticate after a 401, and when to send the request again (Retry-After)."""
    if isinstance(error, TooManyAttempts):
        return {"Retry-After": str(error.seconds)}
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="ferryman"'}
    return {"Retry-After": "2"} if status == 503 else {}

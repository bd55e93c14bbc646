"""The answers of routes in OpenAPI's form. Cheap to import, because the busiest function imports it."""

from http import HTTPStatus
from typing import Any

MEANINGS = {
    400: "The body is not valid JSON.",
    401: "The token is missing or no longer valid.",
    403: "The token may not do this, or the workspace's plan is below `x-required-plan`.",
    404: "The id does not exist in the workspace, or the caller may not see it.",
    405: "The address does not support this method.",
    409: "The request conflicts with existing data, or another request changed the object first.",
    410: "The chat is closed.",
    413: "The body is larger than 256 KiB.",
    415: "The body's content type is not supported.",
    422: "The request is invalid; `errors` lists each mistake.",
    429: "Too many requests; try again later.",
    500: "An error in Ferryman.",
    503: "A part of the service did not answer, and nothing was changed. Send the request again.",
}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
TEXT: dict[str, Any] = {"text/plain": {"schema": {"type": "string"}}}
# Mattermost's error body.
APP_ERROR: dict[str, Any] = {
    "application/json": {
        "schema": {
            "type": "object",
            "required": ["id", "message", "detailed_error", "request_id", "status_code"],
            "properties": {
                **{name: {"type": "string"} for name in ("id", "message", "detailed_error", "request_id")},
                "status_code": {"type": "integer"},
            },
            "additionalProperties": False,
        }
    }
}


def errors(*statuses: int, content: dict[str, Any] = _PROBLEM) -> dict[int, Any]:
    """The OpenAPI responses of these error statuses, with `content` or else problem+json: `responses=errors(409)`."""
    return {status: {"description": MEANINGS[status], "content": content} for status in statuses}


def success(status: int) -> dict[int, Any]:
    """The OpenAPI response of a success with this status. Powertools adds the content from the return type."""
    described: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if status == HTTPStatus.NO_CONTENT:
        described["content"] = {}
    return {status: described}

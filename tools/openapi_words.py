"""The parts of the API's description that belong to no route: head, shared parameters, tags, webhooks, examples."""

from http import HTTPStatus
from typing import Any

from ferryman.events import catalogue
from ferryman.events.model import EventType
from ferryman.http import described
from ferryman.identity import permissions

_ABOUT = """\
The API of Ferryman, an integrations hub for chat and workspace products.

Send a token as `Authorization: Bearer fm_live_…` or `X-API-Key: fm_live_…`. Errors are RFC 9457 problems. Every
answer has the header `X-Request-Id`. Lists come in pages: send `next_cursor` as `cursor` to get the next one. Times
are UTC in ISO 8601. Most requests that create something accept an `Idempotency-Key`.

The section **Webhooks** describes outgoing webhooks; docs/receivers.md says how to verify them.

Each operation lists the statuses of its errors. The schema `Problem` has an example of each:

"""
_STATUSES = "".join(f"- {status}: {meaning}\n" for status, meaning in described.MEANINGS.items())
HEAD: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Ferryman",
        "version": "1",
        "summary": "Tokens, chats, incoming and outgoing webhooks.",
        "description": _ABOUT + _STATUSES,
    },
    "servers": [{"url": "/"}],
}
REQUEST_ID = {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}}
_DELIVERY_HEADERS = {
    "X-FM-Webhook-ID": "The webhook's id.",
    "X-FM-Webhook-Event": "The event's type.",
    "X-FM-Webhook-Timestamp": "The time of signing, in Unix seconds.",
    "X-FM-Webhook-Signature": "t=<timestamp>,v1=<hex HMAC-SHA256 of `{t}.{body}`>.",
    "X-FM-Delivery-ID": "The delivery's id, the same in each retry. Use it to ignore duplicates.",
    "X-FM-Delivery-Attempt": "The number of the attempt, from 1.",
}


def tags(described_tags: dict[str, str]) -> list[dict[str, str]]:
    """Every tag with its description, ordered by name. `described_tags` are those of the resolvers."""
    listed = described_tags | {
        "Mattermost API v4": "A part of Mattermost's API, for bots and scripts written for it. Every error is an "
        "AppError; 501 means that files cannot be attached, or that the workspace's plan has no integrations.",
        "Reference": "The API's description and health.",
    }
    return [{"name": name, "description": text} for name, text in sorted(listed.items())]


# One example of each error: the end of its type, and its detail.
_MISTAKES = {
    400: ("bad-request", "The body is not valid JSON: Expecting ',' delimiter at line 3 column 5."),
    401: ("unauthorized", "Send an API token: Authorization: Bearer <token>, or X-API-Key: <token>."),
    403: ("forbidden", "This needs the scope chats:write; the token does not have it."),
    404: ("not-found", "The chat does not exist."),
    405: ("method-not-allowed", "This address takes GET, POST."),
    409: ("conflict", "Somebody else changed it at the same time. Read it, and send the request again."),
    413: ("content-too-large", "The body has 300000 bytes; at most 262144 are accepted."),
    415: ("unsupported-media-type", "Send the body as application/json."),
    422: ("unprocessable-content", "/name: must not be empty"),
    429: ("too-many-requests", "Too many wrong passwords. Try again in 30 seconds."),
    500: ("internal-server-error", "Something went wrong on our side. Send the request again; name the request id."),
    503: ("service-unavailable", "The service is busy. Send the request again in a moment."),
}


def problem_examples() -> list[dict[str, Any]]:
    """An example of a problem for each status."""
    return [_problem_example(status) for status in _MISTAKES]


def _problem_example(status: int) -> dict[str, Any]:
    kind, detail = _MISTAKES[status]
    problem: dict[str, Any] = {
        "type": f"urn:ferryman:problem:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": "JKJaXmPLvHcESHA=",
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        pointer, _, mistake = detail.partition(": ")
        problem["errors"] = [{"pointer": pointer, "detail": mistake}]
    return problem


def error(status: int) -> dict[str, Any]:
    """The description of an error answer in the form problem+json."""
    answer: dict[str, Any] = described.errors(status)[status]
    return answer


def components() -> dict[str, Any]:
    """The components of the document, except for schemas and answers."""
    return {
        "parameters": {
            "IdempotencyKey": {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "A key of your choice. The same request with the same key, sent within 24 hours, "
                "returns the existing object without its secret.",
                "example": "import-2026-01-02-row-17",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            },
            **{
                _parameter_name(name): {
                    "name": name,
                    "in": "header",
                    "required": True,
                    "description": about,
                    "schema": {"type": "string"},
                }
                for name, about in _DELIVERY_HEADERS.items()
            },
        },
        "headers": {"RequestId": {"description": "The id of the request.", "schema": {"type": "string"}}},
        "securitySchemes": security_schemes(),
    }


def _parameter_name(header: str) -> str:
    return header.removeprefix("X-").replace("-", "")


def security_schemes() -> dict[str, Any]:
    """The ways in which a caller can authenticate."""
    listed = "\n".join(f"- `{scope}`: {about}" for scope, about in permissions.DESCRIPTIONS.items())
    about = f"An API token, or a session, which has all rights of the person's role. The scopes:\n\n{listed}"
    other = "The same token in another header, for clients that cannot send `Authorization`."
    session = "The session of a person who signed in with POST /v1/sessions. API tokens are not accepted."
    application = "An application's own token. It is accepted only for the application's own chats."
    return {
        "application": {"type": "http", "scheme": "bearer", "description": application},
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "fm_live_…", "description": about},
        "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": other},
        "session": {"type": "http", "scheme": "bearer", "bearerFormat": "fm_sess_…", "description": session},
    }


def webhooks() -> dict[str, Any]:
    """The requests that receivers get: one entry for each event type, with its schema and an example."""
    return {type_: {"post": _delivery(type_)} for type_ in catalogue.TYPES}


def _delivery(type_: EventType) -> dict[str, Any]:
    return {
        "operationId": type_.replace(".", "_"),
        "summary": catalogue.CATALOGUE[type_].description,
        "tags": ["Webhooks"],
        "parameters": [{"$ref": f"#/components/parameters/{_parameter_name(name)}"} for name in _DELIVERY_HEADERS],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _event(type_), "example": catalogue.example(type_)}},
        },
        "responses": {
            "2XX": {"description": "Delivered. Any other status, or no answer within 8 seconds, is retried."},
            "410": {"description": "The receiver no longer wants deliveries: the webhook is disabled."},
        },
        "security": [],
    }


def event_envelope() -> dict[str, Any]:
    """The schema of the members that all events have in common."""
    schema = catalogue.schema(catalogue.TYPES[0])
    own = ("type", "data")
    return {
        "type": "object",
        "required": [name for name in schema["required"] if name not in own],
        "properties": {name: about for name, about in schema["properties"].items() if name not in own},
    }


def _event(type_: EventType) -> dict[str, Any]:
    """The schema of the body of an event of this type: the common members, and its own."""
    properties = catalogue.schema(type_)["properties"]
    own = {name: properties[name] for name in ("type", "data")}
    return {
        "allOf": [{"$ref": "#/components/schemas/Event"}],
        "required": list(own),
        "properties": own,
        "unevaluatedProperties": False,
    }

"""FChat's two endpoints: POST /webhooks/{app_name}/{token} and POST /webhooks/{token}/fchat.

The token in the path is the authentication; a slash at the end of the address is ignored. Every answer has the shape of
FChat's envelope, even when Ferryman itself fails.
"""

import json
import time
from typing import Any

from ferryman import log, metrics, tracing
from ferryman.dialects.fchat import answers
from ferryman.dialects.fchat import requests as intake
from ferryman.errors import TooManyRequests
from ferryman.http import body, described, problems
from ferryman.http.greedy import Addresses
from ferryman.integrations.application_requests.model import Endpoint
from ferryman.integrations.applications.request_log import RequestLog

_ENVELOPE = {
    "type": "object",
    "required": ["ok", "error_code", "description"],
    "properties": {"ok": {"const": False}, "error_code": {"type": "integer"}, "description": {"type": "string"}},
    "additionalProperties": False,
}
_TEXT = {"type": "string", "description": "1 to 2000 characters. Required without `message`, and used instead of it."}
_MESSAGE = {"type": "string", "description": "An alias of `text`."}
_GROUP = {"type": "object", "properties": {"text": _TEXT, "message": _MESSAGE}}
_BUTTON = {"type": "object", "required": ["text", "callbackData"], "properties": {"text": {"type": "string"}}}
_LEGACY = {"type": "object", "required": ["title", "payload"], "properties": {"title": {"type": "string"}}}
_USER = {
    "type": "object",
    "required": ["email"],
    "properties": {
        "email": {"type": "string", "format": "email"},
        "text": _TEXT,
        "message": _MESSAGE,
        "reply_markup": {
            "type": "object",
            "description": "At most 30 buttons. `inline_keyboard` and `callback_data` are accepted, too.",
            "required": ["inlineKeyboard"],
            "properties": {"inlineKeyboard": {"type": "array", "items": {"type": "array", "items": _BUTTON}}},
        },
        "buttons": {
            "type": "array",
            "description": "The older form of `reply_markup`: one button per row.",
            "items": _LEGACY,
        },
        "context": {
            "type": "object",
            "description": "`parameters` are returned in the answer and in each callback of the context; at most "
            "4096 bytes as ASCII JSON.",
            "properties": {"parameters": {"type": "object"}},
        },
    },
}
_IGNORED = (
    "A slash at the end and unknown fields are ignored. The answer's headers `X-FM-Message-ID` and "
    "`X-FM-Context-ID` have the ids of the message and its context."
)
_TO_PERSON = "POST /webhooks/{token}/fchat"
_OK = {"type": "object", "required": ["ok"], "properties": {"ok": {"const": True}}}
_QUEUED = {
    "type": "object",
    "required": ["ok", "error_code", "description", "context"],
    "properties": {
        "ok": {"const": True},
        "error_code": {"const": 200},
        "description": {"const": "Message sent to queue"},
        "context": {
            "type": "object",
            "required": ["id", "parameters"],
            "properties": {"id": {"type": "string"}, "parameters": {"type": "object"}},
        },
    },
}


def _described(name: str, summary: str, about: str, schema: Any, example: Any, answer: Any) -> dict[str, Any]:
    """The OpenAPI path item of one route."""
    return {
        "post": {
            "operationId": name,
            "summary": summary,
            "description": f"{about} The token in the path is the authentication. {_IGNORED}",
            "tags": ["Applications"],
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema, "example": example}}},
            "responses": {
                200: {"description": "OK", "content": {"application/json": {"schema": answer}}},
                **described.errors(400, 404, 429, 500, 503, content={"application/json": {"schema": _ENVELOPE}}),
            },
            "security": [],
        }
    }


paths = {
    "/webhooks/{app_name}/{token}": _described(
        "post_to_application_group",
        "FChat: post to the application's group",
        "The application's group must be active and have an `external_id`.",
        _GROUP,
        {"text": "System notification: All services running"},
        _OK,
    ),
    "/webhooks/{token}/fchat": _described(
        "message_person_as_application",
        "FChat: message a person",
        "An unknown person is created, if the application may do that.",
        _USER,
        {"email": "user@example.com", "text": "Hello!"},
        _QUEUED,
    ),
}

ADDRESSES = Addresses(f"POST {path}" for path in paths)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    started = time.perf_counter()
    request_id = event["requestContext"]["requestId"]
    address = ADDRESSES.find("POST", event["rawPath"])
    endpoint: Endpoint = "person" if address and address.key == _TO_PERSON else "group"
    line = RequestLog(endpoint, request_id)
    status, error = 200, None
    headers = {
        "Content-Type": "application/json",
        "X-Request-Id": request_id,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    try:
        answer = _carry_out(line, event, address.parameters if address else {"app_name": "", "token": ""})
    except Exception as raised:
        status, error = answers.refusal(raised, endpoint) or _failure(raised)
        answer = answers.refused(status, error, raised)
        metrics.post_refused(status)
        if isinstance(raised, TooManyRequests):
            headers["Retry-After"] = str(raised.seconds)
        elif status == answers.BUSY[0]:
            headers["Retry-After"] = "2"
    if line.message_id:
        headers["X-FM-Message-ID"] = line.message_id
    if line.context_id:
        headers["X-FM-Context-ID"] = line.context_id
    line.end(status, error)
    tracing.annotate(message_id=line.message_id)
    log.event(
        "message.accepted" if line.message_id else "request.handled",
        route=address.key if address else event.get("routeKey"),
        status=status,
        error=error,
        application_id=line.application.application_id if line.application else None,
        workspace_id=line.application.workspace_id if line.application else None,
        message_id=line.message_id,
        chat_id=line.chat_id,
        context_id=line.context_id,
        duration_ms=round((time.perf_counter() - started) * 1000),
        request_id=request_id,
    )
    return {"statusCode": status, "headers": headers, "body": json.dumps(answer, ensure_ascii=False)}


def _carry_out(line: RequestLog, event: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    answered = (event.get("headers") or {}).get("x-fm-delivery-id")

    def read() -> Any:
        try:
            return body.parse(body.raw(event))
        except body.Unreadable as unreadable:
            raise intake.InvalidRequest from unreadable

    if line.endpoint == "group":
        intake.to_group(line, parameters["app_name"], parameters["token"], read, answered)
        return answers.posted()
    return answers.queued(intake.to_user(line, parameters["token"], read, answered))


def _failure(error: Exception) -> answers.Refusal:
    """The answer to a fault of ours. The log gets the stack trace; the caller gets no details."""
    log.logger.exception("request.failed", extra={"error": type(error).__name__})
    return answers.BUSY if problems.of(error)[0] == answers.BUSY[0] else answers.BROKEN

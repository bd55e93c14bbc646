"""The secret URLs of incoming webhooks: POST /hooks/{secret}.

The busiest route, so it goes without the resolver and its models: one read, one put. The answer to success is the
text `ok`, which Slack's and Mattermost's clients look for.
"""

import codecs
import time
from typing import Any
from urllib.parse import parse_qs

from ferryman import log, metrics, tracing
from ferryman.conversations.messages.model import Message
from ferryman.http import body, described, problems
from ferryman.integrations.incoming_webhooks import service

# The route as OpenAPI describes it.
paths = {
    "/hooks/{secret}": {
        "post": {
            "operationId": "post_to_incoming_webhook",
            "summary": "Post to an incoming webhook",
            "description": "The secret in the path is the authentication. Takes JSON, or a form with the JSON in "
            "`payload`; a missing content type is read as JSON. Fields besides `text` are ignored.",
            "tags": ["Incoming webhooks"],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "required": ["text"],
                            "properties": {"text": {"type": "string", "maxLength": 16_000}},
                        },
                        "example": {"text": "Build passed"},
                    },
                    "application/x-www-form-urlencoded": {
                        "schema": {
                            "type": "object",
                            "required": ["payload"],
                            "properties": {"payload": {"type": "string", "contentMediaType": "application/json"}},
                        }
                    },
                },
            },
            "responses": {
                200: {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}},
                **described.errors(400, 404, 409, 413, 415, 422, 500, 503),
            },
            "security": [],
        }
    }
}


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    started = time.perf_counter()
    request_id = event["requestContext"]["requestId"]
    headers = {
        "X-Request-Id": request_id,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    message: Message | None = None
    try:
        message = service.accept(
            event["pathParameters"]["secret"], _text(event), (event.get("headers") or {}).get("x-fm-delivery-id")
        )
        status, answer = 200, "ok"
        headers |= {"Content-Type": "text/plain; charset=utf-8", "X-FM-Message-ID": message.message_id}
    except Exception as error:
        status, detail, errors = problems.of(error)
        answer = problems.body(status, detail, request_id, errors)
        headers["Content-Type"] = problems.CONTENT_TYPE
        metrics.post_refused(status)
        if status >= 500:
            log.logger.exception("request.failed", extra={"error": type(error).__name__})
            headers["Retry-After"] = "2"
    _log(
        message,
        route=event.get("routeKey"),
        status=status,
        duration_ms=round((time.perf_counter() - started) * 1000),
        request_id=request_id,
    )
    return {"statusCode": status, "headers": headers, "body": answer}


def _log(message: Message | None, **of_request: Any) -> None:
    """One line, also for what was accepted: taking lines in is a tenth of what a message costs."""
    if message is None:
        log.event("request.handled", **of_request)
        return
    tracing.annotate(message_id=message.message_id)
    log.event(
        "message.accepted",
        workspace_id=message.workspace_id,
        message_id=message.message_id,
        chat_id=message.chat_id,
        incoming_webhook_id=message.origin_id,
        **of_request,
    )


def _text(event: dict[str, Any]) -> object:
    """The message's text, from JSON or from a form's `payload`. Raises body.Unreadable."""
    content = body.raw(event)
    media = body.media_type(event)
    if media == "application/x-www-form-urlencoded":
        content = _payload(content)
    elif not body.is_json(media) and media != "text/plain":
        raise body.Unreadable("Send JSON (application/json), or a form with the JSON in its field payload.", 415)
    return body.parse_member(content, "text")


def _payload(content: bytes) -> bytes:
    if content.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{":
        return content  # curl -d sends JSON under the form's media type unless told otherwise
    try:
        fields = parse_qs(content.decode(), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise body.Unreadable("The form could not be read: it must be UTF-8, with at most 50 fields.") from None
    if "payload" not in fields:
        raise body.Unreadable("The form needs a field payload with the JSON.")
    payload = fields["payload"][0].encode()
    if len(fields) > 1:
        try:
            body.parse_member(payload, "text")
        except body.Unreadable:
            hint = "The JSON in payload ends at a character & that was not encoded; write it as %26."
            raise body.Unreadable(hint) from None
    return payload

"""The secret URLs of incoming webhooks: POST /hooks/{secret}, and POST /services/{…}/{…}/{secret} in Slack's manner.

A slash at the end is ignored. These routes get the most requests, so this handler uses neither the resolver nor its
models, and a post costs one read and one put. Success is answered with the text `ok`, which the clients of Slack and
Mattermost look for. The webhook's flavour selects the product whose bodies are parsed and whose words refuse. When the
secret is unknown, the address and the form of the secret select the product.
"""

import codecs
import hashlib
import json
import re
import time
from typing import Any
from urllib.parse import parse_qs

from ferryman import ids, log, metrics, tracing
from ferryman.conversations.messages.model import Message
from ferryman.errors import TooManyAttempts
from ferryman.http import body, described, problems
from ferryman.http.greedy import Addresses
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials.model import Credential
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.integrations.incoming_webhooks import service
from ferryman.integrations.incoming_webhooks.posts import Post

_MAX_EDGE_BYTES = 1_000_000  # above this, every body is refused unread
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_PARAMETERS = [{"$ref": "#/components/parameters/IdempotencyKey"}]
# The webhook's flavour decides which of the three forms a refusal has.
_RESPONSES = {
    200: {"description": "OK", "content": described.TEXT},
    **{
        status: {**answer, "content": {**answer["content"], **described.APP_ERROR, **described.TEXT}}
        for status, answer in described.errors(400, 403, 404, 409, 413, 415, 422, 429, 500, 503).items()
    },
    **described.errors(410, content={**described.APP_ERROR, **described.TEXT}),
}
_BODY = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string"},
        **{
            name: {"type": ["string", "null"], "description": f"{about} For `mattermost` and `slack`."}
            for name, about in {
                "channel": "The handle of another chat; `@handle` is a person.",
                "username": "Another author name.",
                "icon_url": "Another picture.",
                "icon_emoji": "An emoji instead of the picture.",
            }.items()
        },
        "attachments": {"type": ["array", "null"], "items": {"type": ["object", "null"]}},
        "blocks": {"type": ["array", "null"], "description": "Slack's blocks: shown as Markdown and kept in `props`."},
        "props": {"type": ["object", "null"]},
        "priority": {"type": ["object", "null"]},
    },
}
_REQUEST = {
    "required": True,
    "content": {
        "application/json": {"schema": _BODY, "example": {"text": "Build passed"}},
        "application/x-www-form-urlencoded": {
            "schema": {
                "type": "object",
                "required": ["payload"],
                "properties": {"payload": {"type": "string", "contentMediaType": "application/json"}},
            }
        },
    },
}

# The routes as OpenAPI describes them.
paths = {
    "/hooks/{secret}": {
        "post": {
            "operationId": "post_to_incoming_webhook",
            "summary": "Post to an incoming webhook",
            "description": "The secret in the path is the authentication; a slash at the end is ignored. The body "
            "is JSON, or a form with the JSON in `payload`; without a content type, it is read as JSON. The flavour "
            "`ferryman` accepts 16,000 characters of `text` and ignores the other fields. The flavours `mattermost` "
            "and `slack` accept all fields, split a longer text, and answer errors in that product's form. A webhook "
            "with a `source` accepts that product's payloads, up to 1,000,000 bytes; a payload that gives no message "
            "is answered with `ok`.",
            "tags": ["Incoming webhooks"],
            "parameters": _PARAMETERS,
            "requestBody": _REQUEST,
            "responses": _RESPONSES,
            "security": [],
        }
    },
    "/services/{workspace_key}/{hook_key}/{secret}": {
        "post": {
            "operationId": "post_to_incoming_webhook_as_slack",
            "summary": "Post to an incoming webhook as Slack's clients do",
            "description": "A slash at the end is ignored. Errors are Slack's error codes.",
            "tags": ["Incoming webhooks"],
            "parameters": _PARAMETERS,
            "requestBody": _REQUEST,
            "responses": _RESPONSES,
            "security": [],
        }
    },
}

ADDRESSES = Addresses(f"POST {path}" for path in paths)


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    started = time.perf_counter()
    request_id = event["requestContext"]["requestId"]
    headers = {
        "X-Request-Id": request_id,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
    route, parameters = _addressed_to(event)
    flavour = ""
    credential: Credential | None = None
    messages: list[Message] = []
    try:
        credential = service.find(parameters["secret"])
        flavour = _flavour(parameters, credential)
        post = _read(event, flavour, credential)
        if "hook_key" in parameters:
            credential = _addressed(parameters, credential)
        answered = (event.get("headers") or {}).get("x-fm-delivery-id")
        accepted = service.accept(credential, post, answered, _idempotency_key(event, credential))
        messages = accepted.messages
        status, answer = 200, "ok"
        headers["Content-Type"] = "text/plain; charset=utf-8"
        if accepted.message_id:
            headers["X-FM-Message-ID"] = accepted.message_id
        if accepted.is_repeated:
            headers["Idempotency-Replayed"] = "true"
    except Exception as error:
        status, answer, headers["Content-Type"] = _refuse(error, flavour or _flavour(parameters, None), request_id)
        metrics.post_refused(status)
        if status >= 500:
            log.logger.exception("request.failed", extra={"error": type(error).__name__})
            headers["Retry-After"] = "2"
        if isinstance(error, TooManyAttempts):
            headers["Retry-After"] = str(error.seconds)
        if credential is not None and status < 500:
            _note_refusal(credential, status, answer)
    _log(
        messages,
        route=route,
        status=status,
        duration_ms=round((time.perf_counter() - started) * 1000),
        request_id=request_id,
    )
    return {"statusCode": status, "headers": headers, "body": answer}


def _addressed_to(event: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The route of the request and the parameters in its path. An address of another form gets an empty secret.

    The route has no secret in it, so it may be logged. No webhook has the empty secret.
    """
    address = ADDRESSES.find("POST", event["rawPath"])
    if address:
        return address
    names = ("workspace_key", "hook_key", "secret") if event["rawPath"].startswith("/services/") else ("secret",)
    return event["routeKey"], dict.fromkeys(names, "")


def _idempotency_key(event: dict[str, Any], credential: Credential | None) -> IdempotencyKey | None:
    """The key of the header Idempotency-Key, or None: without the header, and for an unknown secret.

    Raises body.Unreadable for a key that is not allowed. The key is bound to the webhook and to a hash of the body.
    """
    key = (event.get("headers") or {}).get("idempotency-key")
    if key is None or credential is None:
        return None
    if not _KEY.fullmatch(key):
        raise body.Unreadable("The Idempotency-Key must have 1 to 255 visible ASCII characters.")
    fingerprint = hashlib.sha256(body.raw(event, _MAX_EDGE_BYTES)).hexdigest()
    # Keys are bound to the webhook, not to its secret, so rotating the secret keeps them.
    webhook_id = credential.subject_id
    return IdempotencyKey(credential.workspace_id, webhook_id, credential.livemode, key, fingerprint, webhook_id)


def _read(event: dict[str, Any], flavour: str, credential: Credential | None) -> Post | None:
    """The post that a request asks for. None for an event of another product for which Ferryman posts no message."""
    if flavour != "ferryman":
        return _post(event, flavour, credential)
    if credential is None:
        service.require_open(credential)  # before the body, which may be that of a source
    return _event(event, credential) if credential and credential.source else _text(event)


def _flavour(parameters: dict[str, str], credential: Credential | None) -> str:
    if "hook_key" in parameters:
        return "slack"
    if credential is None:
        return "mattermost" if secrets.is_mattermost_secret(parameters["secret"]) else "ferryman"
    return credential.flavour or "ferryman"


def _addressed(parameters: dict[str, str], credential: Credential | None) -> Credential | None:
    """The webhook's credential, if the first two parts of Slack's address are its workspace's key and its own key.

    None for another webhook's key or an unknown secret; raises WrongTeam for another workspace's key.
    """
    from ferryman.dialects.mattermost.answers import WrongTeam

    if credential is None:
        return None
    if parameters["workspace_key"] != f"T{ids.ulid(credential.workspace_id)}":
        raise WrongTeam
    return credential if parameters["hook_key"] == f"B{ids.ulid(credential.subject_id)}" else None


def _refuse(error: Exception, flavour: str, request_id: str) -> tuple[int, str, str]:
    """Status, body and content type of a refusal in the words of a flavour."""
    status, detail, errors = problems.of(error)
    if flavour == "ferryman":
        return status, problems.body(status, detail, request_id, errors), problems.CONTENT_TYPE
    from ferryman.dialects.mattermost import answers

    if flavour == "mattermost" and status == 429:
        return status, answers.LIMITED_TEXT, "text/plain; charset=utf-8"
    refused = answers.refusal(error) or answers.FAILURES.get(status, answers.BROKEN)
    if flavour == "slack":
        return refused.slack_status, refused.word, "text/plain; charset=utf-8"
    return refused.status, answers.app_error(refused, request_id), "application/json"


def _note_refusal(credential: Credential, status: int, answer: str) -> None:
    from ferryman.integrations.incoming_webhooks import refusals  # for the few posts that are refused

    refusal: dict[str, Any] = json.loads(answer) if answer.startswith("{") else {"detail": answer.strip()}
    fields = [f"{field['pointer']}: {field['detail']}" for field in refusal.get("errors") or ()]
    refusals.note(credential, status, " ".join([refusal.get("detail") or refusal["message"], *fields]))


def _log(messages: list[Message], **of_request: Any) -> None:
    """Write one log line for each message, with `of_request` in it. A request without a message gets one line.

    A log line is a tenth of the price of a message, so a message and its request share a line.
    """
    if not messages:
        log.event("request.handled", **of_request)
        return
    for message in messages:
        tracing.annotate(message_id=message.message_id)
        log.event(
            "message.accepted",
            workspace_id=message.workspace_id,
            message_id=message.message_id,
            chat_id=message.chat_id,
            incoming_webhook_id=message.origin_id,
            **of_request,
        )


def _post(event: dict[str, Any], flavour: str, credential: Credential | None) -> Post:
    """The post that a client of Mattermost or Slack asks for. The dialect is imported for them only."""
    from ferryman.dialects.mattermost import requests

    def parse(content: bytes) -> Any:
        try:
            return body.parse_first(content)
        except body.Unreadable:
            raise requests.InvalidPayload from None

    header = str((event.get("headers") or {}).get("content-type") or "")
    sent = requests.payload(body.raw(event, _MAX_EDGE_BYTES), header, event.get("rawQueryString") or "", parse)
    rules = requests.SLACK if flavour == "slack" else requests.MATTERMOST
    return requests.post(sent, rules, lambda user_ids: service.handles(credential, user_ids))


def _event(event: dict[str, Any], credential: Credential) -> Post | None:
    """The post that another product's event becomes, or None.

    `sources` is imported only for webhooks that have a source.
    """
    from ferryman.dialects import sources

    service.require_open(credential)
    content = body.raw(event, sources.MAX_BYTES)
    media = body.media_type(event)
    if media == "multipart/form-data":
        raise body.Unreadable("Send the event as JSON (application/json), not as a form with parts.", 415)

    def parse(signed: bytes) -> Any:
        return body.parse_first(_payload(signed) if media == "application/x-www-form-urlencoded" else signed)

    return sources.receive(credential, content, event.get("headers") or {}, parse)


def _text(event: dict[str, Any]) -> Post:
    """The post with the text of the body, which is JSON or a form.

    Raises body.Unreadable for another body, and Invalid for a text that is not allowed.
    """
    content = body.raw(event)
    media = body.media_type(event)
    if media == "application/x-www-form-urlencoded":
        content = _payload(content)
    elif media == "multipart/form-data":
        fields = body.parts(str((event.get("headers") or {}).get("content-type")), content)
        content = _of_fields({name: [value] for name, value in fields.items()})
    elif not body.is_json(media) and media != "text/plain":
        raise body.Unreadable("Send JSON (application/json), or a form with a field text or payload.", 415)
    return service.postable(body.parse_member(content, "text"))


def _payload(content: bytes) -> bytes:
    if content.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"{":
        return content  # curl -d labels JSON as a form by default
    try:
        fields = parse_qs(content.decode(), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise body.Unreadable("The form could not be read: it must be UTF-8, with at most 50 fields.") from None
    payload = _of_fields(fields)
    if len(fields) > 1:
        try:
            body.parse_member(payload, "text")
        except body.Unreadable:
            hint = "The JSON in payload ends at a character & that was not encoded; write it as %26."
            raise body.Unreadable(hint) from None
    return payload


def _of_fields(fields: dict[str, list[str]]) -> bytes:
    """The JSON that a form has in its field `payload`, or else an object with the form's field `text`.

    Raises body.Unreadable when the form has neither field.
    """
    if "payload" in fields:
        return fields["payload"][0].encode()
    if "text" in fields:
        return json.dumps({"text": fields["text"][0]}).encode()
    raise body.Unreadable("The form needs a field text, or a field payload with JSON.")

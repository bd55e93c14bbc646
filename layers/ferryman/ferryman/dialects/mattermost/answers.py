"""The answers to clients of Mattermost and Slack: the literal id, text and status of each refusal.

A client of Mattermost gets an AppError as JSON, and a client of Slack gets one word as text.
"""

import json
from typing import Any, NamedTuple

from ferryman.dialects.mattermost import requests, split
from ferryman.formats.slack_blocks import InvalidBlocks
from ferryman.integrations.incoming_webhooks import posts


class WrongTeam(Exception):
    """The address names another workspace than the webhook's."""


class Refusal(NamedTuple):
    status: int
    id: str
    message: str
    word: str  # the text that a client of Slack gets
    slack_status: int


_DATA = "model.incoming_hook.parse_data.app_error"
_PARAMETER = "api.context.invalid_param.app_error"
_USER = "web.incoming_webhook.user.app_error"
_CREATING = "api.post.create_webhook_post.creating.app_error"
_NO_USER = "Couldn't find the user."
_PAYLOAD = Refusal(400, _DATA, "Unable to parse incoming data.", "invalid_payload", 400)

REFUSALS: dict[type[Exception], Refusal] = {
    WrongTeam: Refusal(404, "web.incoming_webhook.invalid.app_error", "Invalid webhook.", "no_team", 404),
    requests.InvalidContent: Refusal(
        400,
        "api.webhook.incoming.error",
        "Could not decode the multipart payload of incoming webhook.",
        "invalid_payload",
        400,
    ),
    requests.InvalidPayload: _PAYLOAD,
    InvalidBlocks: Refusal(400, _DATA, "Unable to parse incoming data.", "invalid_blocks", 400),
    requests.NoText: Refusal(400, "web.incoming_webhook.text.app_error", "No text specified.", "no_text", 400),
    requests.TooManyAttachments: Refusal(400, _DATA, "Unable to parse incoming data.", "too_many_attachments", 400),
    posts.UnknownHook: Refusal(400, "web.incoming_webhook.invalid.app_error", "Invalid webhook.", "no_service", 404),
    posts.HookDisabled: Refusal(
        400, "web.incoming_webhook.invalid.app_error", "Invalid webhook.", "no_active_hooks", 404
    ),
    posts.PersonUnknown: Refusal(400, _USER, _NO_USER, "user_not_found", 400),
    posts.ChatUnknown: Refusal(
        404, "web.incoming_webhook.channel.app_error", "Couldn't find the channel.", "channel_not_found", 404
    ),
    posts.ChatClosed: Refusal(400, _CREATING, "Error creating post.", "channel_is_archived", 410),
    posts.ChatLocked: Refusal(
        403,
        "web.incoming_webhook.channel_locked.app_error",
        "This webhook is not permitted to post to the requested channel.",
        "action_prohibited",
        403,
    ),
    posts.OwnerGone: Refusal(403, _USER, _NO_USER, "action_prohibited", 403),
    posts.OwnerNotInChat: Refusal(
        403,
        "web.incoming_webhook.permissions.app_error",
        "Inappropriate channel permissions.",
        "action_prohibited",
        403,
    ),
    requests.PriorityMissing: Refusal(
        400, _PARAMETER, "Invalid webhook.priority.priority parameter.", "invalid_payload", 400
    ),
    requests.SystemType: Refusal(400, _PARAMETER, "Invalid post.type parameter.", "invalid_payload", 400),
    requests.UnknownType: Refusal(400, _CREATING, "Error creating post.", "invalid_payload", 400),
    split.PropsTooLarge: Refusal(
        400,
        "web.incoming_webhook.split_props_length.app_error",
        "Unable to split webhook props into 131072 byte parts.",
        "invalid_payload",
        400,
    ),
}
TOO_LARGE = Refusal(
    413, "api.context.request_body_too_large.app_error", "The request's body is too large.", "invalid_payload", 413
)
BUSY = Refusal(
    503, "api.context.busy.app_error", "The service is busy. Send the request again in a moment.", "rollup_error", 503
)
BROKEN = Refusal(
    500,
    _CREATING,
    "Error creating post. Something went wrong on our side; send the request again.",
    "rollup_error",
    500,
)
KEY_TAKEN = Refusal(
    409,
    "api.context.idempotency_key.app_error",
    "Another post has this Idempotency-Key, or is being made under it. Use a new key for each post.",
    "invalid_payload",
    409,
)
# Mattermost itself answers with a line of text (`LIMITED_TEXT`).
LIMITED = Refusal(429, "api.context.rate_limit.app_error", "Too many posts in this minute.", "rate_limited", 429)
LIMITED_TEXT = "limit exceeded\n"
FAILURES = {
    TOO_LARGE.status: TOO_LARGE,
    400: _PAYLOAD,
    KEY_TAKEN.status: KEY_TAKEN,
    LIMITED.status: LIMITED,
    BUSY.status: BUSY,
}


def refusal(error: Exception) -> Refusal | None:
    """The answer to an exception; None for an exception that is not a refusal."""
    return REFUSALS.get(type(error))


def app_error(refused: Refusal, request_id: str) -> str:
    """Mattermost's error body (JSON) for a refusal, with the keys in Mattermost's order."""
    return error_body(refused.status, refused.id, refused.message, request_id)


def error_body(status: int, error_id: str, message: str, request_id: str, detail: str = "") -> str:
    body: dict[str, Any] = {
        "id": error_id,
        "message": message,
        "detailed_error": detail,
        "request_id": request_id,
        "status_code": status,
    }
    return json.dumps(body, ensure_ascii=False)

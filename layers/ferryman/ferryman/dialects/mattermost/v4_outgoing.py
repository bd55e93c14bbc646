"""Mattermost's outgoing webhooks: /api/v4/hooks/outgoing. Each is a group of our webhooks, one for each of its URLs."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ferryman import ids
from ferryman.dialects.mattermost import objects, v4
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.errors import Invalid, NotAllowed, NotFound
from ferryman.formats.interface import TriggerWhen
from ferryman.webhooks import signing
from ferryman.webhooks.subscriptions import groups
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import WebhookIn

_JOINED = 1024  # characters of all trigger words together, and of all URLs together
_WHEN: tuple[TriggerWhen, ...] = ("first_word", "starts_with")
_IS_VALID = "model.outgoing_hook.is_valid"
_LONGEST = {
    "display_name": (64, f"{_IS_VALID}.display_name.app_error", "Invalid title."),
    "description": (500, f"{_IS_VALID}.description.app_error", "Invalid description."),
    "content_type": (128, f"{_IS_VALID}.content_type.app_error", "Invalid value for content_type."),
    "username": (64, "model.outgoing_hook.username.app_error", "Invalid username."),
    "icon_url": (1024, "model.outgoing_hook.icon_url.app_error", "Invalid icon."),
}
_TRIGGERS = AppError(
    400,
    "api.webhook.create_outgoing.triggers.app_error",
    "Either trigger_words or channel_id must be set.",
)
_WORDS = AppError(400, f"{_IS_VALID}.words.app_error", "Invalid trigger words.")
_TRIGGER_WORDS = AppError(400, f"{_IS_VALID}.trigger_words.app_error", "Invalid trigger words.")
_CALLBACK = AppError(400, f"{_IS_VALID}.callback.app_error", "Invalid callback URLs.")
_URL = AppError(
    400,
    f"{_IS_VALID}.url.app_error",
    "Invalid callback URLs. Each must be a valid URL and start with http:// or https://.",
)
_UNKNOWN = AppError(404, "app.webhooks.get_outgoing.app_error", "Unable to get the webhook.")
_OTHER_TEAM = AppError(400, "api.webhook.team_mismatch.app_error", "Unable to update webhook across teams.")
_DISABLED = AppError(
    501, "api.outgoing_webhook.disabled.app_error", "Outgoing webhooks have been disabled by the system admin."
)
_NAME = "outgoing_webhook"
_text = partial(v4.text, _NAME)


def _intersects(during: str) -> AppError:
    return AppError(
        400,
        f"api.webhook.{during}_outgoing.intersect.app_error",
        "Outgoing webhooks from the same channel cannot have the same trigger words/callback URLs.",
    )


def create(asked: Asked) -> dict[str, Any]:
    v4.require_integrations(asked.caller, "webhooks:write", _DISABLED)
    sent = asked.object(_NAME)
    if _text(sent, "team_id") != objects.short(asked.caller.workspace_id):
        raise v4.PERMISSIONS
    if _text(sent, "creator_id") not in ("", objects.short(asked.caller.user_id)):
        raise v4.PERMISSIONS  # a webhook belongs to its creator, who can hand it over later
    wanted, urls = _wanted(asked, sent)
    try:
        group, secret = groups.create(asked.caller, wanted, urls)
    except groups.Twin:
        raise _intersects("create") from None
    except (Invalid, NotAllowed) as error:
        raise _refusal(error) from None
    return _shown(group, signing.token([secret]))


def page(asked: Asked) -> list[dict[str, Any]]:
    """A page of the caller's outgoing hooks, oldest first. An administrator gets those of all users."""
    v4.require_integrations(asked.caller, "webhooks:read", _DISABLED)
    team, channel = asked.query.get("team_id", ""), asked.query.get("channel_id", "")
    if team and team != objects.short(asked.caller.workspace_id):
        raise v4.PERMISSIONS
    shown = [_shown(group) for group in groups.all_of(asked.caller) if _is_shown(group)]
    if channel:
        shown = [one for one in shown if one["channel_id"] == channel]
    start, size = asked.window()
    return shown[start : start + size]


def read(asked: Asked) -> dict[str, Any]:
    v4.require_integrations(asked.caller, "webhooks:read", _DISABLED)
    return _shown(_group(asked))


def change(asked: Asked) -> dict[str, Any]:
    v4.require_integrations(asked.caller, "webhooks:write", _DISABLED)
    sent = asked.object(_NAME)
    if _text(sent, "id") != asked.path["outgoing_hook_id"]:
        raise v4.invalid_body("hook_id")
    before = _group(asked)
    if _text(sent, "team_id") not in ("", objects.short(asked.caller.workspace_id)):
        raise _OTHER_TEAM
    wanted, urls = _wanted(asked, sent)
    try:
        return _shown(groups.change(asked.caller, before, wanted, urls))
    except groups.Twin:
        raise _intersects("update") from None
    except (Invalid, NotAllowed) as error:
        raise _refusal(error) from None


def delete(asked: Asked) -> dict[str, Any]:
    v4.require(asked.caller, "webhooks:write")
    groups.delete(asked.caller, _group(asked))
    return {"status": "OK"}


def regenerate(asked: Asked) -> dict[str, Any]:
    v4.require_integrations(asked.caller, "webhooks:write", _DISABLED)
    group = _group(asked)
    secret = groups.new_secret(asked.caller, group)
    return _shown(group, signing.token([secret]))


def _group(asked: Asked) -> list[Webhook]:
    try:
        group = groups.find(asked.caller, asked.id("outgoing_hook_id", ids.WEBHOOK))
    except NotFound:
        raise _UNKNOWN from None
    if not _is_shown(group):
        raise _UNKNOWN
    return group


def _is_shown(group: list[Webhook]) -> bool:
    """Whether Mattermost's API can show a group: it has the format `mattermost`, and one channel or all channels."""
    return group[0].format == "mattermost" and (group[0].chat_ids is None or len(group[0].chat_ids) == 1)


# --- reading ----------------------------------------------------------------------------------------------------------


def _texts(sent: Mapping[str, Any], name: str) -> list[str]:
    value = sent.get(name)
    if value is not None and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        raise v4.invalid_body(_NAME)
    return list(value or ())


def _wanted(asked: Asked, sent: dict[str, Any]) -> tuple[WebhookIn, list[str]]:
    """The webhook that the body describes, and its URLs. Raises an AppError for a wrong field."""
    words, urls, channel = _texts(sent, "trigger_words"), _texts(sent, "callback_urls"), _text(sent, "channel_id")
    when = sent.get("trigger_when") or 0
    if not isinstance(when, int) or isinstance(when, bool):
        raise v4.invalid_body(_NAME)
    if not words and not channel:
        raise _TRIGGERS
    if channel and not objects.is_id(channel):
        raise v4.NO_CHANNEL
    if len(" ".join(words)) + 2 > _JOINED:
        raise _WORDS
    if any(not word or len(word) > 100 or word.split() != [word] for word in words) or len(words) > 50:
        raise _TRIGGER_WORDS
    if not urls or len(urls) > groups.MAX_URLS or len(" ".join(urls)) + 2 > _JOINED:
        raise _CALLBACK
    for name, (longest, error_id, message) in _LONGEST.items():
        if len(_text(sent, name).encode("utf-8", "replace")) > longest:
            raise AppError(400, error_id, message)
    if when not in (0, 1):
        raise AppError(400, _LONGEST["content_type"][1], _LONGEST["content_type"][2])
    fields = {
        "url": urls[0] or "-",
        "events": ["message.created"],
        "format": "mattermost",
        "chat_ids": [objects.full(ids.CHAT, channel)] if channel else None,
        "trigger_words": list(dict.fromkeys(words)),
        "trigger_when": _WHEN[when],
        "trigger_body": "json" if _text(sent, "content_type") == "application/json" else "form",
        "name": _text(sent, "display_name").strip() or None,
        "description": _text(sent, "description") or None,
        "reply_name": _text(sent, "username").strip() or None,
        "reply_avatar_url": _text(sent, "icon_url") or None,
    }
    try:
        return WebhookIn.model_validate(fields), urls
    except ValueError as error:
        raise _invalid(error) from None


def _invalid(error: ValueError) -> AppError:
    """The AppError for a field that our own model refuses."""
    places: Any = getattr(error, "errors", list)()
    field = str(places[0]["loc"][0]) if places and places[0]["loc"] else ""
    of_field = {"name": "display_name", "reply_name": "username", "reply_avatar_url": "icon_url"}.get(field, field)
    if of_field in _LONGEST:
        _, error_id, message = _LONGEST[of_field]
        return AppError(400, error_id, message)
    return {"url": _URL, "chat_ids": v4.NO_CHANNEL}.get(field, v4.invalid_body(_NAME))


def _refusal(error: Invalid | NotAllowed) -> AppError:
    if isinstance(error, NotAllowed):
        return v4.PERMISSIONS  # only administrators may have a webhook for every channel
    field = error.errors[0][0] if error.errors else ""
    return {"/url": _URL, "/trigger_words": _TRIGGERS}.get(field, v4.NO_CHANNEL)


# --- showing ----------------------------------------------------------------------------------------------------------


def _shown(group: list[Webhook], token: str = "") -> dict[str, Any]:
    """A group in Mattermost's form. `token` is its token if it is new, and "" otherwise."""
    first = group[0]
    return {
        "id": objects.short(first.group_id or first.webhook_id),
        "token": token,
        "create_at": objects.milliseconds(first.created_at),
        "update_at": objects.milliseconds(first.updated_at),
        "delete_at": 0,
        "creator_id": objects.short(first.owner),
        "channel_id": objects.short(first.chat_ids[0]) if first.chat_ids else "",
        "team_id": objects.short(first.workspace_id),
        "trigger_words": first.trigger_words or [],
        "trigger_when": _WHEN.index(first.trigger_when),
        "callback_urls": [webhook.url for webhook in group],
        "display_name": first.name or "",
        "description": first.description or "",
        "content_type": "application/json" if first.trigger_body == "json" else "application/x-www-form-urlencoded",
        "username": first.reply_name or "",
        "icon_url": first.reply_avatar_url or "",
    }

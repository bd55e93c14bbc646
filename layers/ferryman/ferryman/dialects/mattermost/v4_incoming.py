"""Mattermost's incoming webhooks: /api/v4/hooks/incoming.

In Mattermost, a webhook's id is the secret of its URL. So the answer to a creation has the secret as the id, only this
once. Lists have another id, with which one can manage the webhook but not post. Paths accept either.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from ferryman import ids
from ferryman.dialects.mattermost import objects, v4
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.errors import Conflict, Invalid, NotFound
from ferryman.identity.users import table as users
from ferryman.integrations.incoming_webhooks import service
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook
from ferryman.integrations.incoming_webhooks.schema import IncomingWebhookIn, IncomingWebhookPatch

_AUTHOR = "webhook"  # of messages of a webhook that sets none
_USERNAME = re.compile(r"[a-z0-9.\-_]*", re.ASCII)
_LONGEST = {
    "display_name": (64, "model.incoming_hook.display_name.app_error", "Invalid title."),
    "description": (500, "model.incoming_hook.description.app_error", "Invalid description."),
    "username": (64, "model.incoming_hook.username.app_error", "Invalid username."),
    "icon_url": (1024, "model.incoming_hook.icon_url.app_error", "Invalid post icon."),
}
_INVALID_USERNAME = AppError(400, "api.incoming_webhook.invalid_username.app_error", "Invalid username.")
_UNKNOWN = AppError(404, "app.webhooks.get_incoming.app_error", "Unable to get the webhook.")
_OTHER_TEAM = AppError(400, "api.webhook.team_mismatch.app_error", "Unable to update webhook across teams.")
_NAME = "incoming_webhook"
_text = partial(v4.text, _NAME)


def create(asked: Asked) -> dict[str, Any]:
    v4.require(asked.caller, "webhooks:write")
    sent = asked.object(_NAME)
    _require_own(asked, sent)
    channel_id = _text(sent, "channel_id")
    if not objects.is_id(channel_id):
        raise v4.invalid_body("channel_id")
    wanted = {
        **_wanted(sent),
        "chat_id": objects.full(ids.CHAT, channel_id),
        "flavour": "mattermost",
        "chat_locked": sent.get("channel_locked") is True,
    }
    try:
        model = IncomingWebhookIn.model_validate(wanted)
    except ValueError:
        raise v4.invalid_body(_NAME) from None
    try:
        webhook, secret = service.create(asked.caller, model)
    except (Invalid, Conflict):
        raise v4.NO_CHANNEL from None
    return _shown(webhook) | {"id": secret}


def page(asked: Asked) -> list[dict[str, Any]]:
    """A page of the incoming webhooks that the caller may manage, newest first."""
    v4.require(asked.caller, "webhooks:read")
    team = asked.query.get("team_id", "")
    if team and team != objects.short(asked.caller.workspace_id):
        raise v4.PERMISSIONS
    webhooks, _ = v4.page_of(asked, partial(service.page, asked.caller))
    return [_shown(webhook) for webhook in webhooks]


def read(asked: Asked) -> dict[str, Any]:
    v4.require(asked.caller, "webhooks:read")
    return _shown(_webhook(asked)) | {"id": asked.path["incoming_hook_id"]}


def change(asked: Asked) -> dict[str, Any]:
    v4.require(asked.caller, "webhooks:write")
    sent = asked.object(_NAME)
    if _text(sent, "id") != asked.path["incoming_hook_id"]:
        raise v4.invalid_body("hook_id")
    webhook = _webhook(asked)
    if _text(sent, "team_id") not in ("", objects.short(webhook.workspace_id)):
        raise _OTHER_TEAM
    if _text(sent, "channel_id") not in ("", objects.short(webhook.chat_id)):
        raise v4.invalid_body("channel_id")  # the chat of an incoming webhook cannot change
    wanted: dict[str, Any] = _wanted(sent)
    if isinstance(sent.get("channel_locked"), bool):
        wanted["chat_locked"] = sent["channel_locked"]
    try:
        patch = IncomingWebhookPatch.model_validate(wanted)
    except ValueError:
        raise v4.invalid_body(_NAME) from None
    changed = service.edit(asked.caller, webhook.incoming_webhook_id, patch)
    return _shown(changed) | {"id": asked.path["incoming_hook_id"]}


def delete(asked: Asked) -> dict[str, str]:
    v4.require(asked.caller, "webhooks:write")
    service.revoke(asked.caller, _webhook(asked).incoming_webhook_id)
    return {"status": "OK"}


def _webhook(asked: Asked) -> IncomingWebhook:
    """The webhook that the path names, by its id or by the secret of its URL. Raises an AppError."""
    given, caller = asked.path["incoming_hook_id"], asked.caller
    try:
        return service.get_visible(caller, asked.id("incoming_hook_id", ids.INCOMING_WEBHOOK))
    except NotFound:
        credential = service.find(given)
    if credential is None or credential.workspace_id != caller.workspace_id:
        raise _UNKNOWN
    try:
        return service.get_visible(caller, credential.subject_id)
    except NotFound:
        raise _UNKNOWN from None


def _require_own(asked: Asked, sent: Mapping[str, Any]) -> None:
    """Raises an AppError for a body that names another user as the webhook's owner.

    Owners hand webhooks over instead.
    """
    owner = _text(sent, "user_id")
    if owner in ("", objects.short(asked.caller.user_id)):
        return
    owners = objects.is_id(owner) and users.get_many(asked.caller.workspace_id, [objects.full(ids.USER, owner)])
    raise v4.PERMISSIONS if owners else v4.NO_USER


def _wanted(sent: Mapping[str, Any]) -> dict[str, Any]:
    """The text fields of the body, under the names of our fields. Raises an AppError for a wrong one."""
    for name, (most, error_id, message) in _LONGEST.items():
        if len(_text(sent, name).encode("utf-8", "replace")) > most:
            raise AppError(400, error_id, message)
    if not _USERNAME.fullmatch(_text(sent, "username")):
        raise _INVALID_USERNAME
    icon_url = _text(sent, "icon_url")
    if icon_url and not icon_url.startswith("https://"):
        raise AppError(400, *_LONGEST["icon_url"][1:])
    return {
        "name": _text(sent, "username") or _AUTHOR,
        "avatar_url": icon_url or None,
        "title": _text(sent, "display_name").strip() or None,
        "description": _text(sent, "description") or None,
    }


def _shown(webhook: IncomingWebhook) -> dict[str, Any]:
    created = objects.milliseconds(webhook.created_at)
    return {
        "id": objects.short(webhook.incoming_webhook_id),
        "create_at": created,
        "update_at": objects.milliseconds(webhook.updated_at) or created,
        "delete_at": 0,
        "user_id": objects.short(webhook.owner),
        "channel_id": objects.short(webhook.chat_id),
        "team_id": objects.short(webhook.workspace_id),
        "display_name": webhook.title or "",
        "description": webhook.description or "",
        "username": "" if webhook.name == _AUTHOR else webhook.name,
        "icon_url": webhook.avatar_url or "",
        "channel_locked": webhook.chat_locked,
    }

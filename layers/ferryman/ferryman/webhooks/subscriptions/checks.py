"""Checks which chats, events, format and trigger words a webhook may have.

`outbound.allowed_targets` checks its URL.
"""

from collections.abc import Sequence
from typing import Any

from ferryman import formats
from ferryman.conversations.chats import table as chats
from ferryman.errors import Conflict, Invalid, NotAllowed
from ferryman.events import catalogue
from ferryman.events.model import OPERATIONAL, EventType
from ferryman.formats import Format
from ferryman.identity import permissions
from ferryman.identity.credentials.model import Caller
from ferryman.webhooks.subscriptions.model import BOT_DEACTIVATED, Webhook
from ferryman.webhooks.subscriptions.schema import WebhookIn

_TRIGGERS = ("trigger_when", "trigger_body", "reply_name", "reply_avatar_url")


def check_wanted(caller: Caller, wanted: WebhookIn) -> None:
    """Raise Invalid or NotAllowed for a webhook that the caller may not make. Ignores the URL."""
    check_chats(caller, wanted.chat_ids, caller.user_id)
    check_events(wanted.events, wanted.chat_ids, wanted.format)
    check_triggers(wanted)


def check_chats(caller: Caller, chat_ids: list[str] | None, owner_id: str) -> None:
    """Raise NotAllowed or Invalid unless a webhook of this owner may have these chats, and would get their events.

    None stands for every chat, which needs the scope admin:*.
    """
    if chat_ids is None:
        if not caller.is_admin:
            raise NotAllowed(
                f"Name the chats in chat_ids; a webhook for every chat needs the scope {permissions.ADMIN}."
            )
        return
    pairs = chats.memberships(caller.workspace_id, [(chat_id, owner_id) for chat_id in chat_ids])
    unheard = [chat_id for chat_id in chat_ids if (chat_id, owner_id) not in pairs]
    visible = chats.existing(caller.workspace_id, unheard) if caller.is_admin and unheard else {}
    for chat_id in unheard:
        pointer = f"/chat_ids/{chat_ids.index(chat_id)}"
        if chat_id not in visible:
            raise Invalid("You do not belong to a chat with this id.", pointer)
        raise Invalid(
            "The webhook's owner does not belong to this chat, so the webhook would not get its events. Add them with "
            f"PUT /v1/chats/{chat_id}/members/{owner_id}, or leave chat_ids out, for every chat of the workspace.",
            pointer,
        )


def check_events(event_types: Sequence[EventType], chat_ids: list[str] | None, format_: Format) -> None:
    """Raise Invalid for an event that the format cannot render, or that a webhook with these chats never gets."""
    check_format(event_types, format_, "/events")
    of_no_chat = [type_ for type_ in event_types if type_ in OPERATIONAL or catalogue.is_personal(type_)]
    if of_no_chat and chat_ids is not None:
        raise Invalid(
            f"{of_no_chat[0]} is not about a chat: it needs a webhook without chat_ids, "
            f"which needs {permissions.ADMIN}.",
            "/events",
        )


def check_format(event_types: Sequence[EventType], format_: Format, field: str) -> None:
    """Raise Invalid at `field` (a JSON pointer) if the format cannot render an event of one of these types."""
    for type_ in event_types:
        if not catalogue.can_be_rendered(format_, type_):
            raise Invalid(
                f"The format {format_} does not support {type_}. GET /v1/event-types lists the formats of each type.",
                field,
            )


def check_callback(before: Webhook, changes: dict[str, Any]) -> None:
    """Raise Invalid or Conflict for changes that the callback of a bot or of an application cannot get."""
    for name in ("events", "chat_ids"):
        if name in changes:
            what = "A bot's callback gets the bot's mentions in the bot's chats"
            if before.application_id:
                what = "An application's callback gets what people answer to it (and group_messages of the application)"
            raise Invalid(f"{what}, and nothing else. Leave {name} out.", f"/{name}")
    if changes.get("state") == "enabled" and before.disabled_reason == BOT_DEACTIVATED:
        raise Conflict("The callback's bot is deactivated. Activate it: PATCH /v1/bots/{id} with active: true.")


def check_triggers(wanted: WebhookIn) -> None:
    """Raise Invalid for trigger words in a format without them, and for their settings without trigger words."""
    if wanted.trigger_words is None:
        for name in _TRIGGERS:
            if getattr(wanted, name) is not None:
                raise Invalid("needs trigger_words; an empty list stands for every message.", f"/{name}")
        return
    if formats.FORMATS[wanted.format].render_triggered is None:
        able = [name for name, format_ in formats.FORMATS.items() if format_.render_triggered]
        raise Invalid(
            f"The format {wanted.format} does not support trigger words. Use {' or '.join(able)}.", "/trigger_words"
        )
    check_triggered(wanted.events, wanted.trigger_words, wanted.chat_ids)


def check_triggered(events: Sequence[EventType], words: Sequence[str], chat_ids: list[str] | None) -> None:
    """Raise Invalid unless the only event type is `message.created`, and there are trigger words or chat ids."""
    if list(events) != ["message.created"]:
        raise Invalid(
            "A webhook with trigger words gets new messages only: events must be exactly message.created.", "/events"
        )
    if not words and chat_ids is None:
        raise Invalid("Give a trigger word, or give chat_ids to get every message of these chats.", "/trigger_words")


def check_changed_triggers(before: Webhook, after: Webhook, changes: dict[str, Any]) -> None:
    """Raise Invalid for a change that makes the trigger words incomplete, or gives them to a webhook without any."""
    if before.is_triggered:
        check_triggered(after.events, after.trigger_words or [], after.chat_ids)
        return
    for name in ("trigger_words", *_TRIGGERS):
        if name in changes:
            raise Invalid(
                "The webhook was created without trigger words, and they cannot be added. Create a new webhook.",
                f"/{name}",
            )

"""Mattermost's bots: /api/v4/bots. `v4_tokens` has their tokens."""

from functools import partial
from typing import Any

from ferryman import ids
from ferryman.aws import dynamodb as store
from ferryman.dialects.mattermost import objects, v4
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.errors import Conflict, Invalid, NotFound
from ferryman.identity import permissions
from ferryman.identity.credentials.model import Caller
from ferryman.identity.users import table as users
from ferryman.identity.users.handles import is_free, is_handle
from ferryman.identity.users.model import User
from ferryman.integrations.bots import service as bots
from ferryman.integrations.bots.schema import BotIn, BotPatch

_MOST_OF_NAME, _MOST_OF_ABOUT = 64, 500
_USERNAME = AppError(400, "model.bot.is_valid.username.app_error", "Invalid username.")
_DESCRIPTION = AppError(400, "model.bot.is_valid.description.app_error", "Invalid description.")
_TAKEN = AppError(400, "app.user.save.username_exists.app_error", "An account with that username already exists.")
_NO_BOT = AppError(404, "store.sql_bot.get.missing.app_error", "Bot does not exist.")


def create_bot(asked: Asked) -> dict[str, Any]:
    """Create a bot. It cannot do anything until it gets a token."""
    v4.require(asked.caller, "bots:write")
    sent = asked.object("bot")
    username, shown, about = (v4.text("bot", sent, name) for name in ("username", "display_name", "description"))
    _check(username, shown, about)
    try:
        wanted = BotIn.model_validate({"name": shown.strip() or username, "handle": username, "about": about or None})
    except ValueError:
        raise v4.invalid_body("display_name") from None
    try:
        return _bot(bots.create_without_token(asked.caller, wanted))
    except Conflict:
        raise _TAKEN from None


def page_of_bots(asked: Asked) -> list[dict[str, Any]]:
    """A page of the bots that the caller may manage, oldest first.

    Inactive bots are included only with `include_deleted`. With `only_orphaned`, the page has only bots without an
    active owner.
    """
    v4.require(asked.caller, "bots:read")
    deleted = asked.query.get("include_deleted") == "true"
    fetch = _orphans if asked.query.get("only_orphaned") == "true" else bots.page
    page, _ = v4.page_of(asked, partial(fetch, asked.caller), lambda bot: bot.active or deleted)
    return [_bot(bot) for bot in page]


def _orphans(caller: Caller, limit: int, after: store.Key | None) -> tuple[list[User], store.Key | None]:
    page, next_after = bots.page(caller, limit, after)
    owners = users.get_many(caller.workspace_id, {bot.owner for bot in page if bot.owner})
    active = {owner.user_id for owner in owners if owner.active}
    return [bot for bot in page if bot.owner not in active], next_after


def read_bot(asked: Asked) -> dict[str, Any]:
    v4.require(asked.caller, "bots:read")
    return _bot(_own_bot(asked))


def change_bot(asked: Asked) -> dict[str, Any]:
    v4.require(asked.caller, "bots:write")
    sent, bot = asked.object("bot"), _own_bot(asked)
    username = v4.text("bot", sent, "username") or str(bot.handle)
    shown = bot.name if sent.get("display_name") is None else v4.text("bot", sent, "display_name")
    about = bot.about or "" if sent.get("description") is None else v4.text("bot", sent, "description")
    _check(username, shown, about)
    try:
        patch = BotPatch.model_validate({"name": shown.strip() or username, "handle": username, "about": about or None})
    except ValueError:
        raise v4.invalid_body("display_name") from None
    try:
        return _bot(bots.edit(asked.caller, bot.user_id, patch))
    except Conflict:
        raise _TAKEN from None


def disable_bot(asked: Asked) -> dict[str, Any]:
    """Deactivate a bot. Its tokens and callbacks then stop working."""
    return _activated(asked, active=False)


def enable_bot(asked: Asked) -> dict[str, Any]:
    return _activated(asked, active=True)


def _activated(asked: Asked, *, active: bool) -> dict[str, Any]:
    v4.require(asked.caller, "bots:write")
    bot = _own_bot(asked)
    try:
        return _bot(bots.edit(asked.caller, bot.user_id, BotPatch(active=active)))
    except (Conflict, Invalid):  # its owner may not have bots any more
        raise v4.PERMISSIONS from None


def assign_bot(asked: Asked) -> dict[str, Any]:
    """Hand a bot over to another person."""
    v4.require(asked.caller, permissions.ADMIN)
    bot, heir = _own_bot(asked), asked.id("v4_user_id", ids.USER)
    if not users.get_many(asked.caller.workspace_id, [heir]):
        raise v4.NO_USER
    try:
        return _bot(bots.hand_over(asked.caller, bot.user_id, heir))
    except (Conflict, Invalid):  # a person whose role has no bots
        raise v4.PERMISSIONS from None


def _own_bot(asked: Asked) -> User:
    try:
        return bots.get_visible(asked.caller, asked.id("v4_bot_id", ids.USER))
    except NotFound:
        raise _NO_BOT from None


def _check(username: str, shown: str, about: str) -> None:
    if not is_handle(username) or not is_free(username) or len(shown) > _MOST_OF_NAME:
        raise _USERNAME
    if len(about) > _MOST_OF_ABOUT:
        raise _DESCRIPTION


def _bot(of: User) -> dict[str, Any]:
    return {
        "user_id": objects.short(of.user_id),
        "username": objects.username(of),
        "display_name": of.name,
        "description": of.about or "",
        "owner_id": objects.short(of.owner) if of.owner else "",
        "create_at": objects.milliseconds(of.created_at),
        "update_at": objects.milliseconds(of.updated_at),
        "delete_at": 0 if of.active else objects.milliseconds(of.updated_at),
    }

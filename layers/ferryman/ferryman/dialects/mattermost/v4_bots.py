"""Mattermost's bots and personal access tokens: /api/v4/bots and /api/v4/users/…/tokens."""

import re
from functools import partial
from typing import Any

from ferryman import ids
from ferryman.aws import dynamodb as store
from ferryman.dialects.mattermost import objects, v4, v4_tokens
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.errors import Conflict, Invalid, NotFound
from ferryman.identity import permissions
from ferryman.identity.credentials.model import Caller
from ferryman.identity.tokens import service as tokens
from ferryman.identity.tokens import table as tokens_table
from ferryman.identity.tokens.model import Token
from ferryman.identity.tokens.schema import TokenIn
from ferryman.identity.tokens.service import TokenRevoked
from ferryman.identity.users import table as users
from ferryman.identity.users.handles import is_free, is_handle
from ferryman.identity.users.model import User
from ferryman.integrations.bots import service as bots
from ferryman.integrations.bots.schema import BotIn, BotPatch, BotTokenIn

_MOST_OF_NAME, _MOST_OF_ABOUT, _MOST_OF_TOKEN = 64, 500, 255
_USERNAME = AppError(400, "model.bot.is_valid.username.app_error", "Invalid username.")
_DESCRIPTION = AppError(400, "model.bot.is_valid.description.app_error", "Invalid description.")
_TAKEN = AppError(400, "app.user.save.username_exists.app_error", "An account with that username already exists.")
_NO_BOT = AppError(404, "store.sql_bot.get.missing.app_error", "Bot does not exist.")
_NO_TOKENS = AppError(501, "app.user_access_token.disabled", "Personal access tokens are disabled on this server.")
_TOO_MANY = AppError(400, "app.user_access_token.save.app_error", "Unable to save the personal access token.")


# --- bots -------------------------------------------------------------------------------------------------------------


def create_bot(asked: Asked) -> dict[str, Any]:
    """A new bot, which can do nothing until it gets a token."""
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

    Inactive bots are listed on request, and so are the bots alone that have no active owner.
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
    """Stop a bot's tokens and callbacks."""
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
    """Give a bot to another person."""
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


# --- tokens -----------------------------------------------------------------------------------------------------------


def create_token(asked: Asked) -> dict[str, Any]:
    """A token of the caller, with all that the caller may do, or of one of the caller's bots. Shown this once."""
    sent = asked.object("token")
    description = v4.text("token", sent, "description").strip()
    if not description or len(description) > _MOST_OF_TOKEN:
        raise v4.invalid_body("description")
    name = re.sub(r"\s+", " ", description)[:100].strip()
    bot = _bot_of(asked, "bots:write")
    try:
        if bot:
            of_bot = BotTokenIn.model_validate({"name": name, "description": description})
            token, secret = bots.create_token(asked.caller, bot.user_id, of_bot)
        else:
            token, secret = _create_own(asked.caller, name, description)
    except ValueError:
        raise v4.invalid_body("description") from None
    except Conflict:
        raise _TOO_MANY from None
    return {"id": objects.short(token.token_id), "token": secret} | objects.token(token)


def _create_own(caller: Caller, name: str, description: str) -> tuple[Token, str]:
    v4.require_integrations(caller, "tokens:write", _NO_TOKENS)
    wanted = TokenIn.model_validate(
        {
            "name": name,
            "description": description,
            "scopes": sorted(caller.scopes),
            "environment": "production" if caller.livemode else "development",
            "expires_at": caller.expires_at if caller.kind == "token" else None,
        }
    )
    return tokens.create(caller, wanted)


def page_of_tokens(asked: Asked) -> list[dict[str, Any]]:
    """A page of the tokens of the caller, or of one of the caller's bots, that are not revoked."""
    bot = _bot_of(asked, "bots:read")
    if not bot:
        v4.require(asked.caller, "tokens:read")
    user_id = bot.user_id if bot else asked.caller.user_id
    return v4_tokens.page(asked, tokens_table.unrevoked(asked.caller.workspace_id, user_id))


def read_token(asked: Asked) -> dict[str, Any]:
    return objects.token(_own_token(asked.caller, asked.id("v4_token_id", ids.TOKEN), "read"))


def revoke_token(asked: Asked) -> dict[str, str]:
    token = _named_token(asked)
    if _acts_as_owner(asked.caller, token):
        tokens.revoke(asked.caller, token.token_id)
    else:
        bots.revoke_token(asked.caller, token.user_id, token.token_id)
    return {"status": "OK"}


def disable_token(asked: Asked) -> dict[str, str]:
    """Stop a token until it is enabled again."""
    return _switch(asked, disabled=True)


def enable_token(asked: Asked) -> dict[str, str]:
    """Let a disabled token work again. A person's token needs the plan, as a new one does."""
    return _switch(asked, disabled=False)


def _switch(asked: Asked, *, disabled: bool) -> dict[str, str]:
    token = _named_token(asked)
    try:
        if not _acts_as_owner(asked.caller, token):
            bots.switch_token(asked.caller, token.user_id, token.token_id, disabled=disabled)
        elif disabled:
            tokens.disable(asked.caller, token.token_id)
        else:
            if users.get(token.workspace_id, token.user_id).role != "bot":
                v4.require_integrations(asked.caller, "tokens:write", _NO_TOKENS)
            tokens.enable(asked.caller, token.token_id)
    except TokenRevoked:
        raise v4.invalid_body("token_id") from None
    return {"status": "OK"}


def _named_token(asked: Asked) -> Token:
    """The token that the body names, if the caller may change it."""
    token_id = v4.text("token_id", asked.object("token"), "token_id")
    if not objects.is_id(token_id):
        raise v4.invalid_body("token_id")
    return _own_token(asked.caller, objects.full(ids.TOKEN, token_id), "write")


def _own_token(caller: Caller, token_id: str, right: str) -> Token:
    """A token of the caller, of one of the caller's bots, or any for an administrator. Raises PERMISSIONS otherwise."""
    try:
        token = tokens_table.get(caller.workspace_id, token_id)
        if _acts_as_owner(caller, token):
            v4.require(caller, "tokens:write" if right == "write" else "tokens:read")
            return tokens.get_visible(caller, token_id)
        v4.require(caller, "bots:write" if right == "write" else "bots:read")
        return bots.token_of(caller, token.user_id, token_id)
    except NotFound:
        raise v4.PERMISSIONS from None


def _acts_as_owner(caller: Caller, token: Token) -> bool:
    """Whether the caller changes the token as its owner, not as the owner of a bot; administrators always do."""
    return caller.is_admin or token.user_id == caller.user_id


def _bot_of(asked: Asked, scope: permissions.Scope) -> User | None:
    """The bot that the path names; None when it names the caller. Raises PERMISSIONS for anybody else."""
    if asked.path["v4_user_id"] in ("me", objects.short(asked.caller.user_id)):
        return None
    v4.require(asked.caller, scope)
    try:
        return bots.get_visible(asked.caller, asked.id("v4_user_id", ids.USER))
    except NotFound:
        raise v4.PERMISSIONS from None

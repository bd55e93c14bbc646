"""Mattermost's personal access tokens, of people and of bots: create, list, read, revoke, disable and enable.

The paths are /api/v4/users/…/tokens and /api/v4/users/tokens/…; `v4_token_lists` has GET /api/v4/users/tokens.
"""

import re
from typing import Any

from ferryman import ids
from ferryman.dialects.mattermost import objects, v4, v4_token_lists
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.errors import Conflict, NotFound
from ferryman.identity import permissions
from ferryman.identity.credentials.model import Caller
from ferryman.identity.tokens import service as tokens
from ferryman.identity.tokens import table as tokens_table
from ferryman.identity.tokens.model import Token
from ferryman.identity.tokens.schema import TokenIn
from ferryman.identity.tokens.service import TokenRevoked
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.integrations.bots import service as bots
from ferryman.integrations.bots.schema import BotTokenIn

_MOST_OF_DESCRIPTION = 255
_NO_TOKENS = AppError(501, "app.user_access_token.disabled", "Personal access tokens are disabled on this server.")
_TOO_MANY = AppError(400, "app.user_access_token.save.app_error", "Unable to save the personal access token.")


def create(asked: Asked) -> dict[str, Any]:
    """Create a token for the caller, with all scopes that the caller has, or for one of the caller's bots.

    Returns the token in Mattermost's form with its secret, only this once.
    """
    sent = asked.object("token")
    description = v4.text("token", sent, "description").strip()
    if not description or len(description) > _MOST_OF_DESCRIPTION:
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


def page(asked: Asked) -> list[dict[str, Any]]:
    """A page of the unrevoked tokens of the caller, or of the caller's bot that the path names."""
    bot = _bot_of(asked, "bots:read")
    if not bot:
        v4.require(asked.caller, "tokens:read")
    user_id = bot.user_id if bot else asked.caller.user_id
    return v4_token_lists.page(asked, tokens_table.unrevoked(asked.caller.workspace_id, user_id))


def read(asked: Asked) -> dict[str, Any]:
    return objects.token(_own_token(asked.caller, asked.id("v4_token_id", ids.TOKEN), "read"))


def revoke(asked: Asked) -> dict[str, str]:
    token = _named_token(asked)
    if _acts_as_owner(asked.caller, token):
        tokens.revoke(asked.caller, token.token_id)
    else:
        bots.revoke_token(asked.caller, token.user_id, token.token_id)
    return {"status": "OK"}


def disable(asked: Asked) -> dict[str, str]:
    """Disable a token until it is enabled again."""
    return _switch(asked, disabled=True)


def enable(asked: Asked) -> dict[str, str]:
    """Enable a disabled token.

    For a person's token, the workspace's plan must include integrations, as for a new one.
    """
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
    """The token that the body names, if the caller may change it; otherwise raises an AppError."""
    token_id = v4.text("token_id", asked.object("token"), "token_id")
    if not objects.is_id(token_id):
        raise v4.invalid_body("token_id")
    return _own_token(asked.caller, objects.full(ids.TOKEN, token_id), "write")


def _own_token(caller: Caller, token_id: str, right: str) -> Token:
    """The token, if it belongs to the caller or to one of the caller's bots, or if the caller is an administrator.

    Raises PERMISSIONS otherwise, and for a caller without the scope. `right` is `read` or `write`.
    """
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
    """Whether the caller is the token's user or an administrator; otherwise only the owner of a bot may change it."""
    return caller.is_admin or token.user_id == caller.user_id


def _bot_of(asked: Asked, scope: permissions.Scope) -> User | None:
    """The bot that the path names; None if the path names the caller. Raises PERMISSIONS for any other user."""
    if asked.path["v4_user_id"] in ("me", objects.short(asked.caller.user_id)):
        return None
    v4.require(asked.caller, scope)
    try:
        return bots.get_visible(asked.caller, asked.id("v4_user_id", ids.USER))
    except NotFound:
        raise v4.PERMISSIONS from None

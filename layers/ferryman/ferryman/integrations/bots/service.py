"""Bots: users with the role `bot`, which are programs that call the API with tokens."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import batched

from ferryman import clock, ids, schema
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.errors import Conflict, Invalid, NotAllowed, NotFound
from ferryman.identity import authority, caps, idempotency, ownership, permissions
from ferryman.identity.audit import service as audit
from ferryman.identity.avatar_images import AvatarImage
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.tokens import service as tokens
from ferryman.identity.tokens import table as tokens_table
from ferryman.identity.tokens.model import Environment, Token
from ferryman.identity.tokens.schema import TokenIn
from ferryman.identity.users import service as users
from ferryman.identity.users import table
from ferryman.identity.users.model import User
from ferryman.integrations.bots import callbacks
from ferryman.integrations.bots.schema import BotIn, BotPatch, BotTokenIn

MAX_TOKENS = 20  # unrevoked tokens of one bot: one transaction of at most 100 writes must be able to revoke all
_OWNER_ROUTE = "/v1/bots/{bot_id}/owner"
_CHATS_AT_ONCE = 30
_REMOVABLE = {"avatar_url", "about"}


def create(caller: Caller, wanted: BotIn, idempotency_key: IdempotencyKey | None = None) -> tuple[User, Token, str]:
    """A new bot, its first token and the token's secret.

    Raises NotAllowed for a token with more rights than the caller's, and Conflict for a taken handle.
    """
    bot = _new(caller, wanted)
    first = TokenIn(
        name=wanted.name,
        scopes=[*(wanted.scopes or _all_scopes(caller))],
        environment=wanted.environment or _environment(caller),
        expires_at=wanted.expires_at,
    )
    token, secret, writes = tokens.creating(caller, bot.user_id, bot.role, first)
    audited = audit.writes(caller, "bot.created", bot.user_id, {"handle": wanted.handle})
    acting = table.acting(caller.workspace_id, caller.user_id, caller.role)
    store.commit([*idempotency.writes(idempotency_key, bot.user_id), *table.creating(bot), *writes, acting, *audited])
    return bot, token, secret


def create_without_token(caller: Caller, wanted: BotIn) -> User:
    """A new bot without a token; `create_token` makes one. The fields of `wanted` about a token have no effect.

    Raises Conflict for a taken handle.
    """
    bot = _new(caller, wanted)
    audited = audit.writes(caller, "bot.created", bot.user_id, {"handle": wanted.handle})
    store.commit([*table.creating(bot), table.acting(caller.workspace_id, caller.user_id, caller.role), *audited])
    return bot


def _new(caller: Caller, wanted: BotIn) -> User:
    now = clock.now_iso()
    return User(
        workspace_id=caller.workspace_id,
        user_id=ids.new(ids.USER),
        name=wanted.name,
        role="bot",
        handle=wanted.handle,
        avatar_url=wanted.avatar_url,
        about=wanted.about,
        created_by=caller.user_id,
        livemode=caller.livemode,
        created_at=now,
        updated_at=now,
    )


def get_visible(caller: Caller, bot_id: str) -> User:
    """The bot, if the caller owns it or has the scope admin:*. Raises NotFound otherwise."""
    unknown = NotFound("The bot does not exist.")
    try:
        bot = table.get(caller.workspace_id, bot_id)
    except NotFound:
        raise unknown from None
    if bot.role != "bot" or (not caller.is_admin and bot.owner != caller.user_id):
        raise unknown
    return bot


def page(caller: Caller, limit: int, after: store.Key | None) -> tuple[list[User], store.Key | None]:
    """A page of the bots that the caller may manage, oldest first, and the key after which the next one begins."""
    return table.page_of_bots(caller.workspace_id, None if caller.is_admin else caller.user_id, limit, after)


def edit(caller: Caller, bot_id: str, patch: BotPatch) -> User:
    """Change a bot; deactivating or activating it does the same with its tokens and callbacks. Returns the changed bot.

    Raises NotFound, Invalid for a null that is not allowed, NotAllowed for a test credential that would change
    something live, and Conflict for a taken handle, for a bot that changed in between, and for activating a bot whose
    owner may not have bots.
    """
    before = get_visible(caller, bot_id)
    changes = schema.changes(patch)
    for name, value in changes.items():
        if value is None and name not in _REMOVABLE:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    after = replace(before, **changes)
    if after.active:
        after.disabled_reason = None
    if after.active != before.active:
        _spare_live(caller, before)
    if after != before:
        authority.require_mode(caller, livemode=before.livemode)
        after.updated_at = clock.now_iso()
        changed = [name for name, value in changes.items() if value != getattr(before, name)]
        audited = audit.writes(caller, "bot.edited", bot_id, {"changed": changed, "active": after.active})
        entitled = []
        if after.active and not before.active:
            entitled = [
                ownership.still_entitled(before.workspace_id, str(before.owner), ownership.OF_BOTS, _OWNER_ROUTE)
            ]
        store.commit([*table.changing(before, after), *entitled, *audited])
    if "active" in changes:  # also when nothing changed: an earlier request may have failed halfway
        follow(after)
    return after


def set_avatar(caller: Caller, bot_id: str, image: AvatarImage, base: str) -> User:
    """Store an uploaded picture as a bot's avatar, with a URL that begins with `base`. Returns the changed bot.

    Raises NotFound, NotAllowed for a test credential and a live bot, and Conflict if the bot changed after it was read.
    """
    before = get_visible(caller, bot_id)
    authority.require_mode(caller, livemode=before.livemode)
    after, writes = users.with_avatar(before, image, base)
    details = {"changed": ["avatar_url"], "active": after.active}
    store.commit([*writes, *audit.writes(caller, "bot.edited", bot_id, details)])
    return after


def hand_over(caller: Caller, bot_id: str, user_id: str) -> User:
    """Give the bot, and those of its callbacks that the old owner has, another owner. The bot's activity stays.

    Raises NotFound, NotAllowed for a test credential and a live bot, Invalid for a user who may not have bots, and
    Conflict if the bot, a callback or the new owner changed after it was read.
    """
    before = get_visible(caller, bot_id)
    authority.require_mode(caller, livemode=before.livemode)
    after = replace(before, owner_id=user_id, updated_at=clock.now_iso())
    store.commit(
        [
            *table.changing(before, after),
            ownership.taking_over(before.workspace_id, user_id, ownership.OF_BOTS),
            *callbacks.handing_over(before, user_id, after.updated_at),
            *audit.writes(caller, "bot.handed_over", bot_id, {"from": before.owner, "to": user_id}),
        ]
    )
    return after


def delete(caller: Caller, bot_id: str) -> None:
    """Delete a bot, with its tokens, callbacks and memberships; its messages stay.

    The bot's row is deleted last, so that a request that failed halfway can be repeated. Raises NotFound,
    NotAllowed for a test credential that would stop something live, and Conflict if the bot, a token or a callback
    changed after it was read.
    """
    bot = get_visible(caller, bot_id)
    authority.require_mode(caller, livemode=bot.livemode)
    _spare_live(caller, bot)
    if bot.active:
        after = replace(bot, active=False, updated_at=clock.now_iso())
        store.commit(table.changing(bot, after))
        bot = after
    for token in _tokens(bot):
        tokens.revoke_found(caller, token)
    callbacks.delete_all(bot)
    for chat_ids in batched(chats.joined(bot.workspace_id, bot_id), _CHATS_AT_ONCE, strict=False):
        left = [write for chat_id in chat_ids for write in chats.leaving(bot.workspace_id, chat_id, bot_id)]
        for chat_id in chat_ids:
            left += audit.writes(caller, "member.removed", chat_id, {"user_id": bot_id})
        store.commit(left)
    audited = audit.writes(caller, "bot.deleted", bot_id, {"handle": bot.handle})
    store.commit([*table.deleting(bot), *audited])


def create_token(
    caller: Caller, bot_id: str, wanted: BotTokenIn, idempotency_key: IdempotencyKey | None = None
) -> tuple[Token, str]:
    """A new token of a bot and the token's secret.

    `wanted.revoke_others` revokes the bot's other tokens in the same transaction. Raises NotFound, NotAllowed for a
    token with more rights than the caller's, and Conflict for a deactivated bot and for one with twenty tokens already.
    """
    bot = get_visible(caller, bot_id)

    def counted(within_cap: store.Write) -> tuple[Token, str]:
        return _create_token(caller, bot, wanted, within_cap, idempotency_key)

    return caps.within(bot.workspace_id, bot_id, counted)


def _create_token(
    caller: Caller, bot: User, wanted: BotTokenIn, within_cap: store.Write, idempotency_key: IdempotencyKey | None
) -> tuple[Token, str]:
    active_tokens = list(_tokens(bot))
    others = [token for token in active_tokens if caller.livemode or not token.livemode]
    if len(active_tokens) >= MAX_TOKENS and not wanted.revoke_others:
        raise Conflict(
            f"The bot has {len(active_tokens)} tokens that are not revoked. Revoke some, or send revoke_others: true."
        )
    newest = max(others, key=lambda token: token.token_id, default=None)
    inherited = [scope for scope in newest.scopes if scope in permissions.of_role("bot")] if newest else []
    token, secret, writes = tokens.creating(
        caller,
        bot.user_id,
        bot.role,
        TokenIn.model_validate(
            {
                "name": wanted.name or bot.name,
                "scopes": wanted.scopes or inherited or _all_scopes(caller),
                "environment": wanted.environment or (newest.environment if newest else _environment(caller)),
                "expires_at": wanted.expires_at,
                "description": wanted.description,
            }
        ),
    )
    if wanted.revoke_others:
        for other in others:
            writes += tokens.revoking(caller, other)
    writes += [within_cap, table.acting(bot.workspace_id, bot.user_id, bot.role, refused=callbacks.deactivated())]
    try:
        store.commit([*idempotency.writes(idempotency_key, token.token_id), *writes], tries=3)
    except NotFound:
        raise Conflict("A token of the bot was revoked at the same moment. Send the request again.") from None
    return token, secret


def token_of(caller: Caller, bot_id: str, token_id: str) -> Token:
    """A token of a bot. A caller with a test credential finds test tokens only. Raises NotFound."""
    bot = get_visible(caller, bot_id)
    token = tokens_table.get(caller.workspace_id, token_id)
    if token.user_id != bot.user_id or (token.livemode and not caller.livemode):
        raise NotFound("The token does not exist.")
    return token


def revoke_token(caller: Caller, bot_id: str, token_id: str) -> None:
    """Revoke a token of a bot. From then on, no request with the token is accepted.

    Raises NotFound, and Conflict as `tokens.revoke_found` does.
    """
    tokens.revoke_found(caller, token_of(caller, bot_id, token_id))


def switch_token(caller: Caller, bot_id: str, token_id: str, *, disabled: bool) -> None:
    """Disable a token of a bot, or enable it again. Raises NotFound, and as `tokens.switch_found` does.

    Enabling raises NotAllowed when the token has a scope that the caller's credential lacks.
    """
    token = token_of(caller, bot_id, token_id)
    if not disabled:
        authority.require_every_scope(caller, permissions.effective(token.scopes, "bot"))
    tokens.switch_found(caller, token, disabled=disabled)


def _tokens(bot: User) -> Iterator[Token]:
    return tokens_table.unrevoked(bot.workspace_id, bot.user_id)


def _all_scopes(caller: Caller) -> list[permissions.Scope]:
    """All scopes that a bot may have and the caller can give. Raises NotAllowed if the caller can give none."""
    scopes = [
        scope
        for scope in permissions.ALL
        if scope in permissions.of_role("bot") and permissions.covers(caller.scopes, scope)
    ]
    if not scopes:
        raise NotAllowed("The token you use has no scope that a bot may hold, such as messages:write, to give to it.")
    return scopes


def _environment(caller: Caller) -> Environment:
    return "production" if caller.livemode else "development"


def _spare_live(caller: Caller, bot: User) -> None:
    """Raise NotAllowed if the caller has a test credential and the bot has live tokens or callbacks."""
    if not caller.livemode and (any(token.livemode for token in _tokens(bot)) or callbacks.any_live(bot)):
        raise NotAllowed("The bot has live tokens or callbacks, which a test token cannot stop. Use a live token.")


def follow(bot: User) -> None:
    """Disable or enable the bot's tokens and callbacks, so that they match `bot.active`.

    Reads the bot again afterwards, and repeats the work if another edit has changed its activity.
    """
    while True:
        tokens.follow_user(bot)
        callbacks.follow(bot)
        newest = table.get(bot.workspace_id, bot.user_id)
        if newest.active == bot.active:
            return
        bot = newest

"""Bots, their tokens and their callbacks: /v1/bots."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http import avatar_pictures, delivery_routes, webhook_routes
from ferryman.http.api import Api, Call, Id, Idempotent, ThisCall, errors, needs
from ferryman.http.call import OwnerIn
from ferryman.http.webhook_owners import bot as bot_callbacks
from ferryman.identity.tokens import table as tokens
from ferryman.identity.tokens.schema import TokenCreated, TokenOut
from ferryman.integrations.bots import service
from ferryman.integrations.bots.schema import BotCreated, BotIn, BotOut, BotPatch, BotTokenIn
from ferryman.schema import Listing, ListQuery

app = Api("Bots", "Users that are programs. They call the API, and their callbacks get messages that mention them.")
handler = app
_OWN = "Without admin:*, only your own bots."


def _bot_again(call: Call, bot_id: str) -> BotCreated:
    return BotCreated.of(service.get_visible(call.caller, bot_id))


def _token_again(call: Call, token_id: str, bot_id: str) -> TokenCreated:
    return TokenCreated.of(service.token_of(call.caller, bot_id, token_id))


@app.post(
    "/v1/bots",
    summary="Create a bot",
    description="The answer includes the bot's first token, which is shown only once. A bot has no password. It "
    "reads and posts in the chats to which it is added; it cannot create chats, users, tokens or bots.",
    status_code=201,
    middlewares=[Idempotent(_bot_again)],
)
@needs("bots:write")
def create_bot(call: ThisCall, data: Annotated[BotIn, Body()]) -> BotCreated:
    bot, token, secret = service.create(call.caller, data, call.idempotency_key)
    created = BotCreated.of(bot)
    created.token_id, created.token = token.token_id, secret
    return created


@app.get(
    "/v1/bots",
    summary="List bots",
    description=f"Oldest first. {_OWN}",
)
@needs("bots:read")
def list_bots(call: ThisCall, query: Annotated[ListQuery, Query()]) -> Listing[BotOut]:
    bots, last = service.page(call.caller, query.limit, call.page_start(query))
    return Listing(items=[BotOut.of(bot) for bot in bots], next_cursor=call.next_cursor(query, last))


@app.get(
    "/v1/bots/<bot_id>",
    summary="Read a bot",
    description=_OWN,
)
@needs("bots:read")
def read_bot(call: ThisCall, bot_id: Id) -> BotOut:
    return BotOut.of(service.get_visible(call.caller, bot_id))


@app.patch(
    "/v1/bots/<bot_id>",
    summary="Edit a bot",
    description="active: false takes effect before the answer: the bot's tokens are refused, its callbacks disabled "
    "and its mentions ignored.",
    responses=errors(409),
)
@needs("bots:write")
def edit_bot(call: ThisCall, bot_id: Id, data: Annotated[BotPatch, Body()]) -> BotOut:
    return BotOut.of(service.edit(call.caller, bot_id, data))


@app.put(
    "/v1/bots/<bot_id>/avatar",
    summary="Upload a bot's avatar",
    description="The body is a PNG, JPEG, GIF or WebP of at most 256 KiB and 4096 × 4096 pixels. `avatar_url` is "
    "then a URL of this deployment, where everybody who knows it can see the picture. PATCH with avatar_url: null "
    "removes it.",
    openapi_extensions=avatar_pictures.BODY,
    responses=errors(409),
)
@needs("bots:write")
def upload_bot_avatar(call: ThisCall, bot_id: Id) -> BotOut:
    return BotOut.of(service.set_avatar(call.caller, bot_id, avatar_pictures.read(call), call.base_url()))


@app.put(
    "/v1/bots/<bot_id>/owner",
    summary="Hand a bot over",
    description="The previous owner's callbacks of the bot go with it. The new owner must be an active person whose "
    "role may own bots. Tokens stay valid: replace them if the previous owner must not use them. A deactivated bot "
    "stays deactivated.",
    responses=errors(409),
)
@needs("admin:*")
def hand_over_bot(call: ThisCall, bot_id: Id, data: Annotated[OwnerIn, Body()]) -> BotOut:
    return BotOut.of(service.hand_over(call.caller, bot_id, data.user_id))


@app.delete(
    "/v1/bots/<bot_id>",
    summary="Delete a bot",
    description="Revokes its tokens, deletes its callbacks, removes it from chats and frees its handle. Its "
    "messages stay, with its last name and handle and `deleted: true`. After an error, repeat the request: it "
    "continues.",
    status_code=204,
    responses=errors(409),
)
@needs("bots:write")
def delete_bot(call: ThisCall, bot_id: Id) -> None:
    service.delete(call.caller, bot_id)


@app.post(
    "/v1/bots/<bot_id>/tokens",
    summary="Create a token for a bot",
    description="The secret is shown only once. To rotate tokens, send revoke_others: true, or create a token, use "
    "it, and revoke the old one.",
    status_code=201,
    middlewares=[Idempotent(_token_again)],
)
@needs("bots:write")
def create_bot_token(call: ThisCall, bot_id: Id, data: Annotated[BotTokenIn, Body()]) -> TokenCreated:
    token, secret = service.create_token(call.caller, bot_id, data, call.idempotency_key)
    created = TokenCreated.of(token)
    created.token = secret
    return created


@app.get(
    "/v1/bots/<bot_id>/tokens",
    summary="List a bot's tokens",
    description="Newest first, including revoked tokens. A test token sees only test tokens.",
)
@needs("bots:read")
def list_bot_tokens(call: ThisCall, bot_id: Id, query: Annotated[ListQuery, Query()]) -> Listing[TokenOut]:
    bot = service.get_visible(call.caller, bot_id)
    bot_tokens, last = tokens.page(
        bot.workspace_id, bot.user_id, query.limit, call.page_start(query), live=call.caller.livemode
    )
    return Listing(items=[TokenOut.of(token) for token in bot_tokens], next_cursor=call.next_cursor(query, last))


@app.delete(
    "/v1/bots/<bot_id>/tokens/<bot_token_id>",
    summary="Revoke a bot's token",
    description="The token is refused from the moment of the answer.",
    status_code=204,
    responses=errors(409),
)
@needs("bots:write")
def revoke_bot_token(call: ThisCall, bot_id: Id, bot_token_id: Id) -> None:
    service.revoke_token(call.caller, bot_id, bot_token_id)


# A bot's callbacks: http/webhook_routes.py and http/delivery_routes.py have the routes and their texts, and
# http/webhook_owners/bot.py the paths, the scopes and the words that only they have.
webhook_routes.manage(app, bot_callbacks.MANAGEMENT)
delivery_routes.show(app, bot_callbacks.OWNER)

"""Bots, their tokens and their callbacks: /v1/bots."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http.api import Api, Call, Id, Replay, ThisCall, errors, needs
from ferryman.identity.tokens import table as tokens
from ferryman.identity.tokens.schema import TokenCreated, TokenOut
from ferryman.integrations.bots import callbacks, service
from ferryman.integrations.bots.schema import BotCreated, BotIn, BotOut, BotPatch, BotTokenIn, CallbackIn, CallbackPatch
from ferryman.schema import Listing, ListQuery
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.schema import DeliveryOut, DeliveryQuery
from ferryman.webhooks.subscriptions.schema import WebhookCreated, WebhookOut

app = Api("Bots", "Users who only call the API: they answer to mentions, and post where they were added.")
handler = app
_OWN = "Without admin:*, only those your own user created."


def _replay_bot(call: Call, bot_id: str) -> BotCreated:
    return BotCreated.of(service.get_visible(call.caller, bot_id))


def _replay_token(call: Call, token_id: str, bot_id: str) -> TokenCreated:
    return TokenCreated.of(service.token_of(call.caller, bot_id, token_id))


def _replay_callback(call: Call, webhook_id: str, bot_id: str) -> WebhookCreated:
    return WebhookCreated.of(callbacks.read(call.caller, service.get_visible(call.caller, bot_id), webhook_id))


@app.post(
    "/v1/bots",
    summary="Create a bot",
    description="The answer holds the bot's first token, this once. A bot has no password; it reads and posts in the "
    "chats it is added to, and creates no chats, users, tokens or bots, whatever its token says.",
    status_code=201,
    middlewares=[Replay(_replay_bot)],
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
    found, last = service.page(call.caller, query.limit, call.page_start(query))
    return Listing(items=[BotOut.of(bot) for bot in found], next_cursor=call.next_cursor(query, last))


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
    description="With active: false its tokens are refused, its callbacks disabled and its mentions ignored, all when "
    "the answer arrives.",
    responses=errors(409),
)
@needs("bots:write")
def edit_bot(call: ThisCall, bot_id: Id, data: Annotated[BotPatch, Body()]) -> BotOut:
    return BotOut.of(service.edit(call.caller, bot_id, data))


@app.delete(
    "/v1/bots/<bot_id>",
    summary="Delete a bot",
    description="Its tokens are revoked, its callbacks deleted, its memberships ended and its handle is free again. "
    "Its messages stay, with its id as their author. After an error, send the request again: it goes on.",
    status_code=204,
    responses=errors(409),
)
@needs("bots:write")
def delete_bot(call: ThisCall, bot_id: Id) -> None:
    service.delete(call.caller, bot_id)


@app.post(
    "/v1/bots/<bot_id>/tokens",
    summary="Create a token for a bot",
    description="The secret is shown this once. To rotate, send revoke_others: true, or create a token, change over, "
    "and revoke the old one.",
    status_code=201,
    middlewares=[Replay(_replay_token)],
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
    description="Newest first, with the revoked ones. A test token sees test tokens only.",
)
@needs("bots:read")
def list_bot_tokens(call: ThisCall, bot_id: Id, query: Annotated[ListQuery, Query()]) -> Listing[TokenOut]:
    bot = service.get_visible(call.caller, bot_id)
    found, last = tokens.page(
        bot.workspace_id, bot.user_id, query.limit, call.page_start(query), live=call.caller.livemode
    )
    return Listing(items=[TokenOut.of(token) for token in found], next_cursor=call.next_cursor(query, last))


@app.delete(
    "/v1/bots/<bot_id>/tokens/<bot_token_id>",
    summary="Revoke a bot's token",
    description="When the answer arrives, no call with the token is accepted any more.",
    status_code=204,
    responses=errors(409),
)
@needs("bots:write")
def revoke_bot_token(call: ThisCall, bot_id: Id, bot_token_id: Id) -> None:
    service.revoke_token(call.caller, bot_id, bot_token_id)


@app.post(
    "/v1/bots/<bot_id>/callbacks",
    summary="Create a bot callback",
    description="The endpoint gets `bot.mentioned` when a new message names this bot with @handle in a chat the bot "
    "belongs to at that moment; not for the bot's own messages, and not for an edit that adds the mention. Deliveries "
    "are signed, retried and logged like those of any webhook; /v1/webhooks/{id} rotates the secret, sends a test and "
    "replays.",
    status_code=201,
    middlewares=[Replay(_replay_callback)],
)
@needs("bots:write")
def create_callback(call: ThisCall, bot_id: Id, data: Annotated[CallbackIn, Body()]) -> WebhookCreated:
    bot = service.get_visible(call.caller, bot_id)
    webhook, secret = callbacks.create(call.caller, bot, data, call.idempotency_key)
    created = WebhookCreated.of(webhook)
    created.secret = secret
    return created


@app.get(
    "/v1/bots/<bot_id>/callbacks",
    summary="List a bot's callbacks",
    description="Newest first. A live token sees live callbacks, a test token test callbacks.",
)
@needs("bots:read")
def list_callbacks(call: ThisCall, bot_id: Id, query: Annotated[ListQuery, Query()]) -> Listing[WebhookOut]:
    bot = service.get_visible(call.caller, bot_id)
    found, last = callbacks.page(call.caller, bot, query.limit, call.page_start(query))
    return Listing(items=[WebhookOut.of(webhook) for webhook in found], next_cursor=call.next_cursor(query, last))


@app.get("/v1/bots/<bot_id>/callbacks/<callback_id>", summary="Read a bot callback")
@needs("bots:read")
def read_callback(call: ThisCall, bot_id: Id, callback_id: Id) -> WebhookOut:
    return WebhookOut.of(callbacks.read(call.caller, service.get_visible(call.caller, bot_id), callback_id))


@app.patch(
    "/v1/bots/<bot_id>/callbacks/<callback_id>",
    summary="Edit a bot callback",
    description="A changed URL keeps its secret. state: enabled brings a disabled callback back.",
    responses=errors(409),
)
@needs("bots:write")
def edit_callback(call: ThisCall, bot_id: Id, callback_id: Id, data: Annotated[CallbackPatch, Body()]) -> WebhookOut:
    bot = service.get_visible(call.caller, bot_id)
    return WebhookOut.of(callbacks.edit(call.caller, bot, callback_id, data))


@app.delete(
    "/v1/bots/<bot_id>/callbacks/<callback_id>",
    summary="Delete a bot callback",
    description="Deliveries that wait are cancelled.",
    status_code=204,
    responses=errors(409),
)
@needs("bots:write")
def delete_callback(call: ThisCall, bot_id: Id, callback_id: Id) -> None:
    callbacks.delete(call.caller, service.get_visible(call.caller, bot_id), callback_id)


@app.get(
    "/v1/bots/<bot_id>/callbacks/<callback_id>/deliveries",
    summary="List a callback's deliveries",
    description="Newest event first.",
)
@needs("bots:read")
def list_callback_deliveries(
    call: ThisCall, bot_id: Id, callback_id: Id, query: Annotated[DeliveryQuery, Query()]
) -> Listing[DeliveryOut]:
    webhook = callbacks.read(call.caller, service.get_visible(call.caller, bot_id), callback_id)
    found, last = deliveries.page(
        call.caller.workspace_id,
        callback_id,
        query.limit,
        call.page_start(query),
        state=query.state,
        event_type=query.event_type,
        result=query.result,
        since=query.since,
        until=query.until,
    )
    items = [DeliveryOut.of(delivery, webhook) for delivery in found]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))

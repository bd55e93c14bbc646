"""API tokens: /v1/tokens."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http.api import PUBLIC, Api, Call, Id, Idempotent, ThisCall, ThisSource, errors, needs
from ferryman.identity.plans import OF_INTEGRATIONS
from ferryman.identity.tokens import service, table
from ferryman.identity.tokens.schema import (
    RevocationIn,
    RevocationOut,
    RevocationsOut,
    ShownIn,
    TokenCreated,
    TokenIn,
    TokenOut,
    TokenPatch,
    TokenQuery,
)
from ferryman.schema import Listing

app = Api("Tokens", "API tokens with scopes.")
handler = app


def _again(call: Call, token_id: str) -> TokenCreated:
    return TokenCreated.of(service.get_visible(call.caller, token_id))


@app.post(
    "/v1/tokens",
    summary="Create an API token",
    description="The token acts as your user. It cannot have more scopes than the token you use, or expire later, "
    "and a test token cannot create a live one.",
    status_code=201,
    middlewares=[Idempotent(_again)],
)
@needs("tokens:write", plan=OF_INTEGRATIONS)
def create_token(call: ThisCall, data: Annotated[TokenIn, Body()]) -> TokenCreated:
    token, secret = service.create(call.caller, data, call.idempotency_key)
    created = TokenCreated.of(token)
    created.token = secret
    return created


@app.get(
    "/v1/tokens",
    summary="List API tokens",
    description="Newest first. Without admin:*, only your own tokens. A test token sees only test tokens.",
)
@needs("tokens:read", plan=OF_INTEGRATIONS)
def list_tokens(call: ThisCall, query: Annotated[TokenQuery, Query()]) -> Listing[TokenOut]:
    user_id = None if call.caller.is_admin else call.caller.user_id
    tokens, last = table.page(
        call.caller.workspace_id,
        user_id,
        query.limit,
        call.page_start(query),
        live=call.caller.livemode,
        name=query.name,
        prefix=query.prefix,
        status=query.status,
        environment=query.environment,
    )
    return Listing(items=[TokenOut.of(token) for token in tokens], next_cursor=call.next_cursor(query, last))


@app.get("/v1/tokens/<token_id>", summary="Read an API token")
@needs("tokens:read", plan=OF_INTEGRATIONS)
def read_token(call: ThisCall, token_id: Id) -> TokenOut:
    return TokenOut.of(service.get_visible(call.caller, token_id))


@app.patch(
    "/v1/tokens/<token_id>",
    summary="Edit an API token",
    description="A token stays live or test.",
    responses=errors(409),
)
@needs("tokens:write", plan=OF_INTEGRATIONS)
def edit_token(call: ThisCall, token_id: Id, data: Annotated[TokenPatch, Body()]) -> TokenOut:
    return TokenOut.of(service.edit(call.caller, token_id, data))


@app.delete(
    "/v1/tokens/<token_id>",
    summary="Revoke an API token",
    description="The token is refused from the moment of the answer.",
    status_code=204,
    responses=errors(409),
)
@needs("tokens:write")
def revoke_token(call: ThisCall, token_id: Id) -> None:
    service.revoke(call.caller, token_id)


@app.post(
    "/v1/tokens/revoke",
    summary="Revoke many API tokens",
    description="The answer has a result for each token. Revoked tokens are refused from the moment of the answer.",
)
@needs("tokens:write")
def revoke_tokens(call: ThisCall, data: Annotated[RevocationIn, Body()]) -> RevocationsOut:
    results = service.revoke_many(call.caller, data.ids)
    return RevocationsOut(results=[RevocationOut(id=token_id, status=status) for token_id, status in results.items()])


@app.post(
    "/v1/tokens/revoke-by-secret",
    summary="Revoke a token that you found",
    description="The token itself is the only proof that is needed. The answer is the same for an unknown token. "
    "The token's user, or the bot's owner, gets a notification.",
    status_code=204,
    responses=errors(409, 429),
)
@needs(PUBLIC)
def revoke_shown_token(source: ThisSource, data: Annotated[ShownIn, Body()]) -> None:
    from ferryman.notifications import notices  # only this route needs it

    service.revoke_shown(source, data.token, notices.notice)

"""API tokens: /v1/tokens."""

from ferryman.http.api import Api, Call
from ferryman.identity.tokens import service, table
from ferryman.identity.tokens.schema import (
    RevocationIn,
    RevocationOut,
    RevocationsOut,
    TokenCreated,
    TokenIn,
    TokenOut,
    TokenPatch,
    TokenQuery,
)
from ferryman.schema import Listing

api = Api("Tokens", "Scoped API tokens: the secret is shown once, revoking works at once.")
handler = api


def _replay(call: Call, token_id: str) -> TokenCreated:
    return TokenCreated.of(table.get(call.caller.workspace_id, token_id))


@api.post(
    "/v1/tokens",
    scope="tokens:write",
    summary="Create an API token",
    description="The token acts as your user and is never broader than the one you use: not in scopes, "
    "environment or lifetime.",
    takes=TokenIn,
    gives=TokenCreated,
    status=201,
    replay=_replay,
)
def create_token(call: Call, data: TokenIn) -> TokenCreated:
    token, secret = service.create(call.caller, data, call.idempotency_key)
    created = TokenCreated.of(token)
    created.token = secret
    return created


@api.get(
    "/v1/tokens",
    scope="tokens:read",
    summary="List API tokens",
    description="Newest first. Without admin:*, only your own user's. A test token sees test tokens only.",
    query=TokenQuery,
    gives=Listing[TokenOut],
)
def list_tokens(call: Call, query: TokenQuery) -> Listing[TokenOut]:
    user_id = None if call.caller.is_admin else call.caller.user_id
    found, last = table.page(
        call.caller.workspace_id,
        user_id,
        query.limit,
        call.page_start(query),
        live=call.caller.livemode,
        name=query.name,
        status=query.status,
        environment=query.environment,
    )
    return Listing(items=[TokenOut.of(token) for token in found], next_cursor=call.next_cursor(query, last))


@api.get("/v1/tokens/{token_id}", scope="tokens:read", summary="Read an API token", gives=TokenOut)
def read_token(call: Call, token_id: str) -> TokenOut:
    return TokenOut.of(service.get_visible(call.caller, token_id))


@api.patch(
    "/v1/tokens/{token_id}",
    scope="tokens:write",
    summary="Edit an API token",
    description="A token stays live or test: production cannot become another environment, nor the other way round.",
    takes=TokenPatch,
    gives=TokenOut,
    errors=(409,),
)
def edit_token(call: Call, token_id: str, data: TokenPatch) -> TokenOut:
    return TokenOut.of(service.edit(call.caller, token_id, data))


@api.delete(
    "/v1/tokens/{token_id}",
    scope="tokens:write",
    summary="Revoke an API token",
    description="When the answer arrives, no call with the token is accepted any more.",
    status=204,
    errors=(409,),
)
def revoke_token(call: Call, token_id: str) -> None:
    service.revoke(call.caller, token_id)


@api.post(
    "/v1/tokens/revoke",
    scope="tokens:write",
    summary="Revoke many API tokens",
    description="Each by itself: the answer says what became of each. When it arrives, no call with a revoked token "
    "is accepted any more.",
    takes=RevocationIn,
    gives=RevocationsOut,
)
def revoke_tokens(call: Call, data: RevocationIn) -> RevocationsOut:
    results = service.revoke_many(call.caller, data.ids)
    return RevocationsOut(results=[RevocationOut(id=token_id, status=status) for token_id, status in results.items()])

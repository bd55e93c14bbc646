"""API tokens: /v1/tokens."""

from ferryman.http.api import Api, Call
from ferryman.schema import Listing, ListQuery
from ferryman.tokens import service, table
from ferryman.tokens.schema import TokenCreated, TokenIn, TokenOut, TokenPatch

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
    token, secret = service.create(call.caller, data, call.once)
    created = TokenCreated.of(token)
    created.token = secret
    return created


@api.get(
    "/v1/tokens",
    scope="tokens:read",
    summary="List API tokens",
    description="Newest first. Without admin:*, only your own user's. A test token sees test tokens only.",
    query=ListQuery,
    gives=Listing[TokenOut],
)
def list_tokens(call: Call, query: ListQuery) -> Listing[TokenOut]:
    user_id = None if call.caller.is_admin else call.caller.user_id
    found, last = table.page(
        call.caller.workspace_id, user_id, query.limit, call.page_start(query), live=call.caller.livemode
    )
    return Listing(items=[TokenOut.of(token) for token in found], next_cursor=call.next_cursor(query, last))


@api.get("/v1/tokens/{token_id}", scope="tokens:read", summary="Read an API token", gives=TokenOut)
def read_token(call: Call, token_id: str) -> TokenOut:
    return TokenOut.of(service.visible(call.caller, token_id))


@api.patch(
    "/v1/tokens/{token_id}",
    scope="tokens:write",
    summary="Edit an API token",
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

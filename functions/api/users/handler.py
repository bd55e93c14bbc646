"""People of a workspace: /v1/users and /v1/me."""

from ferryman.http.api import SIGNED_IN, Api, Call
from ferryman.identity.users import service, table
from ferryman.identity.users.schema import MeOut, UserIn, UserOut, UserPatch, UserQuery
from ferryman.schema import Listing

api = Api("Users", "The people and bots of the workspace.")
handler = api


def _replay(call: Call, user_id: str) -> UserOut:
    return UserOut.of(table.get(call.caller.workspace_id, user_id))


@api.get("/v1/me", scope=SIGNED_IN, summary="Who am I?", gives=MeOut)
def read_me(call: Call) -> MeOut:
    caller = call.caller
    return MeOut(
        user=UserOut.of(table.get(caller.workspace_id, caller.user_id)),
        workspace_id=caller.workspace_id,
        token_id=caller.credential_id if caller.kind == "token" else None,
        session_id=caller.credential_id if caller.kind == "session" else None,
        scopes=sorted(caller.scopes),
        livemode=caller.livemode,
    )


@api.post(
    "/v1/users",
    scope="users:write",
    summary="Create a person",
    takes=UserIn,
    gives=UserOut,
    status=201,
    replay=_replay,
    errors=(409,),
)
def create_user(call: Call, data: UserIn) -> UserOut:
    return UserOut.of(service.create(call.caller, data, call.idempotency_key))


@api.get(
    "/v1/users",
    scope="users:read",
    summary="List users",
    description="Oldest first, people and bots.",
    query=UserQuery,
    gives=Listing[UserOut],
)
def list_users(call: Call, query: UserQuery) -> Listing[UserOut]:
    if query.handle:
        named = table.by_handles(call.caller.workspace_id, [query.handle])
        return Listing(items=[UserOut.of(user) for user in named])
    found, last = table.page(call.caller.workspace_id, query.limit, call.page_start(query))
    return Listing(items=[UserOut.of(user) for user in found], next_cursor=call.next_cursor(query, last))


@api.get("/v1/users/{user_id}", scope="users:read", summary="Read a user", gives=UserOut)
def read_user(call: Call, user_id: str) -> UserOut:
    return UserOut.of(table.get(call.caller.workspace_id, user_id))


@api.patch(
    "/v1/users/{user_id}",
    scope="users:write",
    summary="Edit a user",
    description="A changed role, or active: false, holds for the user's tokens when the answer arrives. "
    "Bots are edited with PATCH /v1/bots/{bot_id}.",
    takes=UserPatch,
    gives=UserOut,
    errors=(409,),
)
def edit_user(call: Call, user_id: str, data: UserPatch) -> UserOut:
    return UserOut.of(service.edit(call.caller, user_id, data))

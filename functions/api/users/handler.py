"""The workspace and its people: /v1/workspace, /v1/users and /v1/me."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.errors import NotFound
from ferryman.http import avatar_pictures
from ferryman.http.api import PUBLIC, SIGNED_IN, Api, Call, Id, Idempotent, ThisCall, errors, needs
from ferryman.identity import avatar_paths
from ferryman.identity.avatar_images import AvatarImage
from ferryman.identity.users import service, table
from ferryman.identity.users.schema import MeOut, UserIn, UserOut, UserPatch, UserQuery
from ferryman.identity.workspaces import table as workspaces
from ferryman.identity.workspaces.schema import WorkspaceOut, WorkspacePatch
from ferryman.schema import Listing

app = Api("Users", "The people and bots of the workspace.")
handler = app


def _again(call: Call, user_id: str) -> UserOut:
    return UserOut.of(table.get(call.caller.workspace_id, user_id), call.caller)


@app.get("/v1/me", summary="Who am I?")
@needs(SIGNED_IN, enrolling=True)
def read_me(call: ThisCall) -> MeOut:
    caller = call.caller
    return MeOut(
        user=UserOut.of(table.get(caller.workspace_id, caller.user_id), caller),
        workspace_id=caller.workspace_id,
        plan=caller.plan,
        token_id=caller.credential_id if caller.kind == "token" else None,
        session_id=caller.credential_id if caller.kind == "session" else None,
        scopes=sorted(caller.scopes),
        livemode=caller.livemode,
        must_enrol=caller.enrols_only,
    )


@app.put(
    "/v1/me/avatar",
    summary="Upload your avatar",
    description="The body is a PNG, JPEG, GIF or WebP of at most 256 KiB and 4096 × 4096 pixels. `avatar_url` is "
    "then a URL of this deployment, where everybody who knows it can see the picture.",
    openapi_extensions=avatar_pictures.BODY,
    responses=errors(409),
)
@needs(SIGNED_IN, session=True)
def upload_own_avatar(call: ThisCall) -> UserOut:
    return UserOut.of(service.set_own_avatar(call.caller, avatar_pictures.read(call), call.base_url()), call.caller)


@app.delete("/v1/me/avatar", summary="Remove your avatar", status_code=204)
@needs(SIGNED_IN, session=True)
def remove_own_avatar(call: ThisCall) -> None:
    service.set_own_avatar(call.caller, None, call.base_url())


@app.get(
    "/avatars/<avatar>",
    summary="An uploaded avatar",
    description="A new picture gets a new URL, so caches may keep it forever.",
    responses=avatar_pictures.ANSWER | errors(404),
)
@needs(PUBLIC)
def read_avatar(avatar: Id):  # type: ignore[no-untyped-def] # the event handler would check a type as JSON
    named = avatar_paths.parse(avatar)
    if named is None:
        raise NotFound("The avatar does not exist.")
    return avatar_pictures.served(AvatarImage(*table.avatar(*named)))


@app.get("/v1/workspace", summary="Read the workspace", description="Every caller may read it.")
@needs(SIGNED_IN)
def read_workspace(call: ThisCall) -> WorkspaceOut:
    return WorkspaceOut.of(workspaces.get(call.caller.workspace_id), call.caller.plan)


@app.patch(
    "/v1/workspace",
    summary="Edit the workspace",
    description="Needs a live token or session.",
)
@needs("admin:*")
def edit_workspace(call: ThisCall, data: Annotated[WorkspacePatch, Body()]) -> WorkspaceOut:
    from ferryman.integrations.cascades import workspaces as cascade

    return WorkspaceOut.of(cascade.edit(call.caller, data), call.caller.plan)


@app.post(
    "/v1/users",
    summary="Create a person",
    status_code=201,
    responses=errors(409),
    middlewares=[Idempotent(_again)],
)
@needs("users:write")
def create_user(call: ThisCall, data: Annotated[UserIn, Body()]) -> UserOut:
    return UserOut.of(service.create(call.caller, data, call.idempotency_key), call.caller)


@app.get(
    "/v1/users",
    summary="List users",
    description="People and bots, oldest first.",
)
@needs("users:read")
def list_users(call: ThisCall, query: Annotated[UserQuery, Query()]) -> Listing[UserOut]:
    if query.handle or query.email:
        named = service.find(call.caller.workspace_id, query)
        return Listing(items=[UserOut.of(user, call.caller) for user in named])
    users, last = table.page(call.caller.workspace_id, query.limit, call.page_start(query))
    return Listing(items=[UserOut.of(user, call.caller) for user in users], next_cursor=call.next_cursor(query, last))


@app.get("/v1/users/<user_id>", summary="Read a user")
@needs("users:read")
def read_user(call: ThisCall, user_id: Id) -> UserOut:
    return UserOut.of(table.get(call.caller.workspace_id, user_id), call.caller)


@app.patch(
    "/v1/users/<user_id>",
    summary="Edit a user",
    description="A new role, or active: false, applies to the person's tokens and sessions from the moment of the "
    "answer. Webhooks, incoming webhooks, commands, applications and bots that the person may not own any more are "
    "disabled with the reason owner_deactivated or owner_may_not, and stay disabled. To edit bots, use PATCH "
    "/v1/bots/{bot_id}.",
    responses=errors(409),
)
@needs("users:write")
def edit_user(call: ThisCall, user_id: Id, data: Annotated[UserPatch, Body()]) -> UserOut:
    from ferryman.integrations.cascades import people  # imports everything that a person can own

    return UserOut.of(people.edit(call.caller, user_id, data), call.caller)

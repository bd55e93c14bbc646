"""Chats and their members: /v1/chats."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.conversations.chats import access, service, table
from ferryman.conversations.chats.schema import ChatIn, ChatOut, ChatPatch, ChatQuery, MemberOut
from ferryman.http.api import Api, Call, Id, Idempotent, ThisCall, errors, needs
from ferryman.identity.users import table as users
from ferryman.identity.users.model import Profile
from ferryman.integrations.cascades import chats as cascade
from ferryman.notifications import notices
from ferryman.schema import Listing, ListQuery

app = Api("Chats", "Group and private conversations, and who belongs to them.")
handler = app


def _again(call: Call, chat_id: str) -> ChatOut:
    return ChatOut.of(access.get_visible(call.caller, chat_id))


@app.post(
    "/v1/chats",
    summary="Create a chat",
    status_code=201,
    middlewares=[Idempotent(_again)],
)
@needs("chats:write")
def create_chat(call: ThisCall, data: Annotated[ChatIn, Body()]) -> ChatOut:
    return ChatOut.of(service.create(call.caller, data, notices.telling, call.idempotency_key))


@app.get(
    "/v1/chats",
    summary="List chats",
    description="Oldest first. Without admin:*, only chats that you belong to.",
)
@needs("chats:read")
def list_chats(call: ThisCall, query: Annotated[ChatQuery, Query()]) -> Listing[ChatOut]:
    chats, last = service.page(call.caller, query, call.page_start(query))
    return Listing(items=[ChatOut.of(chat) for chat in chats], next_cursor=call.next_cursor(query, last))


@app.get("/v1/chats/<chat_id>", summary="Read a chat")
@needs("chats:read")
def read_chat(call: ThisCall, chat_id: Id) -> ChatOut:
    return ChatOut.of(access.get_visible(call.caller, chat_id))


@app.patch(
    "/v1/chats/<chat_id>",
    summary="Edit a chat",
    description="active: false closes the chat at once: it accepts no messages, and its incoming webhooks refuse "
    "posts.",
    responses=errors(409),
)
@needs("chats:write")
def edit_chat(call: ThisCall, chat_id: Id, data: Annotated[ChatPatch, Body()]) -> ChatOut:
    return ChatOut.of(cascade.edit(call.caller, chat_id, data))


@app.get(
    "/v1/chats/<chat_id>/members",
    summary="List a chat's members",
    description="For members of the chat, and callers with admin:*.",
)
@needs("chats:read")
def list_members(call: ThisCall, chat_id: Id, query: Annotated[ListQuery, Query()]) -> Listing[MemberOut]:
    access.get_visible(call.caller, chat_id)
    members, last = table.members(call.caller.workspace_id, chat_id, query.limit, call.page_start(query))
    profiles = users.profiles(call.caller.workspace_id, [member.user_id for member in members])
    shown = [MemberOut.of(member, profiles[member.user_id]) for member in members]
    return Listing(items=shown, next_cursor=call.next_cursor(query, last))


@app.put(
    "/v1/chats/<chat_id>/members/<user_id>",
    summary="Add a member",
    description="The person gets a notification. Adding a member again changes nothing.",
)
@needs("chats:write")
def add_member(call: ThisCall, chat_id: Id, user_id: Id) -> MemberOut:
    member, user = service.add_member(call.caller, chat_id, user_id, notices.telling)
    return MemberOut.of(member, Profile.of(user))


@app.delete(
    "/v1/chats/<chat_id>/members/<user_id>",
    summary="Remove a member",
    description="The person gets a notification. The user's webhooks get no more events of this chat.",
    status_code=204,
)
@needs("chats:write")
def remove_member(call: ThisCall, chat_id: Id, user_id: Id) -> None:
    service.remove_member(call.caller, chat_id, user_id, notices.telling)

"""Chats and their members: /v1/chats."""

from ferryman.conversations.chats import access, service, table
from ferryman.conversations.chats.schema import ChatIn, ChatOut, ChatPatch, MemberOut
from ferryman.http.api import Api, Call
from ferryman.schema import Listing, ListQuery

api = Api("Chats", "Group and private conversations, and who belongs to them.")
handler = api


def _replay(call: Call, chat_id: str) -> ChatOut:
    return ChatOut.of(table.get(call.caller.workspace_id, chat_id))


@api.post(
    "/v1/chats",
    scope="chats:write",
    summary="Create a chat",
    takes=ChatIn,
    gives=ChatOut,
    status=201,
    replay=_replay,
)
def create_chat(call: Call, data: ChatIn) -> ChatOut:
    return ChatOut.of(service.create(call.caller, data, call.idempotency_key))


@api.get(
    "/v1/chats",
    scope="chats:read",
    summary="List chats",
    description="Oldest first. Without admin:*, only those you belong to.",
    query=ListQuery,
    gives=Listing[ChatOut],
)
def list_chats(call: Call, query: ListQuery) -> Listing[ChatOut]:
    caller, start = call.caller, call.page_start(query)
    if caller.is_admin:
        found, last = table.page(caller.workspace_id, query.limit, start)
    else:
        found, last = table.page_of_user(caller.workspace_id, caller.user_id, query.limit, start)
    return Listing(items=[ChatOut.of(chat) for chat in found], next_cursor=call.next_cursor(query, last))


@api.get("/v1/chats/{chat_id}", scope="chats:read", summary="Read a chat", gives=ChatOut)
def read_chat(call: Call, chat_id: str) -> ChatOut:
    return ChatOut.of(access.get_visible(call.caller, chat_id))


@api.patch(
    "/v1/chats/{chat_id}",
    scope="chats:write",
    summary="Edit a chat",
    description="With active: false it takes no messages, and its incoming webhooks refuse at once.",
    takes=ChatPatch,
    gives=ChatOut,
    errors=(409,),
)
def edit_chat(call: Call, chat_id: str, data: ChatPatch) -> ChatOut:
    return ChatOut.of(service.edit(call.caller, chat_id, data))


@api.get(
    "/v1/chats/{chat_id}/members",
    scope="chats:read",
    summary="List a chat's members",
    query=ListQuery,
    gives=Listing[MemberOut],
)
def list_members(call: Call, chat_id: str, query: ListQuery) -> Listing[MemberOut]:
    access.get_visible(call.caller, chat_id)
    found, last = table.members(call.caller.workspace_id, chat_id, query.limit, call.page_start(query))
    return Listing(items=[MemberOut.of(member) for member in found], next_cursor=call.next_cursor(query, last))


@api.put(
    "/v1/chats/{chat_id}/members/{user_id}",
    scope="chats:write",
    summary="Add a member",
    description="Adding somebody twice changes nothing.",
    gives=MemberOut,
)
def add_member(call: Call, chat_id: str, user_id: str) -> MemberOut:
    return MemberOut.of(service.add_member(call.caller, chat_id, user_id))


@api.delete(
    "/v1/chats/{chat_id}/members/{user_id}",
    scope="chats:write",
    summary="Remove a member",
    description="The user's webhooks for this chat deliver nothing more.",
    status=204,
)
def remove_member(call: Call, chat_id: str, user_id: str) -> None:
    service.remove_member(call.caller, chat_id, user_id)

"""Messages of a chat: /v1/chats/{chat_id}/messages; and clicks on their buttons."""

from ferryman.conversations.chats import access
from ferryman.conversations.messages import interactions, service, table
from ferryman.conversations.messages.schema import InteractionIn, InteractionOut, MessageIn, MessageOut, MessagePatch
from ferryman.http.api import Api, Call
from ferryman.schema import Listing, ListQuery

api = Api("Messages", "What is said in chats. Each change becomes an event for outgoing webhooks.")
handler = api


def _replay(call: Call, message_id: str, chat_id: str) -> MessageOut:
    return MessageOut.of(service.read(call.caller, chat_id, message_id))


@api.post(
    "/v1/chats/{chat_id}/messages",
    scope="messages:write",
    summary="Send a message",
    description="`@handle` in the text mentions that person or bot; the callbacks of mentioned bots that belong to the "
    "chat are called.",
    takes=MessageIn,
    gives=MessageOut,
    status=201,
    replay=_replay,
    errors=(409,),
)
def send_message(call: Call, chat_id: str, data: MessageIn) -> MessageOut:
    return MessageOut.of(
        service.post(call.caller, chat_id, data.text, call.idempotency_key, call.header("x-fm-delivery-id"))
    )


@api.get(
    "/v1/chats/{chat_id}/messages",
    scope="messages:read",
    summary="List a chat's messages",
    description="Newest first. A live token sees live messages, a test token test messages.",
    query=ListQuery,
    gives=Listing[MessageOut],
)
def list_messages(call: Call, chat_id: str, query: ListQuery) -> Listing[MessageOut]:
    access.get_visible(call.caller, chat_id)
    found, last = table.page(
        call.caller.workspace_id, chat_id, query.limit, call.page_start(query), livemode=call.caller.livemode
    )
    return Listing(items=[MessageOut.of(message) for message in found], next_cursor=call.next_cursor(query, last))


@api.get(
    "/v1/chats/{chat_id}/messages/{message_id}",
    scope="messages:read",
    summary="Read a message",
    gives=MessageOut,
)
def read_message(call: Call, chat_id: str, message_id: str) -> MessageOut:
    return MessageOut.of(service.read(call.caller, chat_id, message_id))


@api.patch(
    "/v1/chats/{chat_id}/messages/{message_id}",
    scope="messages:write",
    summary="Edit a message",
    description="A mention that an edit adds calls no bot.",
    takes=MessagePatch,
    gives=MessageOut,
    errors=(409,),
)
def edit_message(call: Call, chat_id: str, message_id: str, data: MessagePatch) -> MessageOut:
    return MessageOut.of(service.edit(call.caller, chat_id, message_id, data.text))


@api.delete(
    "/v1/chats/{chat_id}/messages/{message_id}",
    scope="messages:write",
    summary="Delete a message",
    description="Its text is erased.",
    status=204,
    errors=(409,),
)
def delete_message(call: Call, chat_id: str, message_id: str) -> None:
    service.delete(call.caller, chat_id, message_id)


def _replay_click(call: Call, event_id: str, button_message_id: str) -> InteractionOut:
    return InteractionOut.of(interactions.read(call.caller, button_message_id, event_id))


@api.post(
    "/v1/messages/{button_message_id}/callbacks",
    scope="messages:write",
    summary="Click a button",
    description="Of an application's message, which is named by its id alone. The application is told of each click.",
    takes=InteractionIn,
    gives=InteractionOut,
    status=201,
    replay=_replay_click,
    errors=(409,),
)
def click_button(call: Call, button_message_id: str, data: InteractionIn) -> InteractionOut:
    answers = call.header("x-fm-delivery-id")
    return InteractionOut.of(interactions.click(call.caller, button_message_id, data, call.idempotency_key, answers))

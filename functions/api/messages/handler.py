"""Messages of a chat, and clicks on their buttons: /v1/chats/{chat_id}/messages."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman import ids
from ferryman.conversations.chats import access
from ferryman.conversations.messages import interactions, service, table
from ferryman.conversations.messages.schema import InteractionIn, InteractionOut, MessageIn, MessageOut, MessagePatch
from ferryman.http import problems
from ferryman.http.api import Api, Call, Id, Idempotent, ThisCall, errors, needs
from ferryman.identity.idempotency import KeyTaken
from ferryman.integrations.actions.schema import ActionClickOut
from ferryman.integrations.applications import bearer
from ferryman.integrations.commands import texts
from ferryman.integrations.commands.model import Command
from ferryman.integrations.commands.run_schema import CommandRunOut
from ferryman.schema import Listing, ListQuery

app = Api(
    "Messages",
    "The messages of chats. Each change becomes an event for outgoing webhooks.",
    of_applications=bearer.authenticate,
)
handler = app


def _chain(call: Call) -> list[str] | None:
    if (delivery_id := call.header("x-fm-delivery-id")) is None:
        return None
    from ferryman.webhooks import loop_prevention  # few messages answer a delivery

    return loop_prevention.of_callers_reply(call.caller, delivery_id)


def _again(call: Call, resource_id: str, chat_id: str) -> MessageOut | CommandRunOut:
    if ids.is_id(ids.COMMAND, resource_id):
        return CommandRunOut(
            command_id=resource_id, outcome="repeated", detail=None, messages=[], goto_location=None, trigger_id=None
        )
    if call.caller.application_id:
        return MessageOut.of(service.read_as_application(call.caller, chat_id, resource_id))
    return MessageOut.of(service.read(call.caller, chat_id, resource_id))


@app.post(
    "/v1/chats/<chat_id>/messages",
    summary="Send a message",
    description="`@handle` in the text mentions a person or bot; the callbacks of mentioned bots that belong to the "
    "chat are called. A text that begins with `/` and a command's trigger runs the command and is not posted; the "
    "answer then describes the run. A space before the slash posts the text. With an application's own token, the "
    "chat must be the application's group or a person's chat with it; the message has at most 2000 characters, opens "
    "a context, and runs no command.",
    status_code=201,
    responses=errors(409),
    middlewares=[Idempotent(_again)],
)
@needs("messages:write", applications=True)
def send_message(call: ThisCall, chat_id: Id, data: Annotated[MessageIn, Body()]) -> MessageOut | CommandRunOut:
    if call.caller.application_id:
        return _send_as_application(call, chat_id, data)
    if data.text.startswith("/") and (command := texts.find(call.caller, data.text)):
        return _run(call, chat_id, command, data.text)
    return MessageOut.of(service.post(call.caller, chat_id, data.draft(), call.idempotency_key, _chain(call)))


def _send_as_application(call: Call, chat_id: str, data: MessageIn) -> MessageOut:
    from ferryman.integrations.applications import bearer_posting  # few messages come from applications
    from ferryman.integrations.applications.request_log import RequestLog

    line = RequestLog("group", call.event["requestContext"]["requestId"])
    in_reply_to_delivery = call.header("x-fm-delivery-id")
    try:
        message = bearer_posting.send(
            call.caller, line, chat_id, data.draft(), in_reply_to_delivery, call.idempotency_key
        )
    except KeyTaken:
        raise  # `Idempotent` answers with the message of the first request, which has its log line
    except Exception as error:
        status, detail, _ = problems.of(error)
        line.end(status, detail)
        raise
    line.end(201)
    return MessageOut.of(message)


def _run(call: Call, chat_id: str, command: Command, text: str) -> CommandRunOut:
    from ferryman.integrations.awaited_answers import (
        ReceiverFailed,  # few messages run a command, which calls its receiver
    )
    from ferryman.integrations.commands import running

    try:
        ran = running.run(call.caller, chat_id, command, text, call.base_url(), call.idempotency_key)
    except ReceiverFailed as failed:
        return CommandRunOut(
            command_id=command.command_id,
            outcome="failed",
            detail=str(failed),
            messages=[],
            goto_location=None,
            trigger_id=None,
        )
    refused = f"Not all that the answer asks for was posted: {ran.failures[0]}." if ran.failures else None
    return CommandRunOut(
        command_id=command.command_id,
        outcome="failed" if ran.failures else "answered",
        detail=refused,
        messages=[MessageOut.of(message) for message in ran.messages],
        goto_location=ran.answer.goto_location,
        trigger_id=ran.trigger_id,
    )


@app.get(
    "/v1/chats/<chat_id>/messages",
    summary="List a chat's messages",
    description="Newest first. A live token sees live messages, a test token sees test messages.",
)
@needs("messages:read")
def list_messages(call: ThisCall, chat_id: Id, query: Annotated[ListQuery, Query()]) -> Listing[MessageOut]:
    access.get_visible(call.caller, chat_id)
    messages, last = table.page(
        call.caller.workspace_id,
        chat_id,
        query.limit,
        call.page_start(query),
        livemode=call.caller.livemode,
        reader=call.caller.user_id,
    )
    authors = service.authors(call.caller.workspace_id, messages)
    shown = [MessageOut.of(message, authors) for message in messages]
    return Listing(items=shown, next_cursor=call.next_cursor(query, last))


@app.get("/v1/chats/<chat_id>/messages/<message_id>", summary="Read a message")
@needs("messages:read")
def read_message(call: ThisCall, chat_id: Id, message_id: Id) -> MessageOut:
    message = service.read(call.caller, chat_id, message_id)
    return MessageOut.of(message, service.authors(call.caller.workspace_id, [message]))


@app.patch(
    "/v1/chats/<chat_id>/messages/<message_id>",
    summary="Edit a message",
    description="Bots are not called for a mention that an edit adds.",
    responses=errors(409),
)
@needs("messages:write")
def edit_message(call: ThisCall, chat_id: Id, message_id: Id, data: Annotated[MessagePatch, Body()]) -> MessageOut:
    return MessageOut.of(service.edit(call.caller, chat_id, message_id, data.text))


@app.delete(
    "/v1/chats/<chat_id>/messages/<message_id>",
    summary="Delete a message",
    description="Erases the text, also from stored events. No attempt that begins later sends it.",
    status_code=204,
    responses=errors(409),
)
@needs("messages:write")
def delete_message(call: ThisCall, chat_id: Id, message_id: Id) -> None:
    service.delete(call.caller, chat_id, message_id)


def _click_again(call: Call, resource_id: str, button_message_id: str) -> InteractionOut | ActionClickOut:
    if ids.is_id(ids.MESSAGE, resource_id):
        message = MessageOut.of(service.find(call.caller, resource_id))
        return _shown_click(message, None, "repeated")
    return InteractionOut.of(interactions.read(call.caller, button_message_id, resource_id))


@app.post(
    "/v1/messages/<button_message_id>/callbacks",
    summary="Click a button",
    description="On an application's message, the application gets each click as `interaction.created`. With "
    "`action_id`, on a button or menu of an attachment, the button's `integration` is called, and its answer is "
    "carried out.",
    status_code=201,
    responses=errors(409),
    middlewares=[Idempotent(_click_again)],
)
@needs("messages:write")
def click_button(
    call: ThisCall, button_message_id: Id, data: Annotated[InteractionIn, Body()]
) -> InteractionOut | ActionClickOut:
    if data.action_id is not None:
        return _click_action(call, button_message_id, data.action_id, data.selected_option)
    clicked = interactions.click(call.caller, button_message_id, data, call.idempotency_key, _chain(call))
    return InteractionOut.of(clicked)


def _click_action(call: Call, message_id: str, action_id: str, selected: str | None) -> ActionClickOut:
    from ferryman.integrations.actions import clicking  # few requests are clicks, which call the integration
    from ferryman.integrations.awaited_answers import ReceiverFailed

    try:
        done = clicking.click(call.caller, message_id, action_id, selected, call.idempotency_key)
    except ReceiverFailed as failed:
        message = MessageOut.of(service.find(call.caller, message_id))
        return _shown_click(message, action_id, "failed", detail=str(failed))
    return _shown_click(
        MessageOut.of(done.message),
        action_id,
        "failed" if done.error else "answered",
        detail=done.error,
        trigger_id=done.trigger_id,
        reply=MessageOut.of(done.reply) if done.reply else None,
    )


def _shown_click(
    message: MessageOut,
    action_id: str | None,
    outcome: Literal["answered", "failed", "repeated"],
    *,
    detail: str | None = None,
    trigger_id: str | None = None,
    reply: MessageOut | None = None,
) -> ActionClickOut:
    return ActionClickOut(
        message_id=message.id,
        action_id=action_id,
        outcome=outcome,
        detail=detail,
        trigger_id=trigger_id,
        message=message,
        reply=reply,
    )

"""Accepts messages of applications at `POST /v1/chats/{chat_id}/messages`, with the application's token as bearer.

The request names the chat by its id: the application's group, or a person's chat with the application. `posting`
accepts messages at FChat's endpoints.
"""

from functools import partial

from ferryman import log, tracing
from ferryman.conversations.chats import access
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat
from ferryman.conversations.messages.model import Draft, Message
from ferryman.errors import Conflict, Invalid, NotAllowed, NotFound
from ferryman.identity import idempotency
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.integrations.applications import posting, table
from ferryman.integrations.applications.model import MAX_TEXT, Application
from ferryman.integrations.applications.request_log import RequestLog

_MOST_MEMBERS = 100  # members of a person's chat with an application: the person, and bots that were added


def send(
    caller: Caller,
    line: RequestLog,
    chat_id: str,
    wanted: Draft,
    in_reply_to_delivery: str | None,
    idempotency_key: IdempotencyKey | None = None,
) -> Message:
    """Store a new message of the calling application, with a new context, and return the message.

    `line` collects the fields of the request's log entry. `in_reply_to_delivery` is the id of the delivery to which the
    application reacts, for loop prevention. Raises NotFound for a chat that is neither the application's group nor a
    person's chat with the application; Conflict for a closed chat, a group without external id and a chat whose person
    left; NotAllowed if the application may not message people; and Invalid for a too long or private message.
    """
    application = table.get(caller.workspace_id, caller.user_id)
    line.application = application
    chat, person_id = _chat(line, application, chat_id)
    _check(wanted)
    message = posting.drafted(application, chat, wanted.text, in_reply_to_delivery)
    message.attachments, message.priority = wanted.attachments, wanted.priority
    context = posting.context_of(application, message, person_id)
    posting.store_with_context(message, context, partial(idempotency.writes, idempotency_key))
    posting.accepted(line, message)
    tracing.annotate(message_id=message.message_id)
    log.event(
        "message.accepted",
        message_id=message.message_id,
        chat_id=chat_id,
        origin="application",
        application_id=application.application_id,
        context_id=message.context_id,
    )
    return message


def _chat(line: RequestLog, application: Application, chat_id: str) -> tuple[Chat, str]:
    """The application's chat with this id, and the id of the person in the chat; "" for the application's group."""
    chat = chats.existing(application.workspace_id, [chat_id]).get(chat_id)
    if chat is None or (application.application_id != chat.application_id and chat_id != application.chat_id):
        raise NotFound("The chat does not exist, or is neither the application's group nor a person's chat with it.")
    if chat_id == application.chat_id:
        access.require_open(chat)
        if not chat.external_id:
            raise Conflict(f"The group has no external_id. Set it first: PATCH /v1/chats/{chat_id}.")
        return chat, ""
    line.endpoint = "person"
    if not application.may_message_people:
        raise NotAllowed(
            "The application may not message people. Allow it first: PATCH /v1/applications/{id} with "
            "may_message_people: true."
        )
    access.require_open(chat)
    return chat, _person_id(chat)


def _person_id(chat: Chat) -> str:
    members, _ = chats.members(chat.workspace_id, chat.chat_id, _MOST_MEMBERS, None)
    for user in users.get_many(chat.workspace_id, [member.user_id for member in members]):
        if user.role != "bot" and user.active:
            return user.user_id
    raise Conflict("The person in this chat left it or was deactivated.")


def _check(wanted: Draft) -> None:
    if len(wanted.text) > MAX_TEXT:
        raise Invalid(f"has {len(wanted.text)} characters; an application sends at most {MAX_TEXT}.", "/text")
    if wanted.visible_to:
        raise Invalid("must be left out: an application's messages are for everybody in the chat.", "/visible_to")

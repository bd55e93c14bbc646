"""Accepts messages of applications at FChat's endpoints: to an application's group, or to one person by e-mail address.

`checks` has the exceptions, one for each mistake. `bearer_posting` accepts what an application sends by `/v1`.
"""

import hmac
from collections.abc import Callable

from ferryman import clock, ids, log
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat
from ferryman.conversations.contexts import table as contexts
from ferryman.conversations.contexts.model import Context
from ferryman.conversations.messages import buttons
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.buttons import Button
from ferryman.conversations.messages.model import Message
from ferryman.errors import NotAuthenticated, NotFound
from ferryman.identity import rates
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials import service as credentials_service
from ferryman.identity.credentials import table as credentials
from ferryman.integrations.applications import checks, people, table
from ferryman.integrations.applications.model import Application
from ferryman.integrations.applications.request_log import RequestLog
from ferryman.webhooks import loop_prevention

_NOBODY = secrets.digest("")  # looked up for a text that cannot be a token, so that the refusal takes as long


def identify(line: RequestLog, token: str, app_name: str | None = None) -> Application:
    """The application with this token, whose name must be `app_name` if that is given. Also sets `line.application`.

    A wrong token and a wrong name both take one read and one comparison, so that the time does not tell them apart. The
    read is never cached, so that a revoked token is refused at the next request. Raises UnknownApplication and
    TooManyRequests.
    """
    credential = credentials.find(secrets.digest(token) if secrets.is_application_token(token) else _NOBODY)
    name = credential.name or "" if credential else ""
    wanted = name if app_name is None else app_name
    same = hmac.compare_digest(name.encode(), wanted.encode("utf-8", "surrogatepass"))
    if credential is None or credential.kind != "application" or not same or not credential.active:
        raise checks.UnknownApplication("The application does not exist.")
    rates.spend_of_url(credential.workspace_id, credential.subject_id)
    try:
        credentials_service.mark_used(
            credential, table.TABLE, table.key(credential.workspace_id, credential.subject_id)
        )
        application = table.get(credential.workspace_id, credential.subject_id)
    except (NotAuthenticated, NotFound):  # revoked in between
        raise checks.UnknownApplication("The application does not exist.") from None
    line.application = application
    return application


def post_to_group(line: RequestLog, application: Application, text: str, in_reply_to_delivery: str | None) -> Message:
    """Post to the group that is assigned to the application. Returns the stored message.

    The caller has checked `text`. `in_reply_to_delivery` is the id of the delivery to which the application reacts, for
    loop prevention. Raises NoGroup, GroupGone, GroupWithoutExternalId and GroupInactive.
    """
    if application.chat_id is None:
        raise checks.NoGroup("The application has no group.")
    try:
        chat = chats.get(application.workspace_id, application.chat_id)
    except NotFound:
        raise checks.GroupGone("The application's group does not exist.") from None
    if not chat.external_id:
        raise checks.GroupWithoutExternalId("The application's group has no external_id.")
    if not chat.active:
        raise checks.GroupInactive("The application's group is not active.")
    message = drafted(application, chat, text, in_reply_to_delivery)
    store_with_context(message, context_of(application, message, ""))
    accepted(line, message)
    return message


def message_person(
    line: RequestLog,
    application: Application,
    email: str,
    text: str,
    rows: list[list[Button]],
    in_reply_to_delivery: str | None,
    parameters: str | None = None,
) -> Context:
    """Message the person with this e-mail address, in the person's private chat with the application.

    Creates the person and the chat if they are missing and the application may do that. `rows` are the rows of the
    message's buttons. `parameters` are those of the message's context, as JSON. Returns the new context. Raises
    PersonUnknown, and NotPermitted if the chat is not active.
    """
    person = people.get_or_create(application, email)
    chat = people.private_chat(application, person)
    if not chat.active:
        raise checks.NotPermitted("The person's chat with the application is not active.")
    message = drafted(application, chat, text, in_reply_to_delivery)
    message.buttons = buttons.dump(rows)
    context = context_of(application, message, person.user_id, parameters)
    store_with_context(message, context)
    accepted(line, message)
    return context


def context_of(application: Application, message: Message, user_id: str, parameters: str | None = None) -> Context:
    """A new context of the application's message, not stored yet, whose id is also set in `message.context_id`.

    `user_id` is the person to whom the message goes, or "" for a message to the application's group.
    """
    now = clock.now()
    context = Context(
        workspace_id=application.workspace_id,
        context_id=ids.new(ids.CONTEXT),
        application_id=application.application_id,
        chat_id=message.chat_id,
        message_id=message.message_id,
        user_id=user_id,
        livemode=application.livemode,
        created_at=clock.iso(now),
        expires_at=clock.iso(now + application.context_seconds),
        expires_at_epoch=int(now) + application.context_seconds + 1,
        parameters_json=parameters,
    )
    message.context_id = context.context_id
    return context


def drafted(application: Application, chat: Chat, text: str, in_reply_to_delivery: str | None) -> Message:
    """A new message of the application, not stored yet.

    `in_reply_to_delivery` is the id of the delivery to which the application reacts, for loop prevention.
    """
    return Message(
        workspace_id=application.workspace_id,
        chat_id=chat.chat_id,
        message_id=ids.new_in_chat(chat.chat_id)[0],
        text=text,
        origin="application",
        origin_id=application.application_id,
        author_name=application.app_name,
        created_at=clock.now_iso(),
        livemode=application.livemode,
        chain=loop_prevention.of_reply(
            application.workspace_id, in_reply_to_delivery, [application.application_id, application.owner]
        ),
    )


def store_with_context(
    message: Message, context: Context, further: Callable[[str], list[store.Write]] = lambda _: []
) -> None:
    """Store a message of `drafted` and its context in one transaction.

    `further(message_id)` returns writes that join the transaction. Then makes the context the newest of its chat. If
    that fails, the message stays accepted, and people's answers belong to the previous context.
    """

    def commit() -> None:
        context.message_id = message.message_id
        marked = [messages.marking(message)] if message.buttons else []
        store.commit([*further(message.message_id), messages.creating(message), *marked, contexts.creating(context)])

    messages.with_free_ids([message], commit)
    try:
        contexts.make_newest(context)
    except Exception as failure:
        log.warning("context.not_newest", error=type(failure).__name__, context_id=context.context_id)


def accepted(line: RequestLog, message: Message) -> None:
    """Record a stored message in the sweeper's index of active chats, and in the request's log entry."""
    messages.created(message)
    line.message_id, line.chat_id, line.context_id = message.message_id, message.chat_id, message.context_id

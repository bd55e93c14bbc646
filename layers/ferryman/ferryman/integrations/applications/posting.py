"""Accepts messages of applications, to their group or to one person, whose user is created if missing.

Each mistake has an exception of its own, so that a dialect can report it in its product's words.
"""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ferryman import clock, ids, log, settings
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat, Member
from ferryman.conversations.contexts import table as contexts
from ferryman.conversations.contexts.model import Context
from ferryman.conversations.messages import buttons
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.buttons import Button
from ferryman.conversations.messages.model import Message
from ferryman.errors import Conflict, FerrymanError, NotAuthenticated, NotFound, RetryLater
from ferryman.identity import rates
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials import service as credentials_service
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller
from ferryman.identity.users import emails
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.integrations.application_requests import table as requests
from ferryman.integrations.application_requests.model import ApplicationRequest, Endpoint, RequestOutcome
from ferryman.integrations.applications import table
from ferryman.integrations.applications.model import (
    MAX_BUTTON_DATA,
    MAX_BUTTONS,
    MAX_LABEL,
    MAX_PARAMETERS,
    MAX_TEXT,
    Application,
)
from ferryman.schema import email_address
from ferryman.webhooks import loop_prevention

_ROUNDS = 5
_DAY_SECONDS = 86_400
_NOBODY = secrets.digest("")  # looked up for what cannot be a token, so that it takes as long as any other


class Refused(FerrymanError):
    """The request of an application is not accepted; each subclass is one reason."""


class UnknownApplication(Refused):
    """The token or the name is wrong, or the token no longer works. The answer does not say which."""


class NotPermitted(Refused):
    """The application may not message people, or the person's chat with the application is not active."""


class NoGroup(Refused):
    """No chat is assigned to the application."""


class GroupGone(Refused):
    """The assigned chat does not exist."""


class GroupWithoutExternalId(Refused):
    """The assigned chat has no id in the other system."""


class GroupInactive(Refused):
    """The assigned chat is closed."""


class EmailEmpty(Refused):
    pass


class EmailInvalid(Refused):
    pass


class TextEmpty(Refused):
    pass


class TextTooLong(Refused):
    pass


class TooManyButtons(Refused):
    pass


class ButtonTextTooLong(Refused):
    pass


class ButtonDataTooLong(Refused):
    pass


class ParametersTooLong(Refused):
    pass


class PersonUnknown(Refused):
    """No active person has this e-mail address, and the application may not create one."""

    def __init__(self, email: str) -> None:
        super().__init__("The person does not exist.")
        self.email = email


@dataclass(slots=True)
class RequestLog:
    """Collects the fields of a request's entry in the application's log while the request is carried out."""

    endpoint: Endpoint
    request_id: str
    application: Application | None = None
    message_id: str | None = None
    chat_id: str | None = None
    context_id: str | None = None

    def end(self, status: int, error: str | None = None) -> None:
        """Store the entry, with the HTTP `status` of the answer and the error text, None for an accepted request.

        Does nothing if the application is unknown. A failure to store the entry is logged and raises nothing.
        """
        if self.application is None:
            return
        now = clock.now()
        outcome: RequestOutcome = "accepted" if error is None else "refused" if status < 500 else "failed"
        request = ApplicationRequest(
            workspace_id=self.application.workspace_id,
            application_id=self.application.application_id,
            application_request_id=ids.new(ids.APPLICATION_REQUEST),
            at=clock.iso(now),
            endpoint=self.endpoint,
            outcome=outcome,
            status=status,
            error=error,
            message_id=self.message_id,
            context_id=self.context_id,
            request_id=self.request_id,
            expires_at_epoch=int(now) + settings.integer("LOG_RETENTION_DAYS") * _DAY_SECONDS,
        )
        try:
            requests.keep(request)
        except Exception as failure:
            log.warning("application_request.lost", error=type(failure).__name__, request_id=self.request_id)


def identify(line: RequestLog, token: str, app_name: str | None = None) -> Application:
    """The application with this token, whose name must be `app_name` if that is given. Also sets `line.application`.

    A wrong token and a wrong name both take one read and one comparison, so that the time does not tell them apart. The
    read is never cached, so that a revoked token is refused at the next request. Raises UnknownApplication and
    TooManyRequests.
    """
    credential = credentials.find(secrets.digest(token) if secrets.APPLICATION_TOKEN.fullmatch(token) else _NOBODY)
    name = credential.name or "" if credential else ""
    wanted = name if app_name is None else app_name
    same = hmac.compare_digest(name.encode(), wanted.encode("utf-8", "surrogatepass"))
    if credential is None or credential.kind != "application" or not same or not credential.active:
        raise UnknownApplication("The application does not exist.")
    rates.spend_of_url(credential.workspace_id, credential.subject_id)
    try:
        credentials_service.mark_used(
            credential, table.TABLE, table.key(credential.workspace_id, credential.subject_id)
        )
        application = table.get(credential.workspace_id, credential.subject_id)
    except (NotAuthenticated, NotFound):  # revoked in between
        raise UnknownApplication("The application does not exist.") from None
    line.application = application
    return application


def require_permission(application: Application) -> None:
    if not application.may_message_people:
        raise NotPermitted("The application may not message people.")


def checked_email(email: str) -> str:
    email = email.strip()
    if not email:
        raise EmailEmpty("The e-mail address is empty.")
    try:
        return email_address(email)
    except ValueError:
        raise EmailInvalid("This is not an e-mail address.") from None


def checked_text(text: str) -> str:
    if not text.strip():
        raise TextEmpty("The text is empty.")
    if len(text) > MAX_TEXT:
        raise TextTooLong(f"The text has {len(text)} characters; at most {MAX_TEXT} are accepted.")
    return text


def checked_buttons(rows: list[list[Button]]) -> list[list[Button]]:
    if sum(map(len, rows)) > MAX_BUTTONS:
        raise TooManyButtons(f"A message has at most {MAX_BUTTONS} buttons.")
    for button in (one for row in rows for one in row):
        if len(button.label) > MAX_LABEL:
            raise ButtonTextTooLong(f"The text of a button has at most {MAX_LABEL} characters.")
        if len(json.dumps(button.data)) > MAX_BUTTON_DATA:
            raise ButtonDataTooLong(f"The data of a button has at most {MAX_BUTTON_DATA} bytes as ASCII JSON.")
    return [row for row in rows if row]


def checked_parameters(parameters: dict[str, Any]) -> str | None:
    """A context's parameters as JSON, as contexts store them; None for an empty dict. Raises ParametersTooLong."""
    text = json.dumps(parameters, separators=(",", ":"))
    if len(text) > MAX_PARAMETERS:
        raise ParametersTooLong(f"The parameters of a context have at most {MAX_PARAMETERS} bytes as ASCII JSON.")
    return text if parameters else None


def post_to_group(line: RequestLog, application: Application, text: str, in_reply_to_delivery: str | None) -> Message:
    """Post to the group that is assigned to the application. Returns the stored message.

    The caller has checked `text` with `checked_text`. `in_reply_to_delivery` is the id of the delivery to which the
    application reacts, for loop prevention. Raises NoGroup, GroupGone, GroupWithoutExternalId and GroupInactive.
    """
    if application.chat_id is None:
        raise NoGroup("The application has no group.")
    try:
        chat = chats.get(application.workspace_id, application.chat_id)
    except NotFound:
        raise GroupGone("The application's group does not exist.") from None
    if not chat.external_id:
        raise GroupWithoutExternalId("The application's group has no external_id.")
    if not chat.active:
        raise GroupInactive("The application's group is not active.")
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
    person = _person(application, email)
    chat = _private_chat(application, person)
    if not chat.active:
        raise NotPermitted("The person's chat with the application is not active.")
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


def _person(application: Application, email: str) -> User:
    """The active person with this e-mail address. Creates a missing person if the application may do that.

    Raises PersonUnknown, and RetryLater if parallel requests create people again and again.
    """
    unknown = PersonUnknown(email)
    for _ in range(_ROUNDS):
        person = users.by_email(application.workspace_id, email)
        if person is not None:
            if not person.active:
                raise unknown
            return person
        domain = email.rpartition("@")[2].lower()
        allowed = application.email_domains is None or domain in application.email_domains
        if not application.creates_people or not allowed or not application.livemode:  # people are live
            raise unknown
        try:
            return _create_person(application, email)
        except table.TooMany:
            raise unknown from None
        except Conflict:
            continue  # a parallel request created somebody at the same moment: look again
    raise RetryLater("Too many requests create people at the same moment.")


def _create_person(application: Application, email: str) -> User:
    now = clock.now_iso()
    person = User(
        workspace_id=application.workspace_id,
        user_id=ids.new(ids.USER),
        name=email.partition("@")[0],
        email=email,
        role="staff",
        created_at=now,
        updated_at=now,
    )
    caller = Caller(
        workspace_id=application.workspace_id,
        user_id=application.owner,
        role="staff",
        livemode=application.livemode,
        scopes=frozenset(),
        credential_id=application.application_id,
    )
    audited = audit.writes(caller, "user.created", person.user_id, {"role": person.role})
    counted = table.counting_person(application)
    store.commit([counted, *users.creating(person), *emails.listing(person), *audited])
    return person


def _private_chat(application: Application, person: User) -> Chat:
    """The person's chat with the application; a missing chat or membership is created.

    The chat's id is derived from the ids of the application and the person, so that parallel requests make one chat.
    """
    workspace_id = application.workspace_id
    chat_id = ids.derived(ids.CHAT, application.created_at, application.application_id, person.user_id)
    now = clock.now_iso()
    member = Member(
        workspace_id=workspace_id,
        chat_id=chat_id,
        user_id=person.user_id,
        added_by=application.created_by,
        added_at=now,
    )
    creating = []
    try:
        chat, is_member = chats.get_as_member(workspace_id, chat_id, person.user_id)
        if is_member:
            return chat
    except NotFound:
        chat = Chat(
            livemode=application.livemode,
            workspace_id=workspace_id,
            chat_id=chat_id,
            name=application.app_name,
            type="private",
            application_id=application.application_id,
            created_by=application.created_by,
            created_at=now,
            updated_at=now,
        )
        creating = chats.creating(chat)
    try:
        store.commit([*creating, *chats.adding(member)])
    except Conflict:
        return chats.get(workspace_id, chat_id)  # a parallel request made it
    return chat

"""People to whom an application writes: finds one by e-mail address, or creates the user; and the private chat."""

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat, Member
from ferryman.errors import Conflict, NotFound, RetryLater
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.identity.users import emails
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.integrations.applications import checks, table
from ferryman.integrations.applications.model import Application

_ROUNDS = 5


def get_or_create(application: Application, email: str) -> User:
    """The active person with this e-mail address. Creates a missing person if the application may do that.

    Raises PersonUnknown, and RetryLater if parallel requests create people again and again.
    """
    unknown = checks.PersonUnknown(email)
    for _ in range(_ROUNDS):
        person = users.by_email(application.workspace_id, email)
        if person is not None:
            if not person.active:
                raise unknown
            return person
        domain = email.rpartition("@")[2].lower()
        allowed = application.email_domains is None or domain in application.email_domains
        if not application.creates_people or not allowed or not application.livemode:  # people are always live
            raise unknown
        try:
            return _create(application, email)
        except table.TooMany:
            raise unknown from None
        except Conflict:
            continue  # a parallel request created the person or took the handle: look again
    raise RetryLater("Too many requests create people at the same moment.")


def _create(application: Application, email: str) -> User:
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


def private_chat(application: Application, person: User) -> Chat:
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
        return chats.get(workspace_id, chat_id)  # a parallel request created it
    return chat

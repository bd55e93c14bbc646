"""Posting, editing and deleting messages.

A new message is its own event; an edit or a deletion writes an event in the same transaction. The streams of `messages`
and `events` bring them to the dispatcher.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import batched, islice
from typing import Any

from ferryman import clock, ids, log, tracing
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import access
from ferryman.conversations.chats import table as chats
from ferryman.conversations.contexts import service as contexts_service
from ferryman.conversations.contexts import table as contexts
from ferryman.conversations.messages import mentions, table
from ferryman.conversations.messages.events import (
    bot_mentioned,
    created_id,
    message_created,
    message_deleted,
    message_updated,
)
from ferryman.conversations.messages.model import Draft, Message, is_visible
from ferryman.errors import Invalid, NotAllowed, NotFound
from ferryman.events import table as events
from ferryman.events.model import Event
from ferryman.identity import idempotency
from ferryman.identity.audit import service as audit
from ferryman.identity.audit.model import Action
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.identity.users.model import Profile

_ERASED_AT_ONCE = 50  # events, in one transaction
_CHATS_OF_OLD_IDS = 300


def post(
    caller: Caller,
    chat_id: str,
    wanted: Draft,
    idempotency_key: IdempotencyKey | None = None,
    chain: list[str] | None = None,
) -> Message:
    """Post a message as the caller's user in a chat that the caller may access. Returns the message.

    `chain` lists the webhooks whose deliveries led to it (`webhooks.loop_prevention`). Raises NotFound for an unknown
    chat, Conflict for a closed one, and Invalid when `wanted.visible_to` is not a member.
    """
    chat = access.get_visible(caller, chat_id)
    access.require_open(chat)
    if wanted.visible_to and not chats.memberships(caller.workspace_id, [(chat_id, wanted.visible_to)]):
        raise Invalid("This user is not a member of the chat.", "/visible_to")
    message = Message(
        workspace_id=caller.workspace_id,
        chat_id=chat_id,
        message_id=ids.new_in_chat(chat_id)[0],
        text=wanted.text,
        attachments=wanted.attachments,
        props=wanted.props,
        priority=wanted.priority,
        visible_to=wanted.visible_to,
        origin="token",
        origin_id=caller.credential_id,
        user_id=caller.user_id,
        created_at=clock.now_iso(),
        livemode=caller.livemode,
        chain=chain,
    )
    if chat.told_applications and caller.role != "bot":
        message.told = _told(caller, chat.told_applications, message)

    def commit() -> None:
        if chat.application_id and caller.role != "bot":
            _answer(caller, chat.application_id, message, idempotency_key)
        else:
            store.commit([*idempotency.writes(idempotency_key, message.message_id), table.creating(message)])

    table.with_free_ids([message], commit)
    table.created(message)
    tracing.annotate(message_id=message.message_id)
    log.event("message.accepted", message_id=message.message_id, chat_id=chat_id, origin="token")
    return message


def _answer(caller: Caller, application_id: str, message: Message, idempotency_key: IdempotencyKey | None) -> None:
    """Store a message that a person writes to an application in their private chat.

    The message belongs to the chat's newest context; if that has expired, the message is stored without a context.
    """
    person = users.get(caller.workspace_id, caller.user_id)
    message.application_id = application_id
    message.person = {"name": person.name, "email": person.email}
    once_only = idempotency.writes(idempotency_key, message.message_id)
    context = contexts.newest(caller.workspace_id, message.chat_id)
    if context and context.livemode == message.livemode:
        message.context_id = context.context_id
        message.context_parameters = context.parameters_json or "{}"
        writes = [*once_only, table.creating(message)]
        if contexts_service.commit_in_time(context, message.created_at, writes):
            return
        message.context_id = message.context_parameters = None
    store.commit([*once_only, table.creating(message)])


def _told(caller: Caller, application_ids: list[str], message: Message) -> str | None:
    """JSON for the applications that get the chat's messages: the author, and each application's newest context.

    A context that has expired is null. Returns None for a message that only one person may see.
    """
    if message.visible_to:
        return None
    person = users.get(caller.workspace_id, caller.user_id)
    of_applications: dict[str, dict[str, Any] | None] = {}
    for application_id in application_ids:
        context = contexts.newest(caller.workspace_id, message.chat_id, application_id)
        is_theirs = context and context.livemode == message.livemode
        of_applications[application_id] = (
            {"id": context.context_id, "parameters": context.parameters} if context and is_theirs else None
        )
    who = {"id": person.user_id, "name": person.name, "email": person.email}
    return json.dumps({"person": who, "contexts": of_applications}, separators=(",", ":"))


def read(caller: Caller, chat_id: str, message_id: str) -> Message:
    """A message of a chat that the caller may access. Raises NotFound.

    A live credential sees live messages only, a test credential test messages only.
    """
    access.get_visible(caller, chat_id)
    message = table.get(caller.workspace_id, chat_id, message_id)
    if message.livemode != caller.livemode or not is_visible(message, caller.user_id):
        raise NotFound("The message does not exist.")
    return message


def read_as_application(caller: Caller, chat_id: str, message_id: str) -> Message:
    """A message that the calling application sent. Raises NotFound for any other."""
    message = table.get(caller.workspace_id, chat_id, message_id)
    if message.origin_id != caller.application_id or message.livemode != caller.livemode:
        raise NotFound("The message does not exist.")
    return message


def authors(workspace_id: str, messages: Iterable[Message]) -> dict[str, Profile]:
    """The profiles of the users who wrote these messages, by user id."""
    return users.profiles(workspace_id, {message.user_id for message in messages if message.user_id})


def find(caller: Caller, message_id: str) -> Message:
    """A message by its id alone. Raises NotFound, also if the caller may not access its chat.

    The id contains the beginning of the chat's id, so the cost does not depend on the number of chats. Ids from release
    0.1.0 do not contain it; the function looks for those messages in the caller's 300 oldest chats.
    """
    workspace_id = caller.workspace_id
    possible = chats.ids_beginning(workspace_id, ids.beginning_of_chat(message_id))
    chat_id = table.chat_among(workspace_id, possible, message_id)
    if chat_id is None:
        oldest = islice(chats.joined(workspace_id, caller.user_id), _CHATS_OF_OLD_IDS)
        chat_id = table.chat_among(workspace_id, oldest, message_id, consistent=False)
    if chat_id is None:
        raise NotFound("The message does not exist.")
    return read(caller, chat_id, message_id)


def edit(caller: Caller, chat_id: str, message_id: str, text: str) -> Message:
    """Change a message's text. Returns the changed message.

    Raises NotFound, NotAllowed unless the caller is its author or has admin:*, and Conflict when somebody changes it at
    the same moment.
    """
    before = _own(caller, chat_id, message_id)
    return _edited(caller, before, text, before.attachments, before.props)


def edit_whole(caller: Caller, message: Message, text: str, boxes: str | None, props: str | None) -> Message:
    """Replace the content of a message that was read before. Returns the changed message.

    `boxes` (the attachments) and `props` are JSON texts. Raises NotAllowed unless the caller is its author or has
    admin:*, and Conflict when somebody changed the message since it was read.
    """
    _require_own(caller, message)
    return _edited(caller, message, text, boxes, props)


def _edited(caller: Caller, before: Message, text: str, boxes: str | None, props: str | None) -> Message:
    content = {"text": text, "attachments": boxes, "props": props}
    changes: dict[str, Any] = {name: value for name, value in content.items() if value != getattr(before, name)}
    if not changes:
        return before
    now = clock.now_iso()
    by = caller.user_id
    after = replace(before, **changes, edited_at=now, edited_by=by, revision=before.revision + 1)
    event = message_updated(after)
    edited_before = [*(before.edit_events or []), event.event_id]
    store.commit(
        [
            table.changing(before, **changes, edited_at=now, edited_by=by, edit_events=edited_before),
            *([] if before.visible_to else [events.creating(event), *_first_words(before)]),
            *_audited(caller, "message.edited", before),
        ]
    )
    return after


def rewrite(before: Message, text: str, boxes: str | None, props: str | None) -> Message:
    """Replace a message's content, as an integration asks for after a click. Returns the changed message.

    `boxes` (the attachments) and `props` are JSON texts. Webhooks get `message.updated`, as after any edit. Raises
    Conflict when somebody changed the message at the same moment.
    """
    if (text, boxes, props) == (before.text, before.attachments, before.props):
        return before
    now = clock.now_iso()
    after = replace(before, text=text, attachments=boxes, props=props, edited_at=now, revision=before.revision + 1)
    event = message_updated(after)
    edit_events = [*(before.edit_events or []), event.event_id]
    store.commit(
        [
            table.changing(before, text=text, attachments=boxes, props=props, edited_at=now, edit_events=edit_events),
            *([] if before.visible_to else [events.creating(event), *_first_words(before)]),
        ]
    )
    return after


def delete(caller: Caller, chat_id: str, message_id: str) -> None:
    """Delete a message. Its row stays, without its content.

    The text is also erased from every stored event that contains it, so attempts that begin later do not send it.
    Raises NotFound, NotAllowed unless the caller is its author or has admin:*, and Conflict if the message was edited
    or deleted after it was read.
    """
    before = _own(caller, chat_id, message_id)
    now = clock.now_iso()
    erasing = [
        write for event in ([] if before.visible_to else _telling(before)) if (write := events.erasing(event, now))
    ]
    for batch in batched(erasing[:-_ERASED_AT_ONCE], _ERASED_AT_ONCE, strict=False):
        store.commit(batch)
    store.commit(
        [
            table.changing(before, text=None, attachments=None, props=None, told=None, deleted_at=now),
            *([] if before.visible_to else [events.creating(message_deleted(before, now))]),
            *erasing[-_ERASED_AT_ONCE:],
            *_audited(caller, "message.deleted", before),
        ]
    )


def _telling(message: Message) -> Iterator[Event]:
    """The events that contain a text of the message: created, edited, and the mentions of bots in its first text."""
    event_id = created_id(message.message_id, message.created_at)
    kept = events.get(message.workspace_id, event_id) if message.revision > 1 else None
    first = kept or replace(message_created(message), event_id=event_id)
    yield first
    for event_id in message.edit_events or ():
        at = clock.iso(ids.made_at(event_id))
        yield replace(first, event_id=event_id, type="message.updated", created_at=at, message_id=None)
    first_text = first.data.get("message", {}).get("text") or ""
    for bot in users.by_handles(message.workspace_id, mentions.handles(first_text)):
        yield bot_mentioned(first, bot)


def _own(caller: Caller, chat_id: str, message_id: str) -> Message:
    message = read(caller, chat_id, message_id)
    _require_own(caller, message)
    return message


def _require_own(caller: Caller, message: Message) -> None:
    if message.user_id != caller.user_id and not caller.is_admin:
        raise NotAllowed("Only the author, or a caller with the scope admin:*, may change a message.")


def _audited(caller: Caller, action: Action, message: Message) -> list[store.Write]:
    """The audit record of an administrator's change to another author's message; empty for one's own message."""
    if message.user_id == caller.user_id:
        return []
    author = {"author_id": message.user_id} if message.user_id else {"origin": message.origin}
    return audit.writes(caller, action, message.message_id, {"chat_id": message.chat_id, **author})


def _first_words(before: Message) -> list[store.Write]:
    """The write that stores the event `message.created` before a message's first edit; empty for later edits.

    Deliveries of that event and replies to it then still send the first text. If the event is not dispatched yet, the
    stream record has the first text, and the sweeper reads the stored event.
    """
    return [events.keeping(message_created(before))] if before.revision == 1 else []

"""Interactions: a person clicks a button below an application's message.

Each click creates an event; a double click creates one.
"""

from ferryman import clock, ids, log
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import access
from ferryman.conversations.chats import table as chats
from ferryman.conversations.contexts import service as contexts_service
from ferryman.conversations.contexts import table as contexts
from ferryman.conversations.contexts.model import Context
from ferryman.conversations.messages import buttons, table
from ferryman.conversations.messages.buttons import Chosen
from ferryman.conversations.messages.events import interaction_created
from ferryman.conversations.messages.model import Message
from ferryman.conversations.messages.schema import InteractionIn
from ferryman.errors import Invalid, NotAllowed, NotFound
from ferryman.events import table as events
from ferryman.events.model import Event
from ferryman.identity import idempotency
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey, KeyTaken
from ferryman.identity.users import table as users

# A second click of the same person on the same button within this time counts as part of the first. Keys expire at
# whole seconds, so it can be almost a second longer.
DOUBLE_CLICK_SECONDS = 2


def click(
    caller: Caller,
    message_id: str,
    wanted: InteractionIn,
    idempotency_key: IdempotencyKey | None = None,
    chain: list[str] | None = None,
) -> Event:
    """Click a button of a message in a chat of which the caller is a member. Returns the click's event.

    `chain` lists the webhooks whose deliveries led to the click (`webhooks.loop_prevention`). A click is counted as an
    answer to the message's context; after the context expired, the event has no context. The second click of a double
    click returns the event of the first one. Raises NotFound, NotAllowed for a bot, Conflict for a closed chat, and
    Invalid if the message has no such button.
    """
    message = _get_visible(caller, message_id)
    if caller.role == "bot":
        raise NotAllowed("Bots cannot click buttons. Use the credential of a person.")
    chosen = _chosen(message, wanted)
    person = users.get(caller.workspace_id, caller.user_id)
    now = clock.now_iso()

    def made(context: Context | None) -> Event:
        return interaction_created(
            message,
            chosen,
            person,
            event_id=ids.new(ids.EVENT),
            context=context,
            livemode=caller.livemode,
            at=now,
            chain=chain,
        )

    once = _once(caller, message, chosen)

    def writes(event: Event) -> list[store.Write]:
        keys = [*idempotency.writes(idempotency_key, event.event_id), once.writing(event.event_id)]
        return [*keys, events.creating(event)]

    context = contexts.alive(caller.workspace_id, message.context_id)
    event = made(context)
    try:
        if context is None or not contexts_service.commit_in_time(context, now, writes(event)):
            event = made(None)
            store.commit(writes(event))
    except KeyTaken:
        return _first_click(caller, once, idempotency_key)
    log.event("interaction.accepted", message_id=message_id, chat_id=message.chat_id, event_id=event.event_id)
    return event


def read(caller: Caller, message_id: str, event_id: str) -> Event:
    """The stored event of a click. Raises NotFound if the event or the message is no longer stored.

    The caller must be a member of the message's chat. `event_id` comes from the caller's own Idempotency-Key, so
    nothing else checks who clicked, or on which message.
    """
    _get_visible(caller, message_id)
    return _kept(caller, event_id)


def _kept(caller: Caller, event_id: str) -> Event:
    event = events.get_many([(caller.workspace_id, event_id)]).get(event_id)
    if event is None:
        raise NotFound("The event of this click has expired.")
    return event


def _once(caller: Caller, message: Message, chosen: Chosen) -> IdempotencyKey:
    """The idempotency key by which a second click on this button within two seconds counts as part of the first."""
    place = f"\n{message.message_id}/{chosen.row}/{chosen.column}"  # headers hold no line feed, so no client sends it
    return IdempotencyKey(
        caller.workspace_id,
        caller.user_id,
        caller.livemode,
        place,
        fingerprint="",
        credential_id=caller.credential_id,
        kept_seconds=DOUBLE_CLICK_SECONDS,
    )


def _first_click(caller: Caller, once: IdempotencyKey, idempotency_key: IdempotencyKey | None) -> Event:
    """The event that the first click of a double click created.

    The second click's Idempotency-Key is stored for this event, too. Raises KeyTaken if that key was used already, or
    if the first click's key has expired by now.
    """
    first = once.created()
    if first is None or (idempotency_key and idempotency_key.created()):
        raise KeyTaken
    if idempotency_key:
        store.commit(idempotency.writes(idempotency_key, first.resource_id))
    return _kept(caller, first.resource_id)


def _get_visible(caller: Caller, message_id: str) -> Message:
    unknown = NotFound("No message with buttons has this id.")
    chat_id = table.chat_of(caller.workspace_id, message_id)
    try:
        chat, is_member = chats.get_as_member(caller.workspace_id, chat_id, caller.user_id)
        message = table.get(caller.workspace_id, chat_id, message_id)
    except NotFound:
        raise unknown from None
    # With admin:*, one reads every chat, but only members click.
    if not is_member or message.livemode != caller.livemode:
        raise unknown
    access.require_open(chat)
    return message


def _chosen(message: Message, wanted: InteractionIn) -> Chosen:
    rows = buttons.load(message.buttons)
    if "callback_data" in wanted.model_fields_set:
        chosen = buttons.with_data(rows, wanted.callback_data)
        field = "/callback_data"
    else:
        chosen = buttons.at(rows, wanted.row or 0, wanted.column or 0)
        field = "/row"
    if chosen is None:
        raise Invalid("The message has no such button. Read it to see its buttons, row by row.", field)
    return chosen

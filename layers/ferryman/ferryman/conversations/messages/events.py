"""The events about messages: posting, editing, deleting, mentioning a bot, and clicking a button."""

import json
from typing import TYPE_CHECKING, Any

from ferryman import ids
from ferryman.conversations.messages.model import Message, describe
from ferryman.events import envelope
from ferryman.events.model import Event, EventType

if TYPE_CHECKING:  # few functions build the event of a click
    from ferryman.conversations.contexts.model import Context
    from ferryman.conversations.messages.buttons import Chosen
    from ferryman.identity.users.model import User


def message_created(message: Message) -> Event:
    """The event of a new message. Calling this again for the unedited message gives an equal event."""
    data: dict[str, Any] = {"message": describe(message)}
    if message.application_id and message.person:
        data["conversation"] = _conversation(
            message.application_id,
            {"id": message.user_id, **message.person},
            message.chat_id,
            message.context_id,
            message.context_parameters,
        )
    event = _of_message("message.created", message, message.created_at, data)
    event.message_id, event.told = message.message_id, message.told
    return event


def created_id(message_id: str, created_at: str) -> str:
    """The id of the event that `message_created` builds for an unedited message."""
    return ids.derived(ids.EVENT, created_at, "message.created", message_id, "1")


def interaction_created(
    message: Message,
    chosen: "Chosen",
    person: "User",
    *,
    event_id: str,
    context: "Context | None",
    livemode: bool,
    at: str,
    chain: list[str] | None,
) -> Event:
    """The event of a person's click on a button of this message."""
    who = {"id": person.user_id, "name": person.name, "email": person.email}
    interaction = {
        "message_id": message.message_id,
        "chat_id": message.chat_id,
        "row": chosen.row,
        "column": chosen.column,
        "label": chosen.button.label,
        "data": chosen.button.data,
        "context_id": context.context_id if context else None,
    }
    conversation = _conversation(
        message.origin_id,
        who,
        message.chat_id,
        context.context_id if context else None,
        (context.parameters_json or "{}") if context else None,
    )
    return envelope.build(
        "interaction.created",
        event_id,
        workspace_id=message.workspace_id,
        chat_id=message.chat_id,
        application_id=message.origin_id,
        livemode=livemode,
        at=at,
        data={"interaction": interaction, "conversation": conversation},
        chain=chain,
    )


def _conversation(
    application_id: str, person: dict[str, Any], chat_id: str, context_id: str | None, parameters: str | None
) -> dict[str, Any]:
    """The event's `conversation`: application, person, private chat, and the context that was answered in time.

    An answer that was stored without parameters gets no context, so that all attempts of its delivery send the same
    body.
    """
    talk = {"application_id": application_id, "person": person, "chat": {"id": chat_id, "type": "private"}}
    if context_id is None or parameters is None:
        return talk
    return {**talk, "context": {"id": context_id, "parameters": json.loads(parameters)}}


def bot_mentioned(created: Event, bot: "User") -> Event:
    """The event for a bot that a message mentions. `created` is the message's own event.

    The same message and bot always give the same event.
    """
    message = created.data["message"]
    return envelope.build(
        "bot.mentioned",
        ids.derived(ids.EVENT, created.created_at, "bot.mentioned", message["id"], bot.user_id),
        workspace_id=created.workspace_id,
        chat_id=created.chat_id,
        bot_id=bot.user_id,
        livemode=created.livemode,
        at=created.created_at,
        data={"message": message, "bot": {"id": bot.user_id, "handle": bot.handle}},
        chain=created.chain,
    )


def message_updated(message: Message) -> Event:
    return _of_message(
        "message.updated", message, message.edited_at or message.created_at, {"message": describe(message)}
    )


def message_deleted(message: Message, at: str) -> Event:
    return _of_message(
        "message.deleted",
        message,
        at,
        {"message": {"id": message.message_id, "chat_id": message.chat_id, "deleted_at": at}},
    )


def _of_message(type_: EventType, message: Message, at: str, data: dict[str, Any]) -> Event:
    return envelope.build(
        type_,
        ids.derived(ids.EVENT, at, type_, message.message_id, str(message.revision)),
        workspace_id=message.workspace_id,
        chat_id=message.chat_id,
        application_id=data.get("conversation", {}).get("application_id"),
        livemode=message.livemode,
        at=at,
        data=data,
        chain=message.chain,
    )

"""Clicking: calls the integration of a message's button or menu, and carries out its answer.

The integration may change the message, or send a text to the person who clicked. The integration's URL and context are
stored in the message's attachments, and no response of the API shows them.
"""

import json
from dataclasses import dataclass
from typing import Any

from ferryman import clock, ids, log, settings
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import access
from ferryman.conversations.messages import attachments
from ferryman.conversations.messages import service as messages_service
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.model import Message
from ferryman.errors import NotFound
from ferryman.formats import actions as words
from ferryman.formats.actions import Answer, Update
from ferryman.formats.interface import JSON, Surroundings
from ferryman.identity import idempotency, rates
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.identity.workspaces import table as workspaces
from ferryman.integrations import awaited_answers
from ferryman.integrations.commands.running import RUNS_PER_MINUTE
from ferryman.outbound import allowed_targets
from ferryman.outbound.outcomes import Outcome, Unreachable


class UnknownAction(NotFound):
    """The message has no button or menu with this id, or the button is disabled or has no integration."""


@dataclass(slots=True)
class Clicked:
    """The result of a click.

    `message` is the clicked message after the click, `reply` the integration's message to the person who clicked, and
    `error` the integration's own error text.
    """

    trigger_id: str
    message: Message
    reply: Message | None = None
    error: str | None = None


def click(
    caller: Caller,
    message_id: str,
    action_id: str,
    selected: str | None = None,
    idempotency_key: IdempotencyKey | None = None,
) -> Clicked:
    """Click a button or menu of a message that the caller sees. `selected` is the chosen value of a menu.

    Raises NotFound for a message that the caller does not see, Conflict for a closed chat, UnknownAction,
    ReceiverFailed, and TooManyRequests beyond the workspace's rate, which clicks share with commands.
    """
    message = messages_service.find(caller, message_id)
    chat = access.get_visible(caller, message.chat_id)
    access.require_open(chat)
    action = _action(message, action_id)
    rates.spend_exactly(f"{caller.workspace_id}/commands", RUNS_PER_MINUTE)
    if idempotency_key:
        store.commit(idempotency.writes(idempotency_key, message_id))
    person = users.get(caller.workspace_id, caller.user_id)
    trigger_id = secrets.new_mattermost_secret()
    asked = words.Click(
        around=Surroundings(
            workspace_id=caller.workspace_id,
            workspace_name=workspaces.get(caller.workspace_id).name,
            chat_name=chat.handle or ids.ulid(chat.chat_id).lower(),
            author_name=person.handle or ids.ulid(person.user_id).lower(),
            token="",
        ),
        chat_id=chat.chat_id,
        message_id=message_id,
        user_id=caller.user_id,
        trigger_id=trigger_id,
        action=action,
        selected=selected,
    )
    outcome = _call(str(action["integration"]["url"]), asked)
    log.event(
        "action.clicked",
        workspace_id=caller.workspace_id,
        message_id=message_id,
        outcome=outcome.error if isinstance(outcome, Unreachable) else outcome.status,
        duration_ms=outcome.duration_ms,
    )
    answer = awaited_answers.read(outcome, lambda body: words.read(body.content, is_whole=body.is_whole), "integration")
    if answer.update:
        message = _updated(message, answer.update)
    reply = _reply(caller, message, answer) if answer.ephemeral_text else None
    return Clicked(trigger_id, message, reply, answer.error)


def _action(message: Message, action_id: str) -> dict[str, Any]:
    for box in attachments.load(message.attachments):
        for action in box.get("actions") or ():
            if action.get("id") == action_id and action.get("integration") and not action.get("disabled"):
                clickable: dict[str, Any] = action
                return clickable
    raise UnknownAction("The message has no button or menu with this id that can be clicked.")


def _call(url: str, asked: words.Click) -> Outcome:
    from ferryman.outbound import transport  # imports requests, which only clicks need

    return transport.post(
        url,
        words.encoded(asked),
        {"Content-Type": JSON, "Accept": JSON},
        allowed_targets=allowed_targets.of_deployment(),
        deadline_seconds=settings.integer("ATTEMPT_TIMEOUT_SECONDS"),
        max_response_bytes=awaited_answers.ANSWER_BYTES,
        response_seconds=awaited_answers.ANSWER_SECONDS,
    )


def _updated(message: Message, wanted: Update) -> Message:
    """The message after the update: with the new text, and with new attachments and props if the update has props."""
    boxes, props = message.attachments, message.props
    if wanted.props is not None:
        boxes = attachments.dump(wanted.boxes or [])
        props = json.dumps(wanted.props, ensure_ascii=False) if wanted.props else None
    return messages_service.rewrite(message, wanted.text, boxes, props)


def _reply(caller: Caller, message: Message, answer: Answer) -> Message:
    """Store a message to the person who clicked, in the name of the clicked message's author, and return it."""
    text = answer.ephemeral_text
    if answer.names_people:
        from ferryman.conversations.messages import named_people  # few answers name somebody

        text, _ = named_people.with_handles(message.workspace_id, text, None)
    reply = Message(
        workspace_id=message.workspace_id,
        chat_id=message.chat_id,
        message_id=ids.new_in_chat(message.chat_id)[0],
        text=text,
        origin="reply",
        origin_id=message.origin_id,
        author_name=message.author_name or "integration",
        author_avatar_url=message.author_avatar_url,
        visible_to=caller.user_id,
        created_at=clock.now_iso(),
        livemode=message.livemode,
    )
    messages.with_free_ids([reply], lambda: store.commit([messages.creating(reply)]))
    messages.created(reply)
    return reply

"""Replies: a receiver's answer to a delivery becomes a message in the chat.

The answer of a bot's callback becomes a message by the bot; the answer of a webhook with trigger words, a message in
the webhook's name. The webhook's format reads the answer (`formats.interface.OutgoingFormat.read_response`).

The deliverer stores the reply as an event, in the transaction that settles the delivery, and the dispatcher turns the
event into a message. So a crash cannot store one without the other, and a delivery whose reply is stored is not
retried. The ids of the event and of the message are derived from the delivery's id, so no reply is posted twice.
"""

from typing import Any

from ferryman import clock, ids, log
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.model import Message
from ferryman.errors import Conflict, NotFound
from ferryman.events import envelope
from ferryman.events import table as events
from ferryman.events.model import REPLIED, Event
from ferryman.formats import FORMATS
from ferryman.formats.interface import NotAReply, Reply
from ferryman.identity.users import table as users
from ferryman.outbound.outcomes import Delivered, Outcome
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.loop_prevention import MAX_HOPS
from ferryman.webhooks.subscriptions.model import Webhook

ACCEPTED = "accepted"
# A reply may be long; its receiver has this long after the head to send it, within the attempt's own limit.
RESPONSE_SECONDS = 3.0
_TRIES = 4  # the ids that one message may try


class AlreadyReplied(Conflict):
    """An earlier attempt of the delivery stored a reply."""


def can_reply(webhook: Webhook, delivery: Delivery) -> bool:
    """Whether a reply in the receiver's answer would be posted.

    The webhook's format must read answers, the webhook must have a user for replies (`replies_as`), and the delivery
    must be about a chat and not a test.
    """
    format_ = FORMATS[webhook.format]
    return bool(format_.read_response and webhook.replies_as and delivery.chat_id and not delivery.test)


def read(webhook: Webhook, delivery: Delivery, outcome: Outcome) -> tuple[Reply | None, str | None]:
    """The reply in the answer to an attempt, and a note for the delivery's log: `accepted`, or why it is not posted.

    Both are None without a reply. The reply alone is None if it cannot be posted.
    """
    read_response = FORMATS[webhook.format].read_response
    if not isinstance(outcome, Delivered) or read_response is None or not can_reply(webhook, delivery):
        return None, None
    try:
        reply = read_response(outcome.body)
    except NotAReply as reason:
        return None, f"not posted: {reason}"
    return reply, ACCEPTED if reply else None


def storing(webhook: Webhook, delivery: Delivery, reply: Reply) -> store.Write:
    """The write of an event with the reply, for the dispatcher. Refused with AlreadyReplied for a second reply."""
    at = clock.now_iso()
    event = envelope.build(
        REPLIED,
        ids.derived(ids.EVENT, delivery.created_at, REPLIED, delivery.delivery_id),
        workspace_id=delivery.workspace_id,
        chat_id=delivery.chat_id,
        livemode=delivery.livemode,
        at=at,
        data={
            "in_reply_to_delivery": delivery.delivery_id,
            "webhook_id": webhook.webhook_id,
            "user_id": webhook.replies_as,
            "text": reply.text,
            **(_as_program(webhook, reply) if webhook.is_triggered else {}),
        },
        chain=[*(delivery.chain or []), webhook.webhook_id][-MAX_HOPS:],
    )
    return events.creating_once(event, AlreadyReplied("The delivery was replied to before."))


def _as_program(webhook: Webhook, reply: Reply) -> dict[str, Any]:
    """The fields of a message that answers a trigger word. It is posted in the webhook's name, not in its owner's."""
    return {
        "author_name": reply.author_name or webhook.reply_name or webhook.name or "webhook",
        "author_avatar_url": reply.author_avatar_url or webhook.reply_avatar_url,
        "webhook_title": webhook.name or "",
        "attachments": reply.attachments,
        "props": reply.props,
        "priority": reply.priority,
        **({"names_people": True} if reply.names_people else {}),
    }


def post(event: Event) -> None:
    """Turn the event of a reply into a message; does nothing if the message exists.

    The event's user must be active and a member of the chat, and the chat must be open; otherwise the reply is dropped
    with a log line. That user is the bot, or the person who answers for the webhook with trigger words.
    """
    user_id, chat_id = event.data["user_id"], event.chat_id or ""
    if reason := _obstacle(event.workspace_id, chat_id, user_id):
        log.event("reply.dropped", workspace_id=event.workspace_id, event_id=event.event_id, reason=reason)
        return
    text, boxes = event.data["text"], event.data.get("attachments")
    if event.data.get("names_people"):
        from ferryman.conversations.messages import named_people  # few answers name somebody

        text, boxes = named_people.with_handles(event.workspace_id, text, boxes)
    message = Message(
        workspace_id=event.workspace_id,
        chat_id=chat_id,
        message_id=_id(event, 0),
        text=text,
        origin="reply",
        origin_id=event.data["webhook_id"],
        user_id=None if "author_name" in event.data else user_id,
        author_name=event.data.get("author_name"),
        author_avatar_url=event.data.get("author_avatar_url"),
        webhook_title=event.data.get("webhook_title"),
        attachments=boxes,
        props=event.data.get("props"),
        priority=event.data.get("priority"),
        created_at=event.created_at,
        livemode=event.livemode,
        chain=event.chain,
        in_reply_to_delivery=event.data["in_reply_to_delivery"],
    )
    if _stored(event, message):
        messages.created(message)
        log.event("reply.posted", message_id=message.message_id, chat_id=chat_id, event_id=event.event_id)


def _stored(event: Event, message: Message) -> bool:
    """Store the message of a reply. Returns False if an earlier run posted it, under the same derived id.

    Raises Conflict if other messages have all four ids that the reply's message could get.
    """
    for number in range(_TRIES):
        message.message_id = _id(event, number)
        try:
            store.commit([messages.creating(message, marked=True)])
            return True
        except messages.IdTaken as taken:
            if taken.there.get("in_reply_to_delivery") == message.in_reply_to_delivery:
                return False
    raise Conflict("Other messages have all the ids that the message of a reply can get.")


def _id(event: Event, number: int) -> str:
    """The id of the reply's message. Each `number` gives another id, in case one is taken."""
    further = [str(number)] if number else []
    return ids.derived_in_chat(event.chat_id or "", event.created_at, event.event_id, *further)


def _obstacle(workspace_id: str, chat_id: str, user_id: str) -> str | None:
    """The reason why the user cannot post in the chat now; None if the user can."""
    user = next(iter(users.get_many(workspace_id, [user_id])), None)
    if user is None or not user.active:
        return "the user is not active"
    try:
        chat, is_member = chats.get_as_member(workspace_id, chat_id, user_id)
    except NotFound:
        return "the chat does not exist"
    if not is_member:
        return "the user does not belong to the chat"
    return None if chat.active else "the chat is not active"

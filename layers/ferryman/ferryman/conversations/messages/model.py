"""Message: a text that a user, an incoming webhook or an application posted in a chat."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from ferryman import ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.messages import attachments, mentions

type Origin = Literal["token", "incoming_webhook", "application", "reply"]
MAX_TEXT = 16_000  # characters (code points)


@dataclass(slots=True, kw_only=True)
class Message(store.Record):
    """A text in a chat with its author, as an item of the table `messages`."""

    workspace_id: str
    chat_id: str
    message_id: str
    text: str
    origin: Origin
    origin_id: str  # the credential that posted it
    created_at: str
    livemode: bool
    user_id: str | None = None  # the author, if a user posted the message
    author_name: str | None = None  # the author's name, if no user posted the message
    author_avatar_url: str | None = None
    author_emoji: str | None = None  # shown instead of the picture, if no user posted the message
    webhook_title: str | None = None  # set if a webhook posted it: the webhook's title or ""; Mattermost's API shows it
    visible_to: str | None = None  # the one person who sees it besides the author; None for everyone
    attachments: str | None = None  # JSON, see `attachments`
    props: str | None = None  # JSON object that the sender stores with the message
    priority: str | None = None  # JSON of level, acknowledge, persistent
    buttons: str | None = None  # JSON of rows of {label, data}: DynamoDB's maps do not keep the order of keys
    application_id: str | None = None  # on a person's message in a private chat with this application
    context_id: str | None = None  # the context that an application's message opened or a person answered
    context_parameters: str | None = None  # JSON that the application gave with the context; only on answers
    person: dict[str, str | None] | None = None  # name and email of the person who answered
    # JSON for the applications that get people's messages in this group: the author, and for each application its
    # newest context. It is stored, so that all attempts of a delivery send the same body.
    told: str | None = None
    chain: list[str] | None = None  # the webhooks whose deliveries led to the message
    in_reply_to_delivery: str | None = None  # the delivery that a receiver answered with this message
    edit_events: list[str] | None = None  # the ids of the events about its edits
    revision: int = 1
    edited_at: str | None = None
    edited_by: str | None = None  # the user who edited it last
    deleted_at: str | None = None
    active: str | None = None  # the key in the index of active chats, see `activity`
    undispatched: str | None = None  # the key in the index of messages that the sweeper must dispatch
    expires_at_epoch: int | None = None  # when DynamoDB may delete the item; None for never


# The author's `type` in the API for a message that no user posted.
_AUTHORS: dict[Origin, str] = {
    "token": "user",
    "incoming_webhook": "incoming_webhook",
    "application": "application",
    "reply": "webhook",
}


def rows(message: Message) -> list[list[dict[str, Any]]] | None:
    """The buttons below a message, row by row, each with a `label` and `data` (any JSON value); None without any."""
    rows: list[list[dict[str, Any]]] | None = json.loads(message.buttons) if message.buttons else None
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The content of a message to post. `attachments`, `props` and `priority` are JSON texts."""

    text: str
    attachments: str | None = None
    props: str | None = None
    priority: str | None = None
    visible_to: str | None = None  # the one person who sees it besides the author; None for everyone


def is_visible(message: Message, user_id: str) -> bool:
    """Whether `user_id`, a member of the message's chat, may see the message.

    All members may, unless the message is for one person: then only that person and the author may.
    """
    return message.visible_to is None or user_id in (message.visible_to, message.user_id)


def describe(message: Message) -> dict[str, object]:
    """A message as the API and the events show it."""
    author: dict[str, object] = (
        {"type": "user", "id": message.user_id}
        if message.user_id
        else {
            "type": "command" if message.origin_id.startswith(f"{ids.COMMAND}_") else _AUTHORS[message.origin],
            "id": message.origin_id,
            "name": message.author_name,
            "avatar_url": message.author_avatar_url,
            "emoji": message.author_emoji,
        }
    )
    return {
        "id": message.message_id,
        "chat_id": message.chat_id,
        "text": message.text,
        "mentions": mentions.handles(message.text),
        "author": author,
        "attachments": attachments.shown(message.attachments),
        "props": json.loads(message.props) if message.props else None,
        "priority": json.loads(message.priority) if message.priority else None,
        "visible_to": message.visible_to,
        "buttons": rows(message),
        "context_id": message.context_id,
        "origin": message.origin,
        "livemode": message.livemode,
        "revision": message.revision,
        "created_at": message.created_at,
        "edited_at": message.edited_at,
        "edited_by": message.edited_by,
    }

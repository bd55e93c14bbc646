"""Event: a fact that happened. Only the deletion of its message changes it: that takes the body away.

All receivers of the native format get the same bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, Self

from ferryman.aws import dynamodb as store
from ferryman.formats import FORMATS, STORED
from ferryman.formats.interface import Body, Surroundings, TriggeredWebhook, Webhook

type EventType = Literal[
    "message.created",
    "bot.mentioned",
    "message.updated",
    "message.deleted",
    "interaction.created",
    "webhook.disabled",
    "delivery.exhausted",
    "task_assigned",
    "task_status",
    "blocker",
    "review",
    "meeting",
    "weekly_digest",
    "team_support.approved",
    "system",
]


# Work that one worker stores for another in the table `events`. No webhook can subscribe to it.
type InternalType = Literal["delivery.replied"]
REPLIED: InternalType = "delivery.replied"
# The event types about Ferryman's own work: only a webhook for every chat, which needs admin:*, can subscribe to them.
OPERATIONAL: frozenset[EventType] = frozenset({"webhook.disabled", "delivery.exhausted"})
# The event types of notifications, each for one person.
type NotificationType = Literal[
    "task_assigned",
    "task_status",
    "blocker",
    "review",
    "meeting",
    "weekly_digest",
    "team_support.approved",
    "system",
]


@dataclass(slots=True, kw_only=True)
class Event(store.Record):
    """An event. In memory, `data` is a value; the stored item has the rendered body instead.

    DynamoDB would change numbers such as 1.0, and the rendered text keeps each byte that receivers get.
    """

    workspace_id: str
    event_id: str
    type: EventType | InternalType
    created_at: str
    livemode: bool
    data: dict[str, Any]
    chat_id: str | None = None
    message_id: str | None = None  # the message from which this event is built, until somebody edits the message
    bot_id: str | None = None  # the bot that was mentioned
    mentioned_by: str | None = None  # the kind of author who mentioned it: a MentionedBy
    mentioned_by_id: str | None = None  # the author's id
    application_id: str | None = None  # the application that a person answered
    user_id: str | None = None  # the person who was notified
    webhook_id: str | None = None  # set when the event is for this webhook alone: a test
    test: bool | None = None
    chain: list[str] | None = None  # the webhooks whose deliveries led to it; they do not get it
    undispatched: str | None = None
    expires_at_epoch: int | None = None
    told: str | None = None  # copied from `Message.told`
    erased_at: str | None = None  # when its message was deleted, and its data and bodies with it
    stored_body: str | None = None  # the native body as the item has it
    stored_bodies: dict[str, str] | None = None  # the same in other formats

    @property
    def body(self) -> str:
        """The native body, rendered once. It is ASCII JSON, so that no program on the way changes a byte."""
        if self.stored_body is None:
            self.stored_body = json.dumps(self._envelope(), separators=(",", ":"))
        return self.stored_body

    def _envelope(self) -> dict[str, Any]:
        return {
            "id": self.event_id,
            "type": self.type,
            "created_at": self.created_at,
            "workspace_id": self.workspace_id,
            "livemode": self.livemode,
            "data": self.data,
            **({"test": True} if self.test else {}),
        }

    def as_told_to(self, application_id: str | None) -> Self:
        """The event as the callback of `application_id` gets it; unchanged for any other webhook (None).

        An application that gets the messages of its group also gets the message's author, and its own context there.
        """
        audience = json.loads(self.told) if self.told and application_id else None
        if audience is None or application_id not in audience["contexts"]:
            return self
        conversation = {
            "application_id": application_id,
            "person": audience["person"],
            "chat": {"id": self.chat_id, "type": "group"},
        }
        if context := audience["contexts"][application_id]:
            conversation["context"] = context
        data = {**self.data, "conversation": conversation}
        return replace(self, data=data, application_id=application_id, stored_body=None, stored_bodies=None)

    def can_be_rendered(self, format_: str) -> bool:
        """Whether the format can render the event. An erased event cannot be rendered.

        The answer is True for an unknown format: a later version added it, and that version decides.
        """
        if self.erased_at:
            return False
        return format_ not in FORMATS or FORMATS[format_].can_render(self)

    def render(self, webhook: "Receiver") -> Body:
        """The body for one webhook. A body that is stored with the event is used as it is, also after a new release."""
        stored = (self.stored_bodies or {}).get(webhook.format)
        return FORMATS[webhook.format].render(self, webhook) if stored is None else Body(stored.encode())

    def render_triggered(self, webhook: "TriggeredReceiver", around: Surroundings) -> Body:
        """The body for a webhook with trigger words.

        `around` has the names of the workspace, the chat and the author, which the body contains, too.
        """
        render = FORMATS[webhook.format].render_triggered
        return render(self, webhook, around) if render else self.render(webhook)

    def to_item(self) -> store.Item:
        item = store.Record.to_item(self)
        for name in ("data", "stored_body", "stored_bodies"):
            item.pop(name, None)
        item["body"] = self.body
        if not self.erased_at and (bodies := self.stored_bodies or self._other_bodies()):
            item["bodies"] = bodies
        return item

    def _other_bodies(self) -> dict[str, str]:
        renders = {name: FORMATS[name] for name in STORED if FORMATS[name].can_render(self)}
        return {name: format_.render(self, _NOBODY).content.decode() for name, format_ in renders.items()}

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        body = item["body"]
        data = json.loads(body)["data"] if body else {}  # the body of an erased event is empty
        fields = {**item, "data": data, "stored_body": body, "stored_bodies": item.get("bodies")}
        return cls(**{name: value for name, value in fields.items() if name in cls.__dataclass_fields__})


class Receiver(Webhook, Protocol):
    """A webhook that an event is rendered for."""

    @property
    def format(self) -> str: ...


class TriggeredReceiver(TriggeredWebhook, Receiver, Protocol):
    """A webhook with trigger words that an event is rendered for."""


@dataclass(frozen=True, slots=True)
class _Nobody:
    """The webhook that is passed to a format whose bodies do not depend on the webhook."""

    webhook_id: str = ""


_NOBODY = _Nobody()

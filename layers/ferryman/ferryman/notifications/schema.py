"""Requests and responses of the API about notifications, as their sender sees them."""

import json
import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from ferryman import ids
from ferryman.characters import has_hidden
from ferryman.events.model import NotificationType
from ferryman.notifications import repeats
from ferryman.notifications.model import (
    MAX_BODY,
    MAX_DATA_BYTES,
    MAX_NAMED,
    MAX_TITLE,
    Notification,
    NotificationState,
)
from ferryman.notifications.repeats import Weekday
from ferryman.schema import Input, Output, Time, distinct, not_blank


def _small(data: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(data, separators=(",", ":"))) > MAX_DATA_BYTES:
        raise ValueError(f"must have at most {MAX_DATA_BYTES} bytes as JSON")
    return data


_LINK = {"type": "string", "format": "iri", "maxLength": 2048, "examples": ["https://ci.example/42"]}


def _link(text: str) -> str:
    if not re.match(r"https?://[^/?#]", text, re.IGNORECASE) or has_hidden(text) or any(map(str.isspace, text)):
        raise ValueError("must be an address that begins with https:// or http://, without spaces")
    return text


type Title = Annotated[str, Field(min_length=1, max_length=MAX_TITLE), AfterValidator(not_blank)]
type Body = Annotated[str, Field(min_length=1, max_length=MAX_BODY), AfterValidator(not_blank)]
type Link = Annotated[str, Field(max_length=2048), AfterValidator(_link), WithJsonSchema(_LINK)]
type Data = Annotated[dict[str, Any], AfterValidator(_small)]
type UserIds = Annotated[
    list[Annotated[str, Field(pattern=ids.pattern(ids.USER))]],
    Field(min_length=1, max_length=MAX_NAMED),
    AfterValidator(distinct),
]


def _local_time(text: str) -> str:
    if not re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", text):
        raise ValueError("must be a time of day such as 09:00")
    return text


def _time_zone(text: str) -> str:
    if not repeats.is_time_zone(text):
        raise ValueError("must be a name of the IANA time zone database, such as Europe/Berlin, or UTC")
    return text


class RepeatIn(Input):
    """On which weekdays and at which local time a notification is sent again."""

    on: Annotated[list[Weekday], Field(min_length=1, max_length=7), AfterValidator(distinct)] = Field(
        examples=[["monday"]]
    )
    at: Annotated[str, AfterValidator(_local_time)] = Field(
        description="The local time of day. A time that the change to summer time skips is moved on by the skipped "
        "span; of a time that occurs twice, the first counts.",
        examples=["09:00"],
    )
    time_zone: Annotated[str, Field(max_length=64), AfterValidator(_time_zone)] = Field(examples=["Europe/Berlin"])


class NotificationIn(Input):
    """A new notification, for some people or for everyone."""

    type: NotificationType = Field(examples=["task_assigned"])
    title: Title = Field(examples=["Fix the login page"])
    body: Body | None = None
    url: Link | None = Field(None, description="A link to more information: http or https.")
    user_ids: UserIds | None = Field(None, description="The recipients: active people.")
    everyone: bool = Field(False, description="true: every active person gets it. Instead of user_ids.")
    data: Data | None = Field(None, description=f"Custom values for receivers; at most {MAX_DATA_BYTES} bytes as JSON.")
    send_at: Time | None = Field(None, description="When to send it, accurate to a minute. Left out: at once.")

    starts_at: Time | None = Field(
        None, description="Instead of send_at: the time that it announces, such as the start of a meeting."
    )
    minutes_before: int | None = Field(
        None,
        ge=0,
        le=1440,
        description="How many minutes before starts_at, or before the time of repeat, it is sent. Left out: 10 for "
        "a `meeting`, otherwise 0.",
    )
    repeat: RepeatIn | None = Field(
        None, description="Instead of send_at and starts_at: when it is sent regularly, until you cancel it."
    )

    @model_validator(mode="after")
    def _told_to_somebody(self) -> Self:
        if self.everyone == (self.user_ids is not None):
            raise ValueError("send either user_ids or everyone: true")
        return self

    @model_validator(mode="after")
    def _has_one_time(self) -> Self:
        if sum(one is not None for one in (self.send_at, self.starts_at, self.repeat)) > 1:
            raise ValueError("send one of send_at, starts_at and repeat")
        if self.minutes_before is not None and self.starts_at is None and self.repeat is None:
            raise ValueError("minutes_before needs starts_at or repeat")
        return self

    def ahead(self) -> int:
        """The minutes between sending the notification and the moment that it announces."""
        return self.minutes_before if self.minutes_before is not None else 10 if self.type == "meeting" else 0


class RepeatOut(Output):
    """When a notification is sent again."""

    on: list[Weekday]
    at: str
    time_zone: str
    minutes_before: int


class NotificationOut(Output):
    """A notification, as its sender sees it."""

    id: str = Field(pattern=ids.pattern(ids.NOTIFICATION))
    type: NotificationType
    title: str
    body: str | None
    url: str | None
    data: dict[str, Any] | None
    user_ids: list[str] | None
    everyone: bool
    livemode: bool
    state: NotificationState = Field(
        description="`scheduled` until its time, `sending` while people get it, then `sent`; or `cancelled`."
    )
    send_at: Time
    sent_at: Time | None
    starts_at: Time | None = Field(description="The time that it announces.")
    repeat: RepeatOut | None = Field(
        description="When it is sent again. After each time, the next notification is scheduled with a new id."
    )
    created_by: str
    created_at: Time

    @classmethod
    def of(cls, notification: Notification) -> Self:
        names = set(NotificationOut.model_fields) - {"id", "data", "everyone"}
        return cls.model_validate(
            {
                "id": notification.notification_id,
                "data": json.loads(notification.data) if notification.data else None,
                "everyone": notification.user_ids is None,
                **{name: getattr(notification, name) for name in names},
            }
        )

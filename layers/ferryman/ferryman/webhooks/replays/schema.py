"""Requests and responses of the API about replays."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field

from ferryman import ids
from ferryman.events.model import EventType
from ferryman.schema import MAX_WORDS, Input, Output, Time, Until, distinct
from ferryman.webhooks.replays.model import Replay, ReplayState

type Over = Literal["delivered", "exhausted", "cancelled"]
type Overs = Annotated[list[Over], Field(min_length=1, max_length=MAX_WORDS), AfterValidator(distinct)]


class ReplayIn(Input):
    """The deliveries to send again."""

    since: Time | None = Field(None, description="Only events from this time on.")
    until: Until = Field(None, description="Only events before this time.")
    states: Overs = Field(
        default=["exhausted", "cancelled"],
        description="Only deliveries in one of these states.",
    )


class HeldEventOut(Output):
    """An event that a webhook did not get because it was disabled."""

    event_id: str
    event_type: EventType
    chat_id: str | None
    created_at: Time


class HeldOut(Output):
    """The events that a webhook did not get while it was disabled."""

    since: Time | None = Field(description="The time from which events are held; null: none are.")
    until: Time | None = Field(description="When the webhook was enabled; null while it is disabled.")
    count: int
    complete: bool = Field(description="false: there are more than could be counted.")
    items: list[HeldEventOut] = Field(description="The first hundred, oldest first.")


class ReplayPreview(Output):
    """How many deliveries a replay would send again."""

    matched: int
    complete: bool = Field(description="false: there are more than could be counted.")


class ReplayOut(Output):
    """A job that sends deliveries of one webhook again."""

    id: str = Field(pattern=ids.pattern(ids.REPLAY))
    webhook_id: str
    state: ReplayState
    delivery_id: str | None = Field(description="For the retry of a single delivery, its id.")
    states: list[Over]
    held: bool = Field(description="true: it delivers the events that were held while the webhook was disabled.")
    since: Time | None
    until: Time | None
    requeued: int = Field(description="How many deliveries were queued again so far.")
    created_by: str
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, replay: Replay) -> Self:
        names = set(cls.model_fields) - {"id", "held"}
        return cls.model_validate(
            {"id": replay.replay_id, "held": bool(replay.held), **{name: getattr(replay, name) for name in names}}
        )

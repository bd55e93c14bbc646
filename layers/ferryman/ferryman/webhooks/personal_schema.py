"""Requests of the API about personal webhooks."""

from typing import Annotated

from pydantic import AfterValidator, Field

from ferryman.events.model import NotificationType
from ferryman.formats import OF_PEOPLE, Format
from ferryman.schema import MAX_WORDS, Description, Input, Name, Url, distinct
from ferryman.webhooks.subscriptions.model import WebhookState
from ferryman.webhooks.subscriptions.schema import DISABLE_AFTER, FORMAT, PROBE, DisableAfter, Signatures

type PersonalEvents = Annotated[
    list[NotificationType], Field(min_length=1, max_length=MAX_WORDS), AfterValidator(distinct)
]
_ALL_OR_SOME = "Which notifications to deliver; all types, when left out."


class PersonalWebhookIn(Input):
    """A new personal webhook: where to send the caller's own notifications."""

    url: Url = Field(description="Where to deliver: https.", examples=["https://receiver.example.com/notifications"])
    events: PersonalEvents | None = Field(None, description=_ALL_OR_SOME)
    format: Format = Field(OF_PEOPLE, description=FORMAT)
    signatures: Signatures | None = Field(None, description="Left out: that of the format.")
    name: Name | None = None
    description: Description | None = None


class PersonalWebhookPatch(Input):
    """The fields to change; those left out stay as they are. A changed URL keeps its secret."""

    url: Url | None = None
    events: PersonalEvents | None = None
    signatures: Signatures | None = None
    name: Name | None = None
    description: Description | None = None
    disable_after: DisableAfter | None = Field(None, description=DISABLE_AFTER)
    probe: bool | None = Field(None, description=PROBE)
    state: WebhookState | None = Field(None, description="`enabled` also forgets the failures so far.")


class PersonalTestIn(Input):
    """The test to send."""

    event_type: NotificationType | None = Field(
        None, description="The event type whose example is sent; the first of the webhook's events, when left out."
    )

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
_ALL_OR_SOME = "The types of notifications to deliver. Left out: all."


class PersonalWebhookIn(Input):
    """A new personal webhook, which gets your own notifications."""

    url: Url = Field(
        description="The https URL that gets the deliveries.", examples=["https://receiver.example.com/notifications"]
    )
    events: PersonalEvents | None = Field(None, description=_ALL_OR_SOME)
    format: Format = Field(OF_PEOPLE, description=FORMAT)
    signatures: Signatures | None = Field(
        None, description="The signatures of each delivery. Left out: `fluxdesk` for that format, otherwise `fm`."
    )
    name: Name | None = None
    description: Description | None = None


class PersonalWebhookPatch(Input):
    """The fields to change; those left out stay as they are. A new URL keeps the signing secret."""

    url: Url | None = None
    events: PersonalEvents | None = None
    signatures: Signatures | None = None
    name: Name | None = None
    description: Description | None = None
    disable_after: DisableAfter | None = Field(None, description=DISABLE_AFTER)
    probe: bool | None = Field(None, description=PROBE)
    state: WebhookState | None = Field(None, description="`enabled` also resets the failures and ends a pause.")


class PersonalTestIn(Input):
    """The test to send."""

    event_type: NotificationType | None = Field(
        None, description="The event type whose example is sent. Left out: the first of the webhook's events."
    )

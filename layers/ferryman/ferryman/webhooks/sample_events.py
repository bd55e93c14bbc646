"""Builds the event of a test delivery from the catalogue's examples."""

from ferryman import ids
from ferryman.events import catalogue, envelope
from ferryman.events.model import Event, EventType
from ferryman.webhooks.subscriptions.model import Webhook


def test_event(type_: EventType, webhook: Webhook, at: str) -> Event:
    """An event for this webhook alone, with an example of the type as its data and `"test": true`.

    The example is the first in the catalogue that the webhook's format can render. For an application's webhook, a
    person's answer to the application comes first.
    """
    candidates = (
        envelope.build(
            type_,
            ids.new(ids.EVENT),
            workspace_id=webhook.workspace_id,
            livemode=webhook.livemode,
            at=at,
            data=data,
            webhook_id=webhook.webhook_id,
            test=True,
        )
        for data in catalogue.examples(type_, answered_first=webhook.application_id is not None)
    )
    return next(event for event in candidates if event.can_be_rendered(webhook.format))

"""The events that tell about webhooks and their deliveries, and the event of a test."""

from ferryman import ids
from ferryman.events import catalogue, envelope
from ferryman.events.model import Event, EventType
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions.model import Webhook


def test_event(type_: EventType, webhook: Webhook, at: str) -> Event:
    """An event for this webhook alone, with an example of the type as its data and `"test": true`.

    The example is the first one that the webhook's format can render; an application gets a person's answer.
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


def webhook_disabled(webhook: Webhook, reason: str, last_error: str, at: str) -> Event:
    """The event of a webhook that was disabled at `at` (ISO), which is part of its id: it can happen again.

    Only the owner of a personal webhook sees its URL and name, so the event leaves them out.
    """
    shown = webhook.user_id is None
    return envelope.build(
        "webhook.disabled",
        ids.derived(ids.EVENT, at, "webhook.disabled", webhook.webhook_id),
        workspace_id=webhook.workspace_id,
        livemode=webhook.livemode,
        at=at,
        data={
            "webhook": {
                "id": webhook.webhook_id,
                "url": webhook.url if shown else None,
                "name": webhook.name if shown else None,
                "reason": reason,
                "last_error": last_error,
            }
        },
    )


def delivery_exhausted(delivery: Delivery, reason: str, at: str) -> Event:
    """The event of a delivery that failed for good. Its id is made of the delivery's and the number of attempts.

    So settling twice gives the same event.
    """
    attempts = len(delivery.attempts)
    return envelope.build(
        "delivery.exhausted",
        ids.derived(ids.EVENT, delivery.created_at, "delivery.exhausted", delivery.delivery_id, str(attempts)),
        workspace_id=delivery.workspace_id,
        livemode=delivery.livemode,
        at=at,
        data={
            "delivery": {
                "id": delivery.delivery_id,
                "webhook_id": delivery.webhook_id,
                "event_id": delivery.event_id,
                "event_type": delivery.event_type,
                "attempts": attempts,
                "reason": reason,
            }
        },
    )

"""Builds the events about webhooks and their deliveries, and the event of a test."""

from ferryman import ids
from ferryman.events import catalogue, envelope
from ferryman.events.model import Event, EventType
from ferryman.webhooks.deliveries.model import Delivery
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


def webhook_disabled(webhook: Webhook, reason: str, last_error: str, at: str) -> Event:
    """The event `webhook.disabled`, for a webhook that was disabled at `at` (ISO).

    The event's id is derived from the webhook's id and `at`, since a webhook can be disabled several times. The URL and
    the name of a personal webhook are null, because only its owner may see them.
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
    """The event `delivery.exhausted`, for a delivery whose attempts are spent.

    The event's id is derived from the delivery's id and its number of attempts, so settling twice gives one event.
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

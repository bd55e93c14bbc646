"""Builds the events about webhooks and their deliveries."""

from ferryman import ids
from ferryman.events import envelope
from ferryman.events.model import Event
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions.model import Webhook


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

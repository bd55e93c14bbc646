"""The API's operations on one delivery: send a test, and read a delivery with its webhook. `log` lists and counts."""

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.events import table as events
from ferryman.events.model import EventType
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.webhooks.deliveries import table
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.sample_events import test_event
from ferryman.webhooks.subscriptions import service as subscriptions
from ferryman.webhooks.subscriptions.checks import check_format
from ferryman.webhooks.subscriptions.model import Webhook


def send_test(caller: Caller, webhook: Webhook, event_type: EventType | None) -> Delivery:
    """Send an example of `event_type`, signed like any delivery. Works for a disabled webhook too.

    None stands for the webhook's first event type. Raises Invalid for a type that the webhook's format cannot render.
    """
    chosen = event_type or webhook.events[0]
    check_format([chosen], webhook.format, "/event_type")
    event = test_event(chosen, webhook, clock.now_iso())
    delivery = table.new(event, webhook.webhook_id)
    audited = audit.writes(caller, "webhook.tested", webhook.webhook_id, {"delivery_id": delivery.delivery_id})
    store.commit([events.creating(event), table.creating(delivery), *audited])
    return delivery


def get_visible(caller: Caller, delivery_id: str) -> tuple[Delivery, Webhook]:
    """A delivery and its webhook. Raises NotFound if either is missing, or the caller may not manage the webhook."""
    delivery = table.get(caller.workspace_id, delivery_id)
    try:
        return delivery, subscriptions.get_visible(caller, delivery.webhook_id)
    except NotFound:
        raise NotFound("The delivery does not exist.") from None

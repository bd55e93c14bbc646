"""The body of a delivery as its receiver got it, made again of what is kept."""

from ferryman.formats.interface import Body
from ferryman.pipeline import load_events, surroundings
from ferryman.webhooks import signing
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions.model import Webhook


def body(delivery: Delivery, webhook: Webhook) -> Body | None:
    """The body that was sent. None when nothing was sent, the message was deleted, or the body has expired.

    The token in the body of a webhook with trigger words is masked.
    """
    if not delivery.attempts:
        return None
    source = load_events.Source(delivery.workspace_id, delivery.event_id, delivery.chat_id, delivery.message_id)
    event = load_events.recall([source]).get(delivery.event_id)
    event = event and event.as_told_to(webhook.application_id)
    if event is None or not event.can_be_rendered(webhook.format):
        return None
    if not webhook.is_triggered:
        return event.render(webhook)
    names = surroundings.of([event])[event.event_id]
    return event.render_triggered(webhook, names.with_token(event, signing.MASKED))

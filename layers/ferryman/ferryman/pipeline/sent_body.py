"""Renders the body of a delivery again, as its receiver got it."""

from ferryman.formats.interface import Body
from ferryman.pipeline import load_events, surroundings
from ferryman.webhooks import signing
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions.model import Webhook


def render(delivery: Delivery, webhook: Webhook) -> Body | None:
    """The body that the delivery's attempts sent.

    None when there was no attempt, the message was deleted, the event has expired, or the webhook's format cannot
    render the event. For a webhook with trigger words, the token is masked, and the names are those of now.
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

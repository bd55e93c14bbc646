"""What a message answers to: the webhooks whose deliveries led to it, so that nothing goes round in circles.

An integration that posts because of a delivery says so with that delivery's id in X-FM-Delivery-ID, the header it
got it in. Its message is then not delivered to any webhook that led to it, and after three hops to none at all.
"""

from ferryman import ids
from ferryman.events import table as events

MAX_HOPS = 3


def of_reply(workspace_id: str, delivery_id: str | None) -> list[str] | None:
    """The webhooks that led to a message which answers this delivery; None when it answers none of ours.

    An id that is not one of ours is ignored: all it can do is keep the sender's own message from webhooks.
    """
    parts = ids.of_delivery(delivery_id) if delivery_id else None
    if parts is None:
        return None
    event_id, webhook_id = parts
    event = events.get_many([(workspace_id, event_id)]).get(event_id)
    return [*((event.chain if event else None) or []), webhook_id][-MAX_HOPS:]

"""Loop prevention: which webhooks' deliveries led to a message.

An integration that posts because of a delivery says so with that delivery's id in X-FM-Delivery-ID, the header it
got it in. Its message is then not delivered to any webhook that led to it, and after three hops to none at all.
"""

from ferryman import ids
from ferryman.errors import NotFound
from ferryman.webhooks.deliveries import table as deliveries

MAX_HOPS = 3


def of_reply(workspace_id: str, delivery_id: str | None) -> list[str] | None:
    """The webhooks that led to a message which answers this delivery; None when it answers none of ours.

    The delivery must have been sent: with an id that somebody made up, a message could be hidden from a webhook.
    """
    if delivery_id is None or (parts := ids.of_delivery(delivery_id)) is None:
        return None
    try:
        delivery = deliveries.get(workspace_id, delivery_id)
    except NotFound:
        return None
    return [*(delivery.chain or []), parts[1]][-MAX_HOPS:] if delivery.attempts else None

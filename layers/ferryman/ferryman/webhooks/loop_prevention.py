"""Loop prevention: which webhooks' deliveries led to a message.

An integration that posts because of a delivery says so with that delivery's id in X-FM-Delivery-ID, the header it
got it in. Its message is then not delivered to any webhook that led to it, and after three hops to none at all.
"""

from contextlib import suppress

from ferryman import ids
from ferryman.errors import NotFound
from ferryman.webhooks.deliveries import table as deliveries

MAX_HOPS = 3


def of_reply(workspace_id: str, delivery_id: str | None) -> list[str] | None:
    """The webhooks that led to a message which answers this delivery; None when it answers none of ours.

    An id that is not one of ours is ignored: all it can do is keep the sender's own message from webhooks.
    """
    if delivery_id is None or (parts := ids.of_delivery(delivery_id)) is None:
        return None
    chain: list[str] = []
    with suppress(NotFound):
        chain = deliveries.get(workspace_id, delivery_id).chain or []
    return [*chain, parts[1]][-MAX_HOPS:]

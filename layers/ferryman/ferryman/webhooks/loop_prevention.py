"""Loop prevention: finds the webhooks whose deliveries led to a message.

An integration that posts because of a delivery sends the delivery's id back in the header X-FM-Delivery-ID. Its message
is not delivered to the webhooks that led to it, and after three hops to no webhook at all: `pipeline.matching` decides
that by the chain which this module builds.

Ferryman accepts the header only from the receiver of that delivery. A delivery's id can be computed from ids that other
receivers see, and with it a receiver could hide a message from somebody else's webhook.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from ferryman import ids
from ferryman.errors import NotFound
from ferryman.identity.users import table as users
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.subscriptions import table as webhooks

if TYPE_CHECKING:  # the deliverer has no callers, so it need not load them
    from ferryman.identity.credentials.model import Caller

MAX_HOPS = 3


def of_reply(workspace_id: str, delivery_id: str | None, senders: Collection[str | None]) -> list[str] | None:
    """The ids of the last three webhooks that led to a message which answers the delivery.

    `senders` are the ids of the users or applications that post: an incoming webhook's owner, or an application and its
    owner. Returns None without a delivery id, and if the delivery does not exist, was never attempted, or was not sent
    to a sender: its webhook must be owned by a sender, or be a sender's callback.
    """
    if delivery_id is None or ids.of_delivery(delivery_id) is None:
        return None
    try:
        delivery = deliveries.get(workspace_id, delivery_id)
        webhook = webhooks.get(workspace_id, delivery.webhook_id)
    except NotFound:
        return None
    was_sent_to_them = delivery.attempts and {webhook.owner, webhook.bot_id, webhook.application_id} & (
        set(senders) - {None}
    )
    return [*(delivery.chain or []), delivery.webhook_id][-MAX_HOPS:] if was_sent_to_them else None


def of_callers_reply(caller: "Caller", delivery_id: str | None) -> list[str] | None:
    """The result of `of_reply` for a message that the caller posts. A bot may also answer deliveries to its owner."""
    if delivery_id is None:
        return None
    senders: list[str | None] = [caller.user_id]
    if caller.role == "bot":
        senders.append(users.get(caller.workspace_id, caller.user_id).owner)
    return of_reply(caller.workspace_id, delivery_id, senders)

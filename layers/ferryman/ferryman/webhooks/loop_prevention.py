"""Loop prevention: which webhooks' deliveries led to a message.

An integration that posts because of a delivery says so with that delivery's id in X-FM-Delivery-ID, the header it
got it in. Its message is then not delivered to any webhook that led to it, and after three hops to none at all.

The header counts only from the receiver of the delivery: an id can be made of ids that others may see, and with it one
receiver could hide a message from the webhook of another.
"""

from collections.abc import Collection

from ferryman import ids
from ferryman.errors import NotFound
from ferryman.identity.credentials.model import Caller
from ferryman.identity.users import table as users
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.subscriptions import table as webhooks

MAX_HOPS = 3


def of_reply(workspace_id: str, delivery_id: str | None, senders: Collection[str | None]) -> list[str] | None:
    """The webhooks that led to a message that answers this delivery; None when it was not sent to the senders.

    `senders` are the ids of those who post: an incoming webhook's owner, or an application and its owner. A delivery
    was sent to them if one of them owns the webhook, or if the webhook is the callback of one of them.
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


def of_callers_reply(caller: Caller, delivery_id: str | None) -> list[str] | None:
    """As `of_reply`, for a message that a token posts. A bot also answers what was sent to its owner."""
    if delivery_id is None:
        return None
    senders: list[str | None] = [caller.user_id]
    if caller.role == "bot":
        senders.append(users.get(caller.workspace_id, caller.user_id).owner)
    return of_reply(caller.workspace_id, delivery_id, senders)

"""The delivery log: /v1/webhooks/{webhook_id}/deliveries and /v1/deliveries/{delivery_id}."""

from ferryman.deliveries import table
from ferryman.deliveries.schema import DeliveryOut, DeliveryQuery
from ferryman.errors import NotFound
from ferryman.http.api import Api, Call
from ferryman.schema import Listing
from ferryman.webhooks import service as webhooks

api = Api("Deliveries", "What was sent to each webhook, attempt by attempt.")
handler = api


@api.get(
    "/v1/webhooks/{webhook_id}/deliveries",
    scope="webhooks:read",
    summary="List a webhook's deliveries",
    description="Newest event first.",
    query=DeliveryQuery,
    gives=Listing[DeliveryOut],
)
def list_deliveries(call: Call, webhook_id: str, query: DeliveryQuery) -> Listing[DeliveryOut]:
    webhooks.visible(call.caller, webhook_id)
    found, last = table.page(
        call.caller.workspace_id,
        webhook_id,
        query.limit,
        call.page_start(query),
        state=query.state,
        event_type=query.event_type,
        since=query.since,
        until=query.until,
    )
    items = [DeliveryOut.of(delivery) for delivery in found]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@api.get(
    "/v1/deliveries/{delivery_id}",
    scope="webhooks:read",
    summary="Read a delivery",
    gives=DeliveryOut,
)
def read_delivery(call: Call, delivery_id: str) -> DeliveryOut:
    delivery = table.get(call.caller.workspace_id, delivery_id)
    try:
        webhooks.visible(call.caller, delivery.webhook_id)
    except NotFound:
        raise NotFound("There is no such delivery.") from None
    return DeliveryOut.of(delivery)

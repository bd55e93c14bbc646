"""The delivery log, and sending again: deliveries, retries and replays."""

from ferryman.http.api import Api, Call
from ferryman.schema import Listing, ListQuery
from ferryman.webhooks.deliveries import table
from ferryman.webhooks.deliveries.schema import DeliveryOut, DeliveryQuery
from ferryman.webhooks.replays import service as replays
from ferryman.webhooks.replays import table as replays_table
from ferryman.webhooks.replays.schema import ReplayIn, ReplayOut, ReplayPreview
from ferryman.webhooks.subscriptions import service as webhooks

api = Api(
    "Deliveries",
    "What was sent to each webhook, attempt by attempt, and sending it again.",
    aliases={"/v1/webhooks": "/admin/integrations/webhooks"},
)
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
    webhook = webhooks.get_visible(call.caller, webhook_id)
    found, last = table.page(
        call.caller.workspace_id,
        webhook_id,
        query.limit,
        call.page_start(query),
        state=query.state,
        event_type=query.event_type,
        result=query.result,
        since=query.since,
        until=query.until,
    )
    items = [DeliveryOut.of(delivery, webhook) for delivery in found]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@api.get("/v1/deliveries/{delivery_id}", scope="webhooks:read", summary="Read a delivery", gives=DeliveryOut)
def read_delivery(call: Call, delivery_id: str) -> DeliveryOut:
    return DeliveryOut.of(*webhooks.delivery(call.caller, delivery_id))


@api.post(
    "/v1/deliveries/{delivery_id}/retry",
    scope="webhooks:write",
    summary="Send a delivery again",
    description="Only one that is over. It gets a fresh budget of attempts; the earlier ones stay in its log.",
    gives=DeliveryOut,
    status=202,
    errors=(409,),
)
def retry_delivery(call: Call, delivery_id: str) -> DeliveryOut:
    delivery, webhook = webhooks.delivery(call.caller, delivery_id)
    return DeliveryOut.of(replays.retry(call.caller, delivery, webhook), webhook)


@api.post(
    "/v1/webhooks/{webhook_id}/replays",
    scope="webhooks:write",
    summary="Send many deliveries again",
    description="A job: read it to see how far it is. POST …/replays/preview counts first.",
    takes=ReplayIn,
    gives=ReplayOut,
    status=202,
    errors=(409,),
)
def start_replay(call: Call, webhook_id: str, data: ReplayIn) -> ReplayOut:
    return ReplayOut.of(replays.start(call.caller, webhooks.get_visible(call.caller, webhook_id), data))


@api.post(
    "/v1/webhooks/{webhook_id}/replays/preview",
    scope="webhooks:read",
    summary="Count what a replay would send",
    takes=ReplayIn,
    gives=ReplayPreview,
)
def preview_replay(call: Call, webhook_id: str, data: ReplayIn) -> ReplayPreview:
    matched, complete = replays.preview(call.caller, webhooks.get_visible(call.caller, webhook_id), data)
    return ReplayPreview(matched=matched, complete=complete)


@api.get(
    "/v1/webhooks/{webhook_id}/replays",
    scope="webhooks:read",
    summary="List a webhook's replays",
    description="Newest first.",
    query=ListQuery,
    gives=Listing[ReplayOut],
)
def list_replays(call: Call, webhook_id: str, query: ListQuery) -> Listing[ReplayOut]:
    webhooks.get_visible(call.caller, webhook_id)
    found, last = replays_table.page(call.caller.workspace_id, webhook_id, query.limit, call.page_start(query))
    return Listing(items=[ReplayOut.of(replay) for replay in found], next_cursor=call.next_cursor(query, last))


@api.get(
    "/v1/webhooks/{webhook_id}/replays/{replay_id}",
    scope="webhooks:read",
    summary="Read a replay",
    gives=ReplayOut,
)
def read_replay(call: Call, webhook_id: str, replay_id: str) -> ReplayOut:
    return ReplayOut.of(replays.read(webhooks.get_visible(call.caller, webhook_id), replay_id))


@api.post(
    "/v1/webhooks/{webhook_id}/replays/{replay_id}/cancel",
    scope="webhooks:write",
    summary="Stop a replay",
    description="What it put into the queue so far is still delivered.",
    gives=ReplayOut,
    errors=(409,),
)
def cancel_replay(call: Call, webhook_id: str, replay_id: str) -> ReplayOut:
    return ReplayOut.of(replays.cancel(webhooks.get_visible(call.caller, webhook_id), replay_id))

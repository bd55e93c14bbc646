"""The delivery log, and sending again: deliveries, retries and replays."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http.api import Api, Id, ThisCall, errors, needs
from ferryman.schema import Listing, ListQuery
from ferryman.webhooks.deliveries import table
from ferryman.webhooks.deliveries.schema import DeliveryOut, DeliveryQuery
from ferryman.webhooks.replays import service as replays
from ferryman.webhooks.replays import table as replays_table
from ferryman.webhooks.replays.schema import ReplayIn, ReplayOut, ReplayPreview
from ferryman.webhooks.subscriptions import service as webhooks

app = Api(
    "Deliveries",
    "What was sent to each webhook, attempt by attempt, and sending it again.",
    aliases={"/v1/webhooks": "/admin/integrations/webhooks"},
)
handler = app


@app.get(
    "/v1/webhooks/<webhook_id>/deliveries",
    summary="List a webhook's deliveries",
    description="Newest event first.",
)
@needs("webhooks:read")
def list_deliveries(call: ThisCall, webhook_id: Id, query: Annotated[DeliveryQuery, Query()]) -> Listing[DeliveryOut]:
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


@app.get("/v1/deliveries/<delivery_id>", summary="Read a delivery")
@needs("webhooks:read")
def read_delivery(call: ThisCall, delivery_id: Id) -> DeliveryOut:
    return DeliveryOut.of(*webhooks.delivery(call.caller, delivery_id))


@app.post(
    "/v1/deliveries/<delivery_id>/retry",
    summary="Send a delivery again",
    description="Only one that is over. It gets a fresh budget of attempts; the earlier ones stay in its log.",
    status_code=202,
    responses=errors(409),
)
@needs("webhooks:write")
def retry_delivery(call: ThisCall, delivery_id: Id) -> DeliveryOut:
    delivery, webhook = webhooks.delivery(call.caller, delivery_id)
    return DeliveryOut.of(replays.retry(call.caller, delivery, webhook), webhook)


@app.post(
    "/v1/webhooks/<webhook_id>/replays",
    summary="Send many deliveries again",
    description="A job: read it to see how far it is. POST …/replays/preview counts first.",
    status_code=202,
    responses=errors(409),
)
@needs("webhooks:write")
def start_replay(call: ThisCall, webhook_id: Id, data: Annotated[ReplayIn, Body()]) -> ReplayOut:
    return ReplayOut.of(replays.start(call.caller, webhooks.get_visible(call.caller, webhook_id), data))


@app.post("/v1/webhooks/<webhook_id>/replays/preview", summary="Count what a replay would send")
@needs("webhooks:read")
def preview_replay(call: ThisCall, webhook_id: Id, data: Annotated[ReplayIn, Body()]) -> ReplayPreview:
    matched, complete = replays.preview(call.caller, webhooks.get_visible(call.caller, webhook_id), data)
    return ReplayPreview(matched=matched, complete=complete)


@app.get(
    "/v1/webhooks/<webhook_id>/replays",
    summary="List a webhook's replays",
    description="Newest first.",
)
@needs("webhooks:read")
def list_replays(call: ThisCall, webhook_id: Id, query: Annotated[ListQuery, Query()]) -> Listing[ReplayOut]:
    webhooks.get_visible(call.caller, webhook_id)
    found, last = replays_table.page(call.caller.workspace_id, webhook_id, query.limit, call.page_start(query))
    return Listing(items=[ReplayOut.of(replay) for replay in found], next_cursor=call.next_cursor(query, last))


@app.get("/v1/webhooks/<webhook_id>/replays/<replay_id>", summary="Read a replay")
@needs("webhooks:read")
def read_replay(call: ThisCall, webhook_id: Id, replay_id: Id) -> ReplayOut:
    return ReplayOut.of(replays.read(webhooks.get_visible(call.caller, webhook_id), replay_id))


@app.post(
    "/v1/webhooks/<webhook_id>/replays/<replay_id>/cancel",
    summary="Stop a replay",
    description="What it put into the queue so far is still delivered.",
    responses=errors(409),
)
@needs("webhooks:write")
def cancel_replay(call: ThisCall, webhook_id: Id, replay_id: Id) -> ReplayOut:
    return ReplayOut.of(replays.cancel(webhooks.get_visible(call.caller, webhook_id), replay_id))

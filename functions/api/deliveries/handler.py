"""The delivery log of the workspace's webhooks, and sending again: deliveries, retries and replays."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from ferryman.dialects import addresses
from ferryman.http import delivery_routes
from ferryman.http.api import Api, Id, ThisCall, needs
from ferryman.http.webhook_owners import workspace
from ferryman.schema import Listing
from ferryman.webhooks.deliveries import log as delivery_log
from ferryman.webhooks.deliveries.log_schema import StatisticsOut, StatisticsQuery, WorkspaceDeliveryQuery
from ferryman.webhooks.deliveries.schema import DeliveryOut
from ferryman.webhooks.replays.schema import HeldEventOut, HeldOut
from ferryman.webhooks.subscriptions import service

app = Api(
    "Deliveries",
    "The deliveries of webhooks with their attempts, and sending them again.",
    aliases=addresses.WEBHOOKS,
)
handler = app

# http/delivery_routes.py has the routes and their texts, http/webhook_owners/workspace.py their paths and scopes.
delivery_routes.show(app, workspace.OWNER)


@app.get(
    "/v1/deliveries",
    summary="List the deliveries of all outgoing webhooks",
    description="Newest event first, of every webhook that you may manage, including callbacks. If few deliveries "
    "match the filters, a page may be short or empty; continue while there is a `next_cursor`.",
)
@needs("webhooks:read", plan=workspace.OWNER.plan)
def list_all_deliveries(call: ThisCall, query: Annotated[WorkspaceDeliveryQuery, Query()]) -> Listing[DeliveryOut]:
    page, last = delivery_log.page_of_workspace(call.caller, query, call.page_start(query))
    return Listing(items=[DeliveryOut.of(*one) for one in page], next_cursor=call.next_cursor(query, last))


@app.get(
    "/v1/deliveries/statistics",
    summary="Count the deliveries of each outgoing webhook",
    description="Counts, for every webhook that you may manage, how deliveries ended in each hour. Each request "
    "counts anew, at most the newest thousand deliveries of a webhook; call it once a minute at most.",
    operation_id="count_deliveries",
)
@needs("webhooks:read", plan=workspace.OWNER.plan)
def count_deliveries(call: ThisCall, query: Annotated[StatisticsQuery, Query()]) -> Listing[StatisticsOut]:
    statistics, last = delivery_log.statistics(call.caller, query, call.page_start(query))
    return Listing(items=statistics, next_cursor=call.next_cursor(query, last))


@app.get(
    "/v1/webhooks/<webhook_id>/held",
    summary="List the events that a webhook holds",
    description="The events that happened while the webhook was disabled: messages of its chats, their edits and "
    "deletions, and mentions of bots, as long as messages are kept. PATCH the webhook with `held` to deliver or skip "
    "them. A personal webhook holds no events, because the person's inbox has the notifications.",
)
@needs("webhooks:read", plan=workspace.OWNER.plan)
def list_held(call: ThisCall, webhook_id: Id) -> HeldOut:
    webhook = service.get_visible(call.caller, webhook_id)
    from ferryman.pipeline import held  # imports what no other of these routes needs

    shown, count, complete = held.find(webhook)
    items = [
        HeldEventOut(event_id=one.event_id, event_type=one.type, chat_id=one.chat_id, created_at=one.created_at)
        for one in shown
    ]
    return HeldOut(since=webhook.holds_from, until=webhook.held_until, count=count, complete=complete, items=items)

"""The routes that show the deliveries of an owner's webhooks, retry one, and replay many."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from ferryman.http.api import Api, ThisCall, errors, needs
from ferryman.http.webhook_owners import Owner
from ferryman.schema import Listing, ListQuery
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.log_schema import DeliveryQuery, DeliveryRead
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.deliveries.schema import DeliveryOut
from ferryman.webhooks.replays import service as replays
from ferryman.webhooks.replays import table as replays_table
from ferryman.webhooks.replays.schema import ReplayIn, ReplayOut, ReplayPreview
from ferryman.webhooks.subscriptions.model import Webhook


def show(app: Api, owner: Owner) -> None:
    """Register on `app` the routes that list, read and retry the deliveries of an owner's webhooks, and replay many."""

    @app.get(
        f"{owner.webhook}/deliveries",
        summary=f"List the deliveries of {owner.title}",
        description="Newest event first.",
        operation_id=f"list_{owner.log_noun}deliveries",
    )
    @needs(owner.reads, plan=owner.plan)
    def list_deliveries(
        call: ThisCall,
        webhook: Annotated[Webhook, Depends(owner.this_webhook)],
        query: Annotated[DeliveryQuery, Query()],
    ) -> Listing[DeliveryOut]:
        filters = query.model_dump(exclude={"limit", "cursor"})
        start = call.page_start(query)
        page, last = deliveries.page(webhook.workspace_id, webhook.webhook_id, query.limit, start, **filters)
        items = [DeliveryOut.of(delivery, webhook) for delivery in page]
        return Listing(items=items, next_cursor=call.next_cursor(query, last))

    @app.get(
        owner.delivery,
        summary=f"Read a delivery of {owner.title}",
        description="Includes the request as it was sent.",
        operation_id=f"read_{owner.log_noun}delivery",
    )
    @needs(owner.reads, plan=owner.plan)
    def read_delivery(pair: Annotated[tuple[Delivery, Webhook], Depends(owner.this_delivery)]) -> DeliveryRead:
        from ferryman.pipeline import sent_body  # imports what no other of these routes needs

        return DeliveryRead.with_request(*pair, sent_body.render(*pair))

    @app.post(
        f"{owner.delivery}/retry",
        summary=f"Send a delivery of {owner.title} again",
        description="The delivery must be over. It gets new attempts; the earlier ones stay in its log.",
        operation_id=f"retry_{owner.log_noun}delivery",
        status_code=202,
        responses=errors(409),
    )
    @needs(owner.writes, plan=owner.plan)
    def retry_delivery(
        call: ThisCall, pair: Annotated[tuple[Delivery, Webhook], Depends(owner.this_delivery)]
    ) -> DeliveryOut:
        delivery, webhook = pair
        return DeliveryOut.of(replays.retry(call.caller, delivery, webhook), webhook)

    _replay(app, owner)


def _replay(app: Api, owner: Owner) -> None:
    """Register the routes of replays: jobs that send many deliveries again."""
    jobs = f"{owner.webhook}/replays"
    job = f"{jobs}/<{owner.replay}>"

    @app.post(
        jobs,
        summary=f"Send many deliveries of {owner.title} again",
        description="Starts a job: read it to see its progress. POST …/replays/preview only counts.",
        operation_id=f"start_{owner.log_noun}replay",
        status_code=202,
        responses=errors(409),
    )
    @needs(owner.writes, plan=owner.plan)
    def start(
        call: ThisCall,
        webhook: Annotated[Webhook, Depends(owner.this_webhook)],
        data: Annotated[ReplayIn, Body()],
    ) -> ReplayOut:
        return ReplayOut.of(replays.start(call.caller, webhook, data))

    @app.post(
        f"{jobs}/preview",
        summary=f"Count what a replay of {owner.title} would send",
        operation_id=f"preview_{owner.log_noun}replay",
    )
    @needs(owner.reads, plan=owner.plan)
    def preview(
        call: ThisCall,
        webhook: Annotated[Webhook, Depends(owner.this_webhook)],
        data: Annotated[ReplayIn, Body()],
    ) -> ReplayPreview:
        matched, complete = replays.preview(call.caller, webhook, data)
        return ReplayPreview(matched=matched, complete=complete)

    @app.get(
        jobs,
        summary=f"List the replays of {owner.title}",
        description="Newest first.",
        operation_id=f"list_{owner.log_noun}replays",
    )
    @needs(owner.reads, plan=owner.plan)
    def list_(
        call: ThisCall,
        webhook: Annotated[Webhook, Depends(owner.this_webhook)],
        query: Annotated[ListQuery, Query()],
    ) -> Listing[ReplayOut]:
        start = call.page_start(query)
        page, last = replays_table.page(webhook.workspace_id, webhook.webhook_id, query.limit, start)
        return Listing(items=[ReplayOut.of(one) for one in page], next_cursor=call.next_cursor(query, last))

    @app.get(job, summary=f"Read a replay of {owner.title}", operation_id=f"read_{owner.log_noun}replay")
    @needs(owner.reads, plan=owner.plan)
    def read(call: ThisCall, webhook: Annotated[Webhook, Depends(owner.this_webhook)]) -> ReplayOut:
        return ReplayOut.of(replays.read(webhook, call.id(owner.replay)))

    @app.post(
        f"{job}/cancel",
        summary=f"Stop a replay of {owner.title}",
        description="Deliveries that are in the queue already are still sent.",
        operation_id=f"cancel_{owner.log_noun}replay",
        responses=errors(409),
    )
    @needs(owner.writes, plan=owner.plan)
    def cancel(call: ThisCall, webhook: Annotated[Webhook, Depends(owner.this_webhook)]) -> ReplayOut:
        return ReplayOut.of(replays.cancel(call.caller, webhook, call.id(owner.replay)))

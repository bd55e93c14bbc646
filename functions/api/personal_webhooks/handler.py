"""A person's own webhooks: /v1/me/webhooks."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http.api import Api, Call, Id, Replay, ThisCall, errors, needs
from ferryman.schema import Listing, ListQuery
from ferryman.webhooks import personal
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.schema import DeliveryOut, DeliveryQuery
from ferryman.webhooks.replays import service as replays
from ferryman.webhooks.replays import table as replays_table
from ferryman.webhooks.replays.schema import ReplayIn, ReplayOut, ReplayPreview
from ferryman.webhooks.subscriptions import service
from ferryman.webhooks.subscriptions.schema import (
    PersonalTestIn,
    PersonalWebhookIn,
    PersonalWebhookPatch,
    WebhookCreated,
    WebhookOut,
)

app = Api(
    "Personal webhooks",
    "Signed deliveries of a person's own notifications, to endpoints of that person's choice.",
    aliases={"/v1/me/webhooks": "/me/agent/webhooks"},
)
handler = app


def _replay(call: Call, webhook_id: str) -> WebhookCreated:
    return WebhookCreated.of(personal.read(call.caller, webhook_id))


@app.post(
    "/v1/me/webhooks",
    summary="Create a personal webhook",
    description="It gets the notifications of the caller's user and is seen by nobody else. A live token's webhook "
    "gets live notifications, a test token's test notifications. The answer holds its signing secret, this once.",
    status_code=201,
    middlewares=[Replay(_replay)],
)
@needs("me:webhooks")
def create_personal_webhook(call: ThisCall, data: Annotated[PersonalWebhookIn, Body()]) -> WebhookCreated:
    webhook, secret = personal.create(call.caller, data, call.idempotency_key)
    created = WebhookCreated.of(webhook)
    created.secret = secret
    return created


@app.get(
    "/v1/me/webhooks",
    summary="List your personal webhooks",
    description="Newest first.",
)
@needs("me:webhooks")
def list_personal_webhooks(call: ThisCall, query: Annotated[ListQuery, Query()]) -> Listing[WebhookOut]:
    found, last = personal.page(call.caller, query.limit, call.page_start(query))
    return Listing(items=[WebhookOut.of(webhook) for webhook in found], next_cursor=call.next_cursor(query, last))


@app.get("/v1/me/webhooks/<personal_webhook_id>", summary="Read a personal webhook")
@needs("me:webhooks")
def read_personal_webhook(call: ThisCall, personal_webhook_id: Id) -> WebhookOut:
    return WebhookOut.of(personal.read(call.caller, personal_webhook_id))


@app.patch(
    "/v1/me/webhooks/<personal_webhook_id>",
    summary="Edit a personal webhook",
    description="A changed URL keeps its secret. state: enabled brings a disabled webhook back.",
    responses=errors(409),
)
@needs("me:webhooks")
def edit_personal_webhook(
    call: ThisCall, personal_webhook_id: Id, data: Annotated[PersonalWebhookPatch, Body()]
) -> WebhookOut:
    return WebhookOut.of(personal.edit(call.caller, personal_webhook_id, data))


@app.delete(
    "/v1/me/webhooks/<personal_webhook_id>",
    summary="Delete a personal webhook",
    description="Deliveries that wait are cancelled.",
    status_code=204,
    responses=errors(409),
)
@needs("me:webhooks")
def delete_personal_webhook(call: ThisCall, personal_webhook_id: Id) -> None:
    personal.delete(call.caller, personal_webhook_id)


@app.post(
    "/v1/me/webhooks/<personal_webhook_id>/rotate-secret",
    summary="Rotate a personal webhook's signing secret",
    description="The new secret is shown once, and signs from the next attempt on; the old one ends at once.",
    responses=errors(409),
)
@needs("me:webhooks")
def rotate_personal_webhook_secret(call: ThisCall, personal_webhook_id: Id) -> WebhookCreated:
    webhook, secret = service.rotate(call.caller, personal.read(call.caller, personal_webhook_id), overlap_hours=0)
    rotated = WebhookCreated.of(webhook)
    rotated.secret = secret
    return rotated


@app.post(
    "/v1/me/webhooks/<personal_webhook_id>/test",
    summary="Send a test notification to a personal webhook",
    description='Signed like any delivery and marked with `"test": true`. It is not retried and does not count '
    "towards disabling. The log shows how it ended.",
    status_code=202,
)
@needs("me:webhooks")
def test_personal_webhook(
    call: ThisCall, personal_webhook_id: Id, data: Annotated[PersonalTestIn, Body()]
) -> DeliveryOut:
    webhook = personal.read(call.caller, personal_webhook_id)
    return DeliveryOut.of(service.test(webhook, data.event_type), webhook)


@app.get(
    "/v1/me/webhooks/<personal_webhook_id>/deliveries",
    summary="List a personal webhook's deliveries",
    description="Newest event first, with every attempt.",
)
@needs("me:webhooks")
def list_personal_webhook_deliveries(
    call: ThisCall, personal_webhook_id: Id, query: Annotated[DeliveryQuery, Query()]
) -> Listing[DeliveryOut]:
    webhook = personal.read(call.caller, personal_webhook_id)
    found, last = deliveries.page(
        call.caller.workspace_id,
        personal_webhook_id,
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


@app.get(
    "/v1/me/webhooks/<personal_webhook_id>/deliveries/<personal_delivery_id>",
    summary="Read a personal webhook's delivery",
)
@needs("me:webhooks")
def read_personal_webhook_delivery(call: ThisCall, personal_webhook_id: Id, personal_delivery_id: Id) -> DeliveryOut:
    return DeliveryOut.of(*personal.delivery(call.caller, personal_webhook_id, personal_delivery_id))


@app.post(
    "/v1/me/webhooks/<personal_webhook_id>/deliveries/<personal_delivery_id>/retry",
    summary="Send a personal webhook's delivery again",
    description="Only one that is over. It gets a fresh budget of attempts; the earlier ones stay in its log.",
    status_code=202,
    responses=errors(409),
)
@needs("me:webhooks")
def retry_personal_webhook_delivery(call: ThisCall, personal_webhook_id: Id, personal_delivery_id: Id) -> DeliveryOut:
    delivery, webhook = personal.delivery(call.caller, personal_webhook_id, personal_delivery_id)
    return DeliveryOut.of(replays.retry(call.caller, delivery, webhook), webhook)


@app.post(
    "/v1/me/webhooks/<personal_webhook_id>/replays",
    summary="Send many of a personal webhook's deliveries again",
    description="A job: read it to see how far it is. POST …/replays/preview counts first.",
    status_code=202,
    responses=errors(409),
)
@needs("me:webhooks")
def start_personal_webhook_replay(
    call: ThisCall, personal_webhook_id: Id, data: Annotated[ReplayIn, Body()]
) -> ReplayOut:
    return ReplayOut.of(replays.start(call.caller, personal.read(call.caller, personal_webhook_id), data))


@app.post(
    "/v1/me/webhooks/<personal_webhook_id>/replays/preview",
    summary="Count what a replay of a personal webhook would send",
)
@needs("me:webhooks")
def preview_personal_webhook_replay(
    call: ThisCall, personal_webhook_id: Id, data: Annotated[ReplayIn, Body()]
) -> ReplayPreview:
    matched, complete = replays.preview(call.caller, personal.read(call.caller, personal_webhook_id), data)
    return ReplayPreview(matched=matched, complete=complete)


@app.get(
    "/v1/me/webhooks/<personal_webhook_id>/replays",
    summary="List a personal webhook's replays",
    description="Newest first.",
)
@needs("me:webhooks")
def list_personal_webhook_replays(
    call: ThisCall, personal_webhook_id: Id, query: Annotated[ListQuery, Query()]
) -> Listing[ReplayOut]:
    personal.read(call.caller, personal_webhook_id)
    found, last = replays_table.page(call.caller.workspace_id, personal_webhook_id, query.limit, call.page_start(query))
    return Listing(items=[ReplayOut.of(replay) for replay in found], next_cursor=call.next_cursor(query, last))


@app.get(
    "/v1/me/webhooks/<personal_webhook_id>/replays/<personal_replay_id>", summary="Read a replay of a personal webhook"
)
@needs("me:webhooks")
def read_personal_webhook_replay(call: ThisCall, personal_webhook_id: Id, personal_replay_id: Id) -> ReplayOut:
    return ReplayOut.of(replays.read(personal.read(call.caller, personal_webhook_id), personal_replay_id))


@app.post(
    "/v1/me/webhooks/<personal_webhook_id>/replays/<personal_replay_id>/cancel",
    summary="Stop a replay of a personal webhook",
    description="What it put into the queue so far is still delivered.",
    responses=errors(409),
)
@needs("me:webhooks")
def cancel_personal_webhook_replay(call: ThisCall, personal_webhook_id: Id, personal_replay_id: Id) -> ReplayOut:
    return ReplayOut.of(replays.cancel(personal.read(call.caller, personal_webhook_id), personal_replay_id))

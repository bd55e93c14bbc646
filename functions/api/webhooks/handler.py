"""Outgoing webhooks: /v1/webhooks."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.events import catalogue
from ferryman.events.schema import EventTypeOut
from ferryman.http.api import SIGNED_IN, Api, Call, Id, Replay, ThisCall, errors, needs
from ferryman.schema import Listing, ListQuery
from ferryman.webhooks.deliveries.schema import DeliveryOut
from ferryman.webhooks.subscriptions import service, table
from ferryman.webhooks.subscriptions.schema import (
    RotationIn,
    TestIn,
    WebhookCreated,
    WebhookIn,
    WebhookOut,
    WebhookPatch,
)

app = Api(
    "Webhooks",
    "Outgoing webhooks: signed deliveries of events to your own endpoints.",
    aliases={"/v1/webhooks": "/admin/integrations/webhooks"},
)
handler = app


def _replay(call: Call, webhook_id: str) -> WebhookCreated:
    return WebhookCreated.of(table.get(call.caller.workspace_id, webhook_id))


@app.post(
    "/v1/webhooks",
    summary="Create an outgoing webhook",
    description="Without admin:*, name the chats; you must belong to each of them. A live token's webhook gets live "
    "events, a test token's test events.",
    status_code=201,
    middlewares=[Replay(_replay)],
)
@needs("webhooks:write")
def create_webhook(call: ThisCall, data: Annotated[WebhookIn, Body()]) -> WebhookCreated:
    webhook, secret = service.create(call.caller, data, call.idempotency_key)
    created = WebhookCreated.of(webhook)
    created.secret = secret
    return created


@app.get(
    "/v1/webhooks",
    summary="List outgoing webhooks",
    description="Newest first. Without admin:*, only your own user's.",
)
@needs("webhooks:read")
def list_webhooks(call: ThisCall, query: Annotated[ListQuery, Query()]) -> Listing[WebhookOut]:
    found, last = table.page(call.caller.workspace_id, query.limit, call.page_start(query))
    items = [WebhookOut.of(webhook) for webhook in found if service.may_manage(call.caller, webhook)]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@app.get("/v1/webhooks/<webhook_id>", summary="Read a webhook")
@needs("webhooks:read")
def read_webhook(call: ThisCall, webhook_id: Id) -> WebhookOut:
    return WebhookOut.of(service.get_visible(call.caller, webhook_id))


@app.patch(
    "/v1/webhooks/<webhook_id>",
    summary="Edit a webhook",
    description="A changed URL keeps its secret. state: enabled brings a disabled webhook back.",
    responses=errors(409),
)
@needs("webhooks:write")
def edit_webhook(call: ThisCall, webhook_id: Id, data: Annotated[WebhookPatch, Body()]) -> WebhookOut:
    return WebhookOut.of(service.edit(call.caller, webhook_id, data))


@app.delete(
    "/v1/webhooks/<webhook_id>",
    summary="Delete a webhook",
    description="Deliveries that wait are cancelled. Its delivery log is kept until it expires, but not shown.",
    status_code=204,
    responses=errors(409),
)
@needs("webhooks:write")
def delete_webhook(call: ThisCall, webhook_id: Id) -> None:
    service.delete(call.caller, webhook_id)


@app.post(
    "/v1/webhooks/<webhook_id>/rotate-secret",
    summary="Rotate a webhook's signing secret",
    description="The new secret is shown once. Until the overlap ends, each delivery carries a signature of both; "
    "`fluxdesk` has room for one and changes over at once.",
    responses=errors(409),
)
@needs("webhooks:write")
def rotate_webhook_secret(call: ThisCall, webhook_id: Id, data: Annotated[RotationIn, Body()]) -> WebhookCreated:
    webhook, secret = service.rotate_secret(call.caller, webhook_id, data.overlap_hours)
    rotated = WebhookCreated.of(webhook)
    rotated.secret = secret
    return rotated


@app.post(
    "/v1/webhooks/<webhook_id>/expire-old-secret",
    summary="End the rotation of a signing secret now",
    description="From the next attempt on, only the new secret signs.",
    responses=errors(409),
)
@needs("webhooks:write")
def expire_old_webhook_secret(call: ThisCall, webhook_id: Id) -> WebhookOut:
    return WebhookOut.of(service.expire_old_secret(call.caller, webhook_id))


@app.post(
    "/v1/webhooks/<webhook_id>/test",
    summary="Send a test delivery",
    description='Signed like any delivery and marked with `"test": true` and X-FM-Webhook-Test. It is not retried and '
    "does not count towards disabling. Read the delivery to see how it ended.",
    status_code=202,
)
@needs("webhooks:write")
def test_webhook(call: ThisCall, webhook_id: Id, data: Annotated[TestIn, Body()]) -> DeliveryOut:
    delivery, webhook = service.send_test(call.caller, webhook_id, data.event_type)
    return DeliveryOut.of(delivery, webhook)


@app.get(
    "/v1/event-types",
    summary="List event types",
    description="Every type with its JSON Schema and an example.",
)
@needs(SIGNED_IN)
def list_event_types(call: ThisCall) -> Listing[EventTypeOut]:
    return Listing(items=[EventTypeOut.of(type_) for type_ in catalogue.TYPES])

"""Outgoing webhooks: /v1/webhooks."""

from ferryman.events import catalogue
from ferryman.events.schema import EventTypeOut
from ferryman.http.api import SIGNED_IN, Api, Call
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

api = Api(
    "Webhooks",
    "Outgoing webhooks: signed deliveries of events to your own endpoints.",
    aliases={"/v1/webhooks": "/admin/integrations/webhooks"},
)
handler = api


def _replay(call: Call, webhook_id: str) -> WebhookCreated:
    return WebhookCreated.of(table.get(call.caller.workspace_id, webhook_id))


@api.post(
    "/v1/webhooks",
    scope="webhooks:write",
    summary="Create an outgoing webhook",
    description="Without admin:*, name the chats; you must belong to each of them. A live token's webhook gets live "
    "events, a test token's test events.",
    takes=WebhookIn,
    gives=WebhookCreated,
    status=201,
    replay=_replay,
)
def create_webhook(call: Call, data: WebhookIn) -> WebhookCreated:
    webhook, secret = service.create(call.caller, data, call.idempotency_key)
    created = WebhookCreated.of(webhook)
    created.secret = secret
    return created


@api.get(
    "/v1/webhooks",
    scope="webhooks:read",
    summary="List outgoing webhooks",
    description="Newest first. Without admin:*, only your own user's.",
    query=ListQuery,
    gives=Listing[WebhookOut],
)
def list_webhooks(call: Call, query: ListQuery) -> Listing[WebhookOut]:
    found, last = table.page(call.caller.workspace_id, query.limit, call.page_start(query))
    items = [WebhookOut.of(webhook) for webhook in found if service.may_manage(call.caller, webhook)]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@api.get("/v1/webhooks/{webhook_id}", scope="webhooks:read", summary="Read a webhook", gives=WebhookOut)
def read_webhook(call: Call, webhook_id: str) -> WebhookOut:
    return WebhookOut.of(service.get_visible(call.caller, webhook_id))


@api.patch(
    "/v1/webhooks/{webhook_id}",
    scope="webhooks:write",
    summary="Edit a webhook",
    description="A changed URL keeps its secret. state: enabled brings a disabled webhook back.",
    takes=WebhookPatch,
    gives=WebhookOut,
    errors=(409,),
)
def edit_webhook(call: Call, webhook_id: str, data: WebhookPatch) -> WebhookOut:
    return WebhookOut.of(service.edit(call.caller, webhook_id, data))


@api.delete(
    "/v1/webhooks/{webhook_id}",
    scope="webhooks:write",
    summary="Delete a webhook",
    description="Deliveries that wait are cancelled. Its delivery log is kept until it expires, but not shown.",
    status=204,
    errors=(409,),
)
def delete_webhook(call: Call, webhook_id: str) -> None:
    service.delete(call.caller, webhook_id)


@api.post(
    "/v1/webhooks/{webhook_id}/rotate-secret",
    scope="webhooks:write",
    summary="Rotate a webhook's signing secret",
    description="The new secret is shown once. Until the overlap ends, each delivery carries a signature of both; "
    "`fluxdesk` has room for one and changes over at once.",
    takes=RotationIn,
    gives=WebhookCreated,
    errors=(409,),
)
def rotate_webhook_secret(call: Call, webhook_id: str, data: RotationIn) -> WebhookCreated:
    webhook, secret = service.rotate_secret(call.caller, webhook_id, data.overlap_hours)
    rotated = WebhookCreated.of(webhook)
    rotated.secret = secret
    return rotated


@api.post(
    "/v1/webhooks/{webhook_id}/expire-old-secret",
    scope="webhooks:write",
    summary="End the rotation of a signing secret now",
    description="From the next attempt on, only the new secret signs.",
    gives=WebhookOut,
    errors=(409,),
)
def expire_old_webhook_secret(call: Call, webhook_id: str) -> WebhookOut:
    return WebhookOut.of(service.expire_old_secret(call.caller, webhook_id))


@api.post(
    "/v1/webhooks/{webhook_id}/test",
    scope="webhooks:write",
    summary="Send a test delivery",
    description='Signed like any delivery and marked with `"test": true` and X-FM-Webhook-Test. It is not retried and '
    "does not count towards disabling. Read the delivery to see how it ended.",
    takes=TestIn,
    gives=DeliveryOut,
    status=202,
)
def test_webhook(call: Call, webhook_id: str, data: TestIn) -> DeliveryOut:
    delivery, webhook = service.send_test(call.caller, webhook_id, data.event_type)
    return DeliveryOut.of(delivery, webhook)


@api.get(
    "/v1/event-types",
    scope=SIGNED_IN,
    summary="List event types",
    description="Every type with its JSON Schema and an example.",
    gives=Listing[EventTypeOut],
)
def list_event_types(_call: Call) -> Listing[EventTypeOut]:
    return Listing(items=[EventTypeOut.of(type_) for type_ in catalogue.TYPES])

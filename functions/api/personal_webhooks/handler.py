"""A person's own webhooks: /v1/me/webhooks."""

from ferryman.http.api import Api, Call
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

api = Api(
    "Personal webhooks",
    "Signed deliveries of a person's own notifications, to endpoints of that person's choice.",
    aliases={"/v1/me/webhooks": "/me/agent/webhooks"},
)
handler = api


def _replay(call: Call, webhook_id: str) -> WebhookCreated:
    return WebhookCreated.of(personal.read(call.caller, webhook_id))


@api.post(
    "/v1/me/webhooks",
    scope="me:webhooks",
    summary="Create a personal webhook",
    description="It gets the notifications of the caller's user and is seen by nobody else. A live token's webhook "
    "gets live notifications, a test token's test notifications. The answer holds its signing secret, this once.",
    takes=PersonalWebhookIn,
    gives=WebhookCreated,
    status=201,
    replay=_replay,
)
def create_personal_webhook(call: Call, data: PersonalWebhookIn) -> WebhookCreated:
    webhook, secret = personal.create(call.caller, data, call.idempotency_key)
    created = WebhookCreated.of(webhook)
    created.secret = secret
    return created


@api.get(
    "/v1/me/webhooks",
    scope="me:webhooks",
    summary="List your personal webhooks",
    description="Newest first.",
    query=ListQuery,
    gives=Listing[WebhookOut],
)
def list_personal_webhooks(call: Call, query: ListQuery) -> Listing[WebhookOut]:
    found, last = personal.page(call.caller, query.limit, call.page_start(query))
    return Listing(items=[WebhookOut.of(webhook) for webhook in found], next_cursor=call.next_cursor(query, last))


@api.get(
    "/v1/me/webhooks/{personal_webhook_id}",
    scope="me:webhooks",
    summary="Read a personal webhook",
    gives=WebhookOut,
)
def read_personal_webhook(call: Call, personal_webhook_id: str) -> WebhookOut:
    return WebhookOut.of(personal.read(call.caller, personal_webhook_id))


@api.patch(
    "/v1/me/webhooks/{personal_webhook_id}",
    scope="me:webhooks",
    summary="Edit a personal webhook",
    description="A changed URL keeps its secret. state: enabled brings a disabled webhook back.",
    takes=PersonalWebhookPatch,
    gives=WebhookOut,
    errors=(409,),
)
def edit_personal_webhook(call: Call, personal_webhook_id: str, data: PersonalWebhookPatch) -> WebhookOut:
    return WebhookOut.of(personal.edit(call.caller, personal_webhook_id, data))


@api.delete(
    "/v1/me/webhooks/{personal_webhook_id}",
    scope="me:webhooks",
    summary="Delete a personal webhook",
    description="Deliveries that wait are cancelled.",
    status=204,
    errors=(409,),
)
def delete_personal_webhook(call: Call, personal_webhook_id: str) -> None:
    personal.delete(call.caller, personal_webhook_id)


@api.post(
    "/v1/me/webhooks/{personal_webhook_id}/rotate-secret",
    scope="me:webhooks",
    summary="Rotate a personal webhook's signing secret",
    description="The new secret is shown once, and signs from the next attempt on; the old one ends at once.",
    gives=WebhookCreated,
    errors=(409,),
)
def rotate_personal_webhook_secret(call: Call, personal_webhook_id: str) -> WebhookCreated:
    webhook, secret = service.rotate(call.caller, personal.read(call.caller, personal_webhook_id), overlap_hours=0)
    rotated = WebhookCreated.of(webhook)
    rotated.secret = secret
    return rotated


@api.post(
    "/v1/me/webhooks/{personal_webhook_id}/test",
    scope="me:webhooks",
    summary="Send a test notification to a personal webhook",
    description='Signed like any delivery and marked with `"test": true`. It is not retried and does not count '
    "towards disabling. The log shows how it ended.",
    takes=PersonalTestIn,
    gives=DeliveryOut,
    status=202,
)
def test_personal_webhook(call: Call, personal_webhook_id: str, data: PersonalTestIn) -> DeliveryOut:
    webhook = personal.read(call.caller, personal_webhook_id)
    return DeliveryOut.of(service.test(webhook, data.event_type), webhook)


@api.get(
    "/v1/me/webhooks/{personal_webhook_id}/deliveries",
    scope="me:webhooks",
    summary="List a personal webhook's deliveries",
    description="Newest event first, with every attempt.",
    query=DeliveryQuery,
    gives=Listing[DeliveryOut],
)
def list_personal_webhook_deliveries(
    call: Call, personal_webhook_id: str, query: DeliveryQuery
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


@api.get(
    "/v1/me/webhooks/{personal_webhook_id}/deliveries/{personal_delivery_id}",
    scope="me:webhooks",
    summary="Read a personal webhook's delivery",
    gives=DeliveryOut,
)
def read_personal_webhook_delivery(call: Call, personal_webhook_id: str, personal_delivery_id: str) -> DeliveryOut:
    return DeliveryOut.of(*personal.delivery(call.caller, personal_webhook_id, personal_delivery_id))


@api.post(
    "/v1/me/webhooks/{personal_webhook_id}/deliveries/{personal_delivery_id}/retry",
    scope="me:webhooks",
    summary="Send a personal webhook's delivery again",
    description="Only one that is over. It gets a fresh budget of attempts; the earlier ones stay in its log.",
    gives=DeliveryOut,
    status=202,
    errors=(409,),
)
def retry_personal_webhook_delivery(call: Call, personal_webhook_id: str, personal_delivery_id: str) -> DeliveryOut:
    delivery, webhook = personal.delivery(call.caller, personal_webhook_id, personal_delivery_id)
    return DeliveryOut.of(replays.retry(call.caller, delivery, webhook), webhook)


@api.post(
    "/v1/me/webhooks/{personal_webhook_id}/replays",
    scope="me:webhooks",
    summary="Send many of a personal webhook's deliveries again",
    description="A job: read it to see how far it is. POST …/replays/preview counts first.",
    takes=ReplayIn,
    gives=ReplayOut,
    status=202,
    errors=(409,),
)
def start_personal_webhook_replay(call: Call, personal_webhook_id: str, data: ReplayIn) -> ReplayOut:
    return ReplayOut.of(replays.start(call.caller, personal.read(call.caller, personal_webhook_id), data))


@api.post(
    "/v1/me/webhooks/{personal_webhook_id}/replays/preview",
    scope="me:webhooks",
    summary="Count what a replay of a personal webhook would send",
    takes=ReplayIn,
    gives=ReplayPreview,
)
def preview_personal_webhook_replay(call: Call, personal_webhook_id: str, data: ReplayIn) -> ReplayPreview:
    matched, complete = replays.preview(call.caller, personal.read(call.caller, personal_webhook_id), data)
    return ReplayPreview(matched=matched, complete=complete)


@api.get(
    "/v1/me/webhooks/{personal_webhook_id}/replays",
    scope="me:webhooks",
    summary="List a personal webhook's replays",
    description="Newest first.",
    query=ListQuery,
    gives=Listing[ReplayOut],
)
def list_personal_webhook_replays(call: Call, personal_webhook_id: str, query: ListQuery) -> Listing[ReplayOut]:
    personal.read(call.caller, personal_webhook_id)
    found, last = replays_table.page(call.caller.workspace_id, personal_webhook_id, query.limit, call.page_start(query))
    return Listing(items=[ReplayOut.of(replay) for replay in found], next_cursor=call.next_cursor(query, last))


@api.get(
    "/v1/me/webhooks/{personal_webhook_id}/replays/{personal_replay_id}",
    scope="me:webhooks",
    summary="Read a replay of a personal webhook",
    gives=ReplayOut,
)
def read_personal_webhook_replay(call: Call, personal_webhook_id: str, personal_replay_id: str) -> ReplayOut:
    return ReplayOut.of(replays.read(personal.read(call.caller, personal_webhook_id), personal_replay_id))


@api.post(
    "/v1/me/webhooks/{personal_webhook_id}/replays/{personal_replay_id}/cancel",
    scope="me:webhooks",
    summary="Stop a replay of a personal webhook",
    description="What it put into the queue so far is still delivered.",
    gives=ReplayOut,
    errors=(409,),
)
def cancel_personal_webhook_replay(call: Call, personal_webhook_id: str, personal_replay_id: str) -> ReplayOut:
    return ReplayOut.of(replays.cancel(personal.read(call.caller, personal_webhook_id), personal_replay_id))

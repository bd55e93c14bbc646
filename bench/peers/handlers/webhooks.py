"""Webhooks with their secrets, deliveries and replays: the benchmark compares our functions with many routes with it.

It uses what the peer `api` uses: Powertools' event handler with validation, its idempotency, pydantic models, and
boto3's resource of DynamoDB. It has 22 routes, as many as a function of ours that serves a kind of webhooks.
"""

import hashlib
import os
import secrets
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, UnauthorizedError
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError
from observability import logger, metrics, tracer
from pydantic import BaseModel, Field, HttpUrl

type EventType = Literal["message.created", "message.updated", "message.deleted", "bot.mentioned", "webhook.disabled"]
type WebhookState = Literal["enabled", "disabled"]
type DeliveryState = Literal["queued", "sending", "retrying", "delivered", "exhausted", "cancelled"]
type Name = Annotated[str, Field(min_length=1, max_length=100)]
type Events = Annotated[list[EventType], Field(min_length=1, max_length=50)]


class Settings(BaseModel):
    credentials_table: Annotated[str, Field(alias="CREDENTIALS_TABLE", min_length=1)]
    webhooks_table: Annotated[str, Field(alias="WEBHOOKS_TABLE", min_length=1)]
    deliveries_table: Annotated[str, Field(alias="DELIVERIES_TABLE", min_length=1)]
    replays_table: Annotated[str, Field(alias="REPLAYS_TABLE", min_length=1)]
    idempotency_table: Annotated[str, Field(alias="IDEMPOTENCY_TABLE", min_length=1)]
    key_id: Annotated[str, Field(alias="SECRETS_KEY_ID", min_length=1)]


class Caller(BaseModel):
    workspace_id: str
    user_id: str


class WebhookIn(BaseModel):
    url: HttpUrl
    events: Events
    chat_ids: Annotated[list[str] | None, Field(max_length=100)] = None
    name: Name | None = None
    description: Annotated[str | None, Field(max_length=500)] = None
    max_per_second: Annotated[int | None, Field(ge=1, le=1000)] = None


class WebhookPatch(BaseModel):
    url: HttpUrl | None = None
    events: Events | None = None
    chat_ids: Annotated[list[str] | None, Field(max_length=100)] = None
    name: Name | None = None
    description: Annotated[str | None, Field(max_length=500)] = None
    max_per_second: Annotated[int | None, Field(ge=1, le=1000)] = None
    state: WebhookState | None = None


class WebhookOut(BaseModel):
    id: str
    url: str
    events: list[EventType]
    chat_ids: list[str] | None = None
    name: str | None = None
    description: str | None = None
    max_per_second: int | None = None
    state: WebhookState = "enabled"
    consecutive_failures: int = 0
    last_error: str | None = None
    owner_id: str
    created_at: datetime


class WebhookCreated(WebhookOut):
    secret: str


class WebhookList(BaseModel):
    items: list[WebhookOut]
    next_cursor: str | None = None


class Rotation(BaseModel):
    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class OwnerIn(BaseModel):
    user_id: str


class Deletion(BaseModel):
    ids: Annotated[list[str], Field(min_length=1, max_length=100)]


class Deleted(BaseModel):
    deleted: list[str]


class TestIn(BaseModel):
    event_type: EventType | None = None


class AttemptOut(BaseModel):
    number: int
    at: datetime
    status: int | None = None
    error: str | None = None
    duration_ms: int


class DeliveryOut(BaseModel):
    id: str
    webhook_id: str
    event_id: str
    event_type: str
    state: DeliveryState
    reason: str | None = None
    attempts: list[AttemptOut] = []
    next_attempt_at: datetime | None = None
    created_at: datetime


class DeliveryList(BaseModel):
    items: list[DeliveryOut]
    next_cursor: str | None = None


class ReplayIn(BaseModel):
    states: Annotated[list[DeliveryState], Field(min_length=1)]
    since: datetime | None = None
    until: datetime | None = None


class ReplayOut(BaseModel):
    id: str
    webhook_id: str
    state: Literal["running", "done", "cancelled"]
    requeued: int = 0
    created_at: datetime


class ReplayList(BaseModel):
    items: list[ReplayOut]
    next_cursor: str | None = None


class Preview(BaseModel):
    matched: int


class EventTypeOut(BaseModel):
    type: EventType
    description: str


class EventTypeList(BaseModel):
    items: list[EventTypeOut]


app = APIGatewayHttpResolver(enable_validation=True)
settings = Settings.model_validate(os.environ)
dynamodb = boto3.resource("dynamodb")
kms = boto3.client("kms")
credentials = dynamodb.Table(settings.credentials_table)
webhooks = dynamodb.Table(settings.webhooks_table)
deliveries = dynamodb.Table(settings.deliveries_table)
replays = dynamodb.Table(settings.replays_table)
once = IdempotencyConfig(event_key_jmespath='headers."idempotency-key"')
persistence = DynamoDBPersistenceLayer(table_name=settings.idempotency_table)
DESCRIPTIONS: dict[EventType, str] = {
    "message.created": "A new message is in a chat.",
    "message.updated": "A message's text was changed.",
    "message.deleted": "A message was deleted.",
    "bot.mentioned": "A new message named a bot.",
    "webhook.disabled": "A webhook was disabled.",
}


@app.post("/v1/webhooks")
def create(webhook: Annotated[WebhookIn, Body()]) -> WebhookCreated:
    caller = authenticate()
    secret = secrets.token_urlsafe(32)
    created = WebhookCreated(
        id=uuid.uuid4().hex,
        owner_id=caller.user_id,
        secret=secret,
        created_at=datetime.now(UTC),
        **webhook.model_dump(mode="json"),
    )
    store(caller, created, seal(secret))
    metrics.add_metric(name="WebhookCreated", unit=MetricUnit.Count, value=1)
    logger.info("webhook created", extra={"webhook_id": created.id})
    return created


@app.get("/v1/webhooks")
def list_webhooks(limit: Annotated[int, Query(ge=1, le=100)] = 50) -> WebhookList:
    found = webhooks.query(KeyConditionExpression=Key("workspace_id").eq(authenticate().workspace_id), Limit=limit)
    return WebhookList(items=[WebhookOut.model_validate(item) for item in found["Items"]])


@app.get("/v1/webhooks/<webhook_id>")
def read(webhook_id: str) -> WebhookOut:
    return get(authenticate(), webhook_id)


@app.patch("/v1/webhooks/<webhook_id>")
def edit(webhook_id: str, patch: Annotated[WebhookPatch, Body()]) -> WebhookOut:
    caller = authenticate()
    changed = get(caller, webhook_id).model_copy(update=patch.model_dump(mode="json", exclude_unset=True))
    save(caller, changed)
    return changed


@app.delete("/v1/webhooks/<webhook_id>")
def delete(webhook_id: str) -> Response[None]:
    webhooks.delete_item(Key={"workspace_id": authenticate().workspace_id, "webhook_id": webhook_id})
    return Response(status_code=204)


@app.post("/v1/webhooks/delete")
def delete_many(deletion: Annotated[Deletion, Body()]) -> Deleted:
    caller = authenticate()
    for webhook_id in deletion.ids:
        webhooks.delete_item(Key={"workspace_id": caller.workspace_id, "webhook_id": webhook_id})
    return Deleted(deleted=deletion.ids)


@app.put("/v1/webhooks/<webhook_id>/owner")
def hand_over(webhook_id: str, owner: Annotated[OwnerIn, Body()]) -> WebhookOut:
    caller = authenticate()
    changed = get(caller, webhook_id).model_copy(update={"owner_id": owner.user_id})
    save(caller, changed)
    return changed


@app.post("/v1/webhooks/<webhook_id>/rotate-secret")
def rotate_secret(webhook_id: str, rotation: Annotated[Rotation, Body()]) -> WebhookCreated:
    caller = authenticate()
    secret = secrets.token_urlsafe(32)
    rotated = WebhookCreated(secret=secret, **get(caller, webhook_id).model_dump())
    logger.info("secret rotated", extra={"webhook_id": webhook_id, "overlap_hours": rotation.overlap_hours})
    save(caller, rotated, seal(secret))
    return rotated


@app.post("/v1/webhooks/<webhook_id>/expire-old-secret")
def expire_old_secret(webhook_id: str) -> WebhookOut:
    caller = authenticate()
    webhooks.update_item(
        Key={"workspace_id": caller.workspace_id, "webhook_id": webhook_id},
        UpdateExpression="REMOVE old_secret",
        ConditionExpression=Attr("webhook_id").exists(),
    )
    return get(caller, webhook_id)


@app.post("/v1/webhooks/<webhook_id>/test")
def send_test(webhook_id: str, test: Annotated[TestIn, Body()]) -> DeliveryOut:
    webhook = get(authenticate(), webhook_id)
    delivery = DeliveryOut(
        id=uuid.uuid4().hex,
        webhook_id=webhook.id,
        event_id=uuid.uuid4().hex,
        event_type=test.event_type or webhook.events[0],
        state="queued",
        created_at=datetime.now(UTC),
    )
    deliveries.put_item(Item=delivery.model_dump(mode="json", exclude_none=True))
    return delivery


@app.get("/v1/webhooks/<webhook_id>/deliveries")
def list_deliveries(
    webhook_id: str,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    state: Annotated[DeliveryState | None, Query()] = None,
) -> DeliveryList:
    get(authenticate(), webhook_id)
    found = deliveries.query(KeyConditionExpression=Key("webhook_id").eq(webhook_id), Limit=limit)
    items = [DeliveryOut.model_validate(item) for item in found["Items"]]
    return DeliveryList(items=[one for one in items if state in (None, one.state)])


@app.get("/v1/webhooks/<webhook_id>/deliveries/<delivery_id>")
def read_delivery(webhook_id: str, delivery_id: str) -> DeliveryOut:
    get(authenticate(), webhook_id)
    return get_delivery(webhook_id, delivery_id)


@app.post("/v1/webhooks/<webhook_id>/deliveries/<delivery_id>/retry")
def retry(webhook_id: str, delivery_id: str) -> DeliveryOut:
    get(authenticate(), webhook_id)
    delivery = get_delivery(webhook_id, delivery_id).model_copy(update={"state": "queued"})
    deliveries.put_item(Item=delivery.model_dump(mode="json", exclude_none=True))
    return delivery


@app.post("/v1/webhooks/<webhook_id>/replays")
def start_replay(webhook_id: str, wanted: Annotated[ReplayIn, Body()]) -> ReplayOut:
    webhook = get(authenticate(), webhook_id)
    replay = ReplayOut(id=uuid.uuid4().hex, webhook_id=webhook.id, state="running", created_at=datetime.now(UTC))
    replays.put_item(Item={**replay.model_dump(mode="json"), **wanted.model_dump(mode="json", exclude_none=True)})
    return replay


@app.post("/v1/webhooks/<webhook_id>/replays/preview")
def preview(webhook_id: str, wanted: Annotated[ReplayIn, Body()]) -> Preview:
    get(authenticate(), webhook_id)
    found = deliveries.query(
        KeyConditionExpression=Key("webhook_id").eq(webhook_id),
        FilterExpression=Attr("state").is_in(wanted.states),
        Select="COUNT",
    )
    return Preview(matched=found["Count"])


@app.get("/v1/webhooks/<webhook_id>/replays")
def list_replays(webhook_id: str, limit: Annotated[int, Query(ge=1, le=100)] = 50) -> ReplayList:
    get(authenticate(), webhook_id)
    found = replays.query(KeyConditionExpression=Key("webhook_id").eq(webhook_id), Limit=limit)
    return ReplayList(items=[ReplayOut.model_validate(item) for item in found["Items"]])


@app.get("/v1/webhooks/<webhook_id>/replays/<replay_id>")
def read_replay(webhook_id: str, replay_id: str) -> ReplayOut:
    get(authenticate(), webhook_id)
    return get_replay(webhook_id, replay_id)


@app.post("/v1/webhooks/<webhook_id>/replays/<replay_id>/cancel")
def cancel_replay(webhook_id: str, replay_id: str) -> ReplayOut:
    get(authenticate(), webhook_id)
    replay = get_replay(webhook_id, replay_id).model_copy(update={"state": "cancelled"})
    replays.put_item(Item=replay.model_dump(mode="json"))
    return replay


@app.get("/v1/deliveries")
def list_all_deliveries(limit: Annotated[int, Query(ge=1, le=100)] = 50) -> DeliveryList:
    caller = authenticate()
    found = deliveries.query(KeyConditionExpression=Key("workspace_id").eq(caller.workspace_id), Limit=limit)
    return DeliveryList(items=[DeliveryOut.model_validate(item) for item in found["Items"]])


@app.get("/v1/deliveries/<delivery_id>")
def read_any_delivery(delivery_id: str) -> DeliveryOut:
    return get_delivery(authenticate().workspace_id, delivery_id)


@app.get("/v1/event-types")
def list_event_types() -> EventTypeList:
    authenticate()
    return EventTypeList(items=[EventTypeOut(type=name, description=text) for name, text in DESCRIPTIONS.items()])


@app.get("/v1/event-types/<event_type>")
def read_event_type(event_type: str) -> EventTypeOut:
    authenticate()
    for name, text in DESCRIPTIONS.items():
        if name == event_type:
            return EventTypeOut(type=name, description=text)
    raise NotFoundError("This event type does not exist.")


@app.exception_handler(ClientError)
def failed(error: ClientError) -> Response[dict[str, str]]:
    logger.exception("AWS refused")
    status = 409 if error.response["Error"]["Code"] == "ConditionalCheckFailedException" else 500
    return Response(status_code=status, content_type="application/json", body={"message": "The request failed."})


@tracer.capture_method(capture_response=False)
def authenticate() -> Caller:
    scheme, _, token = (app.current_event.headers.get("authorization") or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnauthorizedError("Send a token.")
    digest = hashlib.sha256(token.encode()).hexdigest()
    found = credentials.get_item(Key={"secret_hash": digest}, ConsistentRead=True)
    if "Item" not in found:
        raise UnauthorizedError("The token is not known.")
    return Caller.model_validate(found["Item"])


@tracer.capture_method(capture_response=False)
def seal(secret: str) -> bytes:
    sealed: bytes = kms.encrypt(KeyId=settings.key_id, Plaintext=secret.encode())["CiphertextBlob"]
    return sealed


@tracer.capture_method(capture_response=False)
def get(caller: Caller, webhook_id: str) -> WebhookOut:
    key = {"workspace_id": caller.workspace_id, "webhook_id": webhook_id}
    found = webhooks.get_item(Key=key, ConsistentRead=True)
    if "Item" not in found:
        raise NotFoundError("This webhook does not exist.")
    return WebhookOut.model_validate(found["Item"])


@tracer.capture_method(capture_response=False)
def get_delivery(webhook_id: str, delivery_id: str) -> DeliveryOut:
    found = deliveries.get_item(Key={"webhook_id": webhook_id, "delivery_id": delivery_id})
    if "Item" not in found:
        raise NotFoundError("This delivery does not exist.")
    return DeliveryOut.model_validate(found["Item"])


@tracer.capture_method(capture_response=False)
def get_replay(webhook_id: str, replay_id: str) -> ReplayOut:
    found = replays.get_item(Key={"webhook_id": webhook_id, "replay_id": replay_id})
    if "Item" not in found:
        raise NotFoundError("This replay does not exist.")
    return ReplayOut.model_validate(found["Item"])


@tracer.capture_method(capture_response=False)
def store(caller: Caller, webhook: WebhookCreated, sealed: bytes) -> None:
    """Store the webhook and the row by which an event finds it in one transaction."""
    item = {**to_item(caller, webhook), "secret": sealed}
    subscription = {"workspace_id": caller.workspace_id, "webhook_id": f"subscription/{webhook.id}"}
    condition = "attribute_not_exists(webhook_id)"
    put = {"TableName": settings.webhooks_table, "Item": item, "ConditionExpression": condition}
    dynamodb.meta.client.transact_write_items(
        TransactItems=[{"Put": put}, {"Put": {"TableName": settings.webhooks_table, "Item": subscription}}]
    )


def save(caller: Caller, webhook: WebhookOut, sealed: bytes | None = None) -> None:
    item = {**to_item(caller, webhook), **({"secret": sealed} if sealed else {})}
    webhooks.put_item(Item=item, ConditionExpression=Attr("webhook_id").exists())


def to_item(caller: Caller, webhook: WebhookOut) -> dict[str, Any]:
    keys = {"workspace_id": caller.workspace_id, "webhook_id": webhook.id}
    return webhook.model_dump(mode="json", exclude_none=True, exclude={"id", "secret"}) | keys


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
@idempotent(config=once, persistence_store=persistence)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)

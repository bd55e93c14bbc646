"""A resource of an API with tokens: the benchmark compares our API's functions with it.

It uses Powertools' event handler with validation, its idempotency, pydantic models, and boto3's resource of DynamoDB.
"""

import hashlib
import os
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
from pydantic import BaseModel, Field

type Kind = Literal["group", "private"]


class Settings(BaseModel):
    credentials_table: Annotated[str, Field(alias="CREDENTIALS_TABLE", min_length=1)]
    chats_table: Annotated[str, Field(alias="CHATS_TABLE", min_length=1)]
    idempotency_table: Annotated[str, Field(alias="IDEMPOTENCY_TABLE", min_length=1)]


class Caller(BaseModel):
    workspace_id: str
    user_id: str


class ChatIn(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    type: Kind = "group"
    external_id: Annotated[str | None, Field(max_length=128)] = None


class ChatPatch(BaseModel):
    name: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    active: bool | None = None


class ChatOut(BaseModel):
    id: str
    name: str
    type: Kind
    external_id: str | None = None
    active: bool = True
    created_at: datetime


class ChatList(BaseModel):
    items: list[ChatOut]
    next_cursor: str | None = None


app = APIGatewayHttpResolver(enable_validation=True)
settings = Settings.model_validate(os.environ)
dynamodb = boto3.resource("dynamodb")
credentials = dynamodb.Table(settings.credentials_table)
chats = dynamodb.Table(settings.chats_table)
once = IdempotencyConfig(event_key_jmespath='headers."idempotency-key"')
persistence = DynamoDBPersistenceLayer(table_name=settings.idempotency_table)


@app.post("/v1/chats")
def create(chat: Annotated[ChatIn, Body()]) -> ChatOut:
    caller = authenticate()
    made = ChatOut(id=uuid.uuid4().hex, created_at=datetime.now(UTC), **chat.model_dump())
    store(caller, made)
    metrics.add_metric(name="ChatCreated", unit=MetricUnit.Count, value=1)
    logger.info("chat created", extra={"chat_id": made.id})
    return made


@app.get("/v1/chats")
def list_chats(limit: Annotated[int, Query(ge=1, le=100)] = 50) -> ChatList:
    condition = Key("workspace_id").eq(authenticate().workspace_id) & Key("entry").begins_with("chat/")
    found = chats.query(KeyConditionExpression=condition, Limit=limit)
    return ChatList(items=[ChatOut.model_validate(item) for item in found["Items"]])


@app.get("/v1/chats/<chat_id>")
def read(chat_id: str) -> ChatOut:
    return get(authenticate(), chat_id)


@app.patch("/v1/chats/<chat_id>")
def edit(chat_id: str, patch: Annotated[ChatPatch, Body()]) -> ChatOut:
    caller = authenticate()
    changed = get(caller, chat_id).model_copy(update=patch.model_dump(exclude_unset=True))
    chats.put_item(Item=to_item(caller, changed), ConditionExpression=Attr("entry").exists())
    return changed


@app.delete("/v1/chats/<chat_id>")
def delete(chat_id: str) -> Response[None]:
    chats.delete_item(Key={"workspace_id": authenticate().workspace_id, "entry": f"chat/{chat_id}"})
    return Response(status_code=204)


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
def get(caller: Caller, chat_id: str) -> ChatOut:
    found = chats.get_item(Key={"workspace_id": caller.workspace_id, "entry": f"chat/{chat_id}"}, ConsistentRead=True)
    if "Item" not in found:
        raise NotFoundError("This chat does not exist.")
    return ChatOut.model_validate(found["Item"])


@tracer.capture_method(capture_response=False)
def store(caller: Caller, chat: ChatOut) -> None:
    """Store the chat and its first member in one transaction."""
    member = {"workspace_id": caller.workspace_id, "entry": f"member/{chat.id}/{caller.user_id}"}
    condition = "attribute_not_exists(entry)"
    put = {"TableName": settings.chats_table, "Item": to_item(caller, chat), "ConditionExpression": condition}
    dynamodb.meta.client.transact_write_items(
        TransactItems=[{"Put": put}, {"Put": {"TableName": settings.chats_table, "Item": member}}]
    )


def to_item(caller: Caller, chat: ChatOut) -> dict[str, Any]:
    keys = {"workspace_id": caller.workspace_id, "entry": f"chat/{chat.id}"}
    return chat.model_dump(mode="json", exclude_none=True) | keys


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
@idempotent(config=once, persistence_store=persistence)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)

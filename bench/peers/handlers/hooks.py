"""An incoming webhook: the benchmark compares our function `hooks` with it.

It uses Powertools' event handler with validation, pydantic models, and boto3's resource of DynamoDB.
"""

import hashlib
import os
import uuid
from datetime import UTC, datetime
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.params import Body
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.conditions import Attr
from observability import logger, metrics, tracer
from pydantic import BaseModel, Field


class Settings(BaseModel):
    credentials_table: Annotated[str, Field(alias="CREDENTIALS_TABLE", min_length=1)]
    messages_table: Annotated[str, Field(alias="MESSAGES_TABLE", min_length=1)]


class Post(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=16_000)]


class Accepted(BaseModel):
    message_id: str


class Message(BaseModel):
    chat: str
    message_id: str
    text: str
    created_at: datetime


app = APIGatewayHttpResolver(enable_validation=True)
settings = Settings.model_validate(os.environ)
dynamodb = boto3.resource("dynamodb")
credentials = dynamodb.Table(settings.credentials_table)
messages = dynamodb.Table(settings.messages_table)


@app.post("/hooks/<secret>")
def accept(secret: str, post: Annotated[Post, Body()]) -> Accepted:
    digest = hashlib.sha256(secret.encode()).hexdigest()
    found = credentials.get_item(Key={"secret_hash": digest}, ConsistentRead=True)
    if "Item" not in found:
        raise NotFoundError("This webhook does not exist.")
    message = store(str(found["Item"]["secret_hash"]), post.text)
    metrics.add_metric(name="MessageAccepted", unit=MetricUnit.Count, value=1)
    logger.info("message accepted", extra={"message_id": message.message_id})
    return Accepted(message_id=message.message_id)


@tracer.capture_method(capture_response=False)
def store(chat: str, text: str) -> Message:
    message = Message(chat=chat, message_id=uuid.uuid4().hex, text=text, created_at=datetime.now(UTC))
    messages.put_item(Item=message.model_dump(mode="json"), ConditionExpression=Attr("message_id").not_exists())
    return message


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)

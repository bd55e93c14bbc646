"""Queues a new message for each webhook that wants it: the benchmark compares our dispatcher with it.

It uses Powertools' batch processing of a stream, pydantic models, and boto3's resource of DynamoDB.
"""

import json
import os
from typing import Annotated, Any

import boto3
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.conditions import Attr, Key
from observability import logger, metrics, tracer
from pydantic import BaseModel, Field


class Settings(BaseModel):
    subscriptions_table: Annotated[str, Field(alias="SUBSCRIPTIONS_TABLE", min_length=1)]
    webhooks_table: Annotated[str, Field(alias="WEBHOOKS_TABLE", min_length=1)]
    queue_url: Annotated[str, Field(alias="DELIVERIES_QUEUE_URL", min_length=1)]


class Message(BaseModel):
    workspace_id: str
    chat_id: str
    chat: str
    message_id: str
    text: str


class Webhook(BaseModel):
    webhook_id: str
    state: str


processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
settings = Settings.model_validate(os.environ)
dynamodb = boto3.resource("dynamodb")
subscriptions = dynamodb.Table(settings.subscriptions_table)
sqs = boto3.client("sqs")


@tracer.capture_method(capture_response=False)
def dispatch(record: DynamoDBRecord) -> None:
    if record.dynamodb is None or record.dynamodb.new_image is None:
        return
    message = Message.model_validate(record.dynamodb.new_image)
    topics = [f"{message.workspace_id}/live/{part}" for part in ("*", message.chat_id)]
    webhook_ids = enabled(message.workspace_id, [webhook for topic in topics for webhook in subscribed(topic)])
    if webhook_ids:
        send(message, webhook_ids)
    metrics.add_metric(name="EventDispatched", unit=MetricUnit.Count, value=len(webhook_ids))
    logger.info("message dispatched", extra={"message_id": message.message_id, "webhooks": len(webhook_ids)})


def subscribed(topic: str) -> list[str]:
    found = subscriptions.query(
        KeyConditionExpression=Key("topic").eq(topic), FilterExpression=Attr("events").contains("message.created")
    )
    return [item["webhook_id"] for item in found["Items"]]


def enabled(workspace_id: str, webhook_ids: list[str]) -> list[str]:
    if not webhook_ids:
        return []
    keys = [{"workspace_id": workspace_id, "webhook_id": webhook_id} for webhook_id in webhook_ids]
    found = dynamodb.batch_get_item(RequestItems={settings.webhooks_table: {"Keys": keys}})
    webhooks = [Webhook.model_validate(item) for item in found["Responses"][settings.webhooks_table]]
    return [webhook.webhook_id for webhook in webhooks if webhook.state == "enabled"]


def send(message: Message, webhook_ids: list[str]) -> None:
    sqs.send_message_batch(
        QueueUrl=settings.queue_url,
        Entries=[
            {
                "Id": str(number),
                "MessageBody": json.dumps(
                    {"webhook_id": webhook_id, "chat": message.chat, "message_id": message.message_id}
                ),
                "MessageGroupId": webhook_id,
            }
            for number, webhook_id in enumerate(webhook_ids)
        ],
    )


@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event=event, record_handler=dispatch, processor=processor, context=context)

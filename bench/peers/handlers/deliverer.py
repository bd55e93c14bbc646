"""Delivers signed requests from a queue: the benchmark compares our deliverer with it.

It uses Powertools' batch processing, pydantic models, boto3's resource of DynamoDB, and a requests session.
"""

import hashlib
import hmac
import json
import os
import time
from typing import Annotated, Any

import boto3
import requests
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from observability import logger, metrics, tracer
from pydantic import BaseModel, Field


class Settings(BaseModel):
    webhooks_table: Annotated[str, Field(alias="WEBHOOKS_TABLE", min_length=1)]
    messages_table: Annotated[str, Field(alias="MESSAGES_TABLE", min_length=1)]
    deliveries_table: Annotated[str, Field(alias="DELIVERIES_TABLE", min_length=1)]
    key_id: Annotated[str, Field(alias="SECRETS_KEY_ID", min_length=1)]


class Ticket(BaseModel):
    workspace_id: str
    delivery_id: str
    chat_id: str
    message_id: str

    @property
    def event_id(self) -> str:
        return f"evt_{self.delivery_id[4:30]}"

    @property
    def webhook_id(self) -> str:
        return f"whk_{self.delivery_id[30:]}"


processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
settings = Settings.model_validate(os.environ)
dynamodb = boto3.resource("dynamodb")
deliveries = dynamodb.Table(settings.deliveries_table)
kms = boto3.client("kms")
session = requests.Session()


@tracer.capture_method(capture_response=False)
def deliver(record: SQSRecord) -> None:
    ticket = Ticket.model_validate_json(record.body)
    webhook = read(settings.webhooks_table, workspace_id=ticket.workspace_id, webhook_id=ticket.webhook_id)
    chat = f"{ticket.workspace_id}/{ticket.chat_id}"
    message = read(settings.messages_table, chat=chat, message_id=ticket.message_id)
    secret = open_secret(ticket, webhook["secrets"][0])
    key = {"webhook": f"{ticket.workspace_id}/{ticket.webhook_id}", "delivery_id": ticket.delivery_id}
    deliveries.put_item(Item={**key, "event_id": ticket.event_id, "state": "sending"})
    body = json.dumps({"id": ticket.event_id, "type": "message.created", "data": {"text": message["text"]}}).encode()
    status = post(webhook["url"], body, secret)
    delivered = status < 300
    deliveries.update_item(
        Key=key,
        UpdateExpression="SET #state = :state",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":state": "delivered" if delivered else "retrying"},
    )
    metrics.add_metric(name="Delivered" if delivered else "Failed", unit=MetricUnit.Count, value=1)
    logger.info("delivery attempted", extra={"delivery_id": ticket.delivery_id, "status": status})
    if not delivered:
        raise RuntimeError(f"the receiver answered {status}")


def read(table: str, **key: str) -> dict[str, Any]:
    item: dict[str, Any] = dynamodb.batch_get_item(RequestItems={table: {"Keys": [key]}})["Responses"][table][0]
    return item


def open_secret(ticket: Ticket, sealed: dict[str, Any]) -> bytes:
    context = {"workspace_id": ticket.workspace_id, "webhook_id": ticket.webhook_id, "version": str(sealed["version"])}
    answer = kms.decrypt(KeyId=settings.key_id, CiphertextBlob=sealed["ciphertext"].value, EncryptionContext=context)
    secret: bytes = answer["Plaintext"]
    return secret


@tracer.capture_method(capture_response=False)
def post(url: str, body: bytes, secret: bytes) -> int:
    at = int(time.time())
    signature = hmac.new(secret, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Content-Type": "application/json", "X-FM-Webhook-Signature": f"t={at},v1={signature}"}
    return session.post(url, data=body, headers=headers, timeout=(3, 8), allow_redirects=False).status_code


@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> Any:
    return process_partial_response(event=event, record_handler=deliver, processor=processor, context=context)

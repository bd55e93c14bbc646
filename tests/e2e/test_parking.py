"""Parking on the embedded stack, with IAM enforced: an unreadable record, a foreign message, and unparking."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from local import ministack
from local.deploy import Deployment
from tests.e2e.harness import E2E

PATIENCE_SECONDS = 60


@pytest.fixture
def deployment(stack: E2E) -> Deployment:
    return Deployment(stack.stack_port)


def test_an_unreadable_record_is_parked_and_sent_again(stack: E2E, deployment: Deployment) -> None:
    s3, dynamodb, sqs, functions = (
        ministack.client(name, stack.stack_port) for name in ("s3", "dynamodb", "sqs", "lambda")
    )
    bucket, table = deployment.physical_id("ParkedBucket"), deployment.physical_id("MessagesTable")

    def parked() -> list[str]:
        return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]

    def unpark() -> Any:
        answer = functions.invoke(FunctionName=deployment.physical_id("UnparkFunction"), Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()
        return json.loads(answer["Payload"].read())

    receiver = stack.receiver()
    chat_id = stack.api("POST", "/v1/chats", {"name": "Parking"}).json["id"]
    wanted = {"url": receiver.url("/in"), "events": ["message.created"], "chat_ids": [chat_id]}
    webhook_id = stack.api("POST", "/v1/webhooks", wanted).json["id"]
    message_id = stack.api("POST", f"/v1/chats/{chat_id}/messages", {"text": "good"}).json["id"]
    receiver.wait_for(lambda request: b"good" in request.body, PATIENCE_SECONDS)

    # An item that somebody wrote by hand, and a message in the queue that is not ours.
    key = {"chat": {"S": f"{stack.workspace_id}/{chat_id}"}, "message_id": {"S": message_id}}
    good = dynamodb.get_item(TableName=table, Key=key)["Item"]
    marks = {"undispatched": {"S": "1"}, "created_at": good["created_at"]}
    poison = {**key, "message_id": {"S": f"{message_id[:-4]}0000"}, **marks}
    dynamodb.put_item(TableName=table, Item=poison)
    sqs.send_message(QueueUrl=deployment.physical_id("DeadLettersQueue"), MessageBody="hello")
    _until(lambda: len(parked()) == 2)
    record, letter = sorted(parked(), reverse=True)
    assert (record.partition("/")[0], letter.partition("/")[0]) == ("records", "dead_letters")
    assert unpark()["kept"] == 2

    # Repaired where it is, it still waits, and goes on.
    dynamodb.put_item(TableName=table, Item={**good, **poison, "text": {"S": "repaired"}})
    result = unpark()
    assert (result["done"], list(result["reasons"])) == (1, [letter])
    receiver.wait_for(lambda request: b"repaired" in request.body, PATIENCE_SECONDS)
    assert "undispatched" not in dynamodb.get_item(TableName=table, Key=_keys(poison))["Item"]
    s3.delete_object(Bucket=bucket, Key=letter)

    # Parked by Lambda, as it would: of what is gone the record is the last copy.
    image = {**good, "message_id": {"S": f"{message_id[:-4]}1111"}, "text": {"S": "given up"}}
    content = {"payload": {"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": _keys(image), "NewImage": image}}]}}
    s3.put_object(Bucket=bucket, Key="aws/lambda/mapping/1", Body=json.dumps(content).encode())
    assert unpark() == {"done": 1, "kept": 0, "reasons": {}, "after": None}
    receiver.wait_for(lambda request: b"given up" in request.body, PATIENCE_SECONDS)
    assert parked() == []
    assert len(receiver.requests("/in")) == 3
    assert stack.api("DELETE", f"/v1/webhooks/{webhook_id}").status == 204


def _keys(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("chat", "message_id")}


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)

"""An unreadable record is parked whole, and dispatched when it is unparked. None is lost, and none is sent twice."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from ferryman import clock, ids
from ferryman.aws import clients as aws

from local.receiver import Receiver
from tests.integration.conftest import Later, Workspace
from tests.support import queued
from tests.support.clients import aws_client
from tests.support.logged import logged
from tests.support.refusals import refused
from tests.support.world import World

type Item = dict[str, Any]


@pytest.fixture(autouse=True)
def empty(world: World) -> Iterator[None]:
    """Empty the bucket after each test, because all tests share it."""
    yield
    s3 = aws_client("s3")
    for key in world.parked():
        s3.delete_object(Bucket=world.bucket(), Key=key)


@pytest.fixture
def chat(workspace: Workspace, receiver: Receiver) -> str:
    """A chat with a webhook of the receiver."""
    made = workspace.chat()
    events = ["message.created", "message.updated"]
    workspace.make("/v1/webhooks", {"url": receiver.url("/in"), "events": events, "chat_ids": [made]})
    return made


def _texts(receiver: Receiver) -> list[str]:
    return [json.loads(request.body)["data"]["message"]["text"] for request in receiver.requests("/in")]


def _lost(world: World, *tables: str) -> list[dict[str, Any]]:
    """Take the new stream records, so that no function gets them."""
    return [record for table in tables or ("MessagesTable", "EventsTable") for record in world.stream_records(table)]


def _given_up(world: World, records: list[dict[str, Any]], key: str = "1", *, as_text: bool = True) -> None:
    """Write the file that Lambda writes to the failure destination of a stream mapping when it gives up on a batch."""
    payload = {"Records": records}
    content = {
        "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 9},
        "version": "1.0",
        "DDBStreamBatchInfo": {"batchSize": len(records)},
        "payload": json.dumps(payload) if as_text else payload,
    }
    aws_client("s3").put_object(
        Bucket=world.bucket(), Key=f"aws/lambda/mapping/shard/{key}", Body=json.dumps(content).encode()
    )


def _item(world: World, workspace: Workspace, chat: str, message_id: str) -> tuple[dict[str, Item], dict[str, Item]]:
    """The key and the item of a message, in wire form."""
    key: dict[str, Item] = {"chat": {"S": f"{workspace.workspace_id}/{chat}"}, "message_id": {"S": message_id}}
    return key, aws_client("dynamodb").get_item(TableName=world.table("messages"), Key=key)["Item"]


def test_a_record_that_nobody_can_read_is_parked_whole_and_the_rest_goes_on(
    world: World, workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    key, good = _item(world, workspace, chat, workspace.say(chat, "before"))
    marks: dict[str, Item] = {"undispatched": {"S": "1"}, "created_at": good["created_at"]}
    poison: dict[str, Item] = {**key, "message_id": {"S": ids.new(ids.MESSAGE)}, **marks, "x": {"S": "y"}}
    aws_client("dynamodb").put_item(TableName=world.table("messages"), Item=poison)
    workspace.say(chat, "behind")
    with logged() as log:
        world.pump()
    assert sorted(_texts(receiver)) == ["before", "behind"]
    ((name, parked),) = world.parked().items()
    assert name.startswith("records/")
    assert parked["record"]["dynamodb"]["NewImage"] == poison
    assert [line["key"] for line in log.lines("record.parked")] == [name]

    # Somebody asks for it before the cause is repaired.
    kept = world.invoke("unpark", {})
    assert (kept["done"], kept["kept"], list(kept["reasons"])) == (0, 1, [name])
    assert name in world.parked()

    repaired = {**good, **poison, "text": {"S": "repaired"}, "created_at": {"S": clock.now_iso()}}
    aws_client("dynamodb").put_item(TableName=world.table("messages"), Item=repaired)
    _lost(world)
    assert world.invoke("unpark", {}) == {"done": 1, "kept": 0, "reasons": {}, "after": None}
    world.pump()
    assert _texts(receiver)[2:] == ["repaired"]
    assert not world.parked()


def test_the_same_record_is_parked_once(world: World) -> None:
    record = {"eventID": "1", "eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": 5}}
    for _ in range(2):
        assert world.invoke("dispatcher", {"Records": [record]}) == {"batchItemFailures": []}
    assert len(world.parked()) == 1


def test_a_record_that_cannot_be_parked_comes_again(world: World) -> None:
    """While S3 fails, the record stays in the stream."""
    record = {"eventID": "1", "eventName": "INSERT", "dynamodb": {"SequenceNumber": "77", "NewImage": 5}}

    def refuse(**_: Any) -> None:
        raise refused("PutObject", "SlowDown", 503)

    aws.s3().meta.events.register("before-call.s3.PutObject", refuse)
    try:
        for folder in ("dispatcher", "replayer"):
            assert world.invoke(folder, {"Records": [record]}) == {"batchItemFailures": [{"itemIdentifier": "77"}]}
    finally:
        aws.s3().meta.events.unregister("before-call.s3.PutObject", refuse)
    assert not world.parked()


@pytest.mark.parametrize("image", [None, 5, {}, {"workspace_id": {"S": "wsp_1"}}, {"workspace_id": {"X": 1}}])
def test_the_replayer_parks_what_it_cannot_read(world: World, image: Any) -> None:
    record = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": image}}
    assert world.invoke("replayer", {"Records": [record]}) == {"batchItemFailures": []}
    ((_, parked),) = world.parked().items()
    assert parked["record"] == record


@pytest.mark.parametrize("as_text", [True, False])
def test_a_batch_that_lambda_gave_up_on_is_sent_again_once(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, as_text: bool
) -> None:
    sent = [workspace.say(chat, f"message {number}") for number in range(3)]
    workspace.call("PATCH", f"/v1/chats/{chat}/messages/{sent[0]}", {"text": "message 0, edited"})
    records = _lost(world)
    assert len(records) == 4  # three messages, and the event of the edit
    _given_up(world, records, as_text=as_text)
    world.pump()
    assert not receiver.requests()

    assert world.invoke("unpark", {})["done"] == 1
    assert not world.parked()
    world.pump()
    assert sorted(_texts(receiver)) == ["message 0", "message 0, edited", "message 1", "message 2"]

    _given_up(world, records)
    assert world.invoke("unpark", {})["done"] == 1
    world.pump()
    assert len(receiver.requests()) == 4


def test_unparking_does_not_send_a_message_that_the_sweeper_found_first(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, later: Later
) -> None:
    workspace.say(chat, "swept")
    records = _lost(world)
    _given_up(world, records)
    later(300)
    assert world.invoke("sweeper", {}) == {"swept": 1}
    world.pump()
    assert _texts(receiver) == ["swept"]
    # The delivery log may be kept for a shorter time than what is parked.
    for table, item in list(world.items()):
        if table == "DeliveriesTable" and item["workspace_id"]["S"] == workspace.workspace_id:
            key = {name: item[name] for name in ("webhook", "delivery_id")}
            aws_client("dynamodb").delete_item(TableName=table, Key=key)

    assert world.invoke("unpark", {})["done"] == 1
    world.pump()
    assert _texts(receiver) == ["swept"]
    assert not world.parked()


@pytest.mark.parametrize("table", ["MessagesTable", "EventsTable"])
def test_when_the_item_is_gone_the_parked_record_is_the_last_copy(
    world: World, workspace: Workspace, receiver: Receiver, chat: str, table: str
) -> None:
    message_id = workspace.say(chat, "first")
    if table == "EventsTable":
        world.pump()
        workspace.call("PATCH", f"/v1/chats/{chat}/messages/{message_id}", {"text": "second"})
    before = len(receiver.requests())
    (record,) = _lost(world, table)
    aws_client("dynamodb").delete_item(TableName=table, Key=record["dynamodb"]["Keys"])
    _lost(world)
    _given_up(world, [record])
    assert world.invoke("unpark", {})["done"] == 1
    world.pump()
    assert _texts(receiver)[before:] == ["second" if table == "EventsTable" else "first"]


def test_a_replay_that_lambda_gave_up_on_goes_on(
    world: World, workspace: Workspace, receiver: Receiver, chat: str
) -> None:
    receiver.answer("/in", 500)
    workspace.say(chat, "retried")
    world.pump(30)
    webhook_id = workspace.call("GET", "/v1/webhooks").json["items"][0]["id"]
    failed = len(receiver.requests())
    assert failed == 4
    receiver.answer("/in", 200)
    workspace.make(f"/v1/webhooks/{webhook_id}/replays", {}, 202)
    _given_up(world, _lost(world, "ReplaysTable"))
    world.pump()
    assert len(receiver.requests()) == failed
    assert world.invoke("unpark", {})["done"] == 1
    world.pump()
    assert len(receiver.requests()) == failed + 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"[]",
        b"{}",
        b'{"payload": "{"}',
        b'{"payload": {}}',
        b'{"record": {}}',
        b'{"record": {"dynamodb": {"Keys": {"other": {"S": "table"}}}}}',
        b'{"dead_letter": {"body": "hello"}}',
    ],
)
def test_unparking_keeps_and_names_content_without_records(world: World, body: bytes) -> None:
    aws_client("s3").put_object(Bucket=world.bucket(), Key="records/strange", Body=body)
    result = world.invoke("unpark", {})
    assert (result["done"], result["kept"], list(result["reasons"])) == (0, 1, ["records/strange"])
    assert aws_client("s3").get_object(Bucket=world.bucket(), Key="records/strange")["Body"].read() == body
    aws_client("s3").delete_object(Bucket=world.bucket(), Key="records/strange")


def test_when_time_is_short_the_next_call_goes_on_behind_it(world: World) -> None:
    for name in ("a", "b", "c"):
        aws_client("s3").put_object(Bucket=world.bucket(), Key=f"records/{name}", Body=b"{}")
    first = world.invoke("unpark", {}, queued.ShortTime(2))
    assert (first["kept"], first["after"]) == (2, "records/b")
    rest = world.invoke("unpark", {"after": first["after"]})
    assert (rest["kept"], rest["after"]) == (1, None)


def test_more_than_one_page_is_walked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from ferryman.pipeline import parking

    monkeypatch.setattr(parking, "_PAGE", 2)
    for number in range(5):
        aws_client("s3").put_object(Bucket=world.bucket(), Key=f"records/{number}", Body=b"{}")
    assert world.invoke("unpark", {})["kept"] == 5


def test_the_sweeper_says_how_much_is_parked(world: World) -> None:
    """The sweeper's log line rings an alarm as long as records are parked."""
    with logged() as log:
        world.invoke("sweeper", {})
        assert not log.lines("parked.waiting")
        for number in range(3):
            aws_client("s3").put_object(Bucket=world.bucket(), Key=f"records/{number}", Body=b"{}")
        world.invoke("sweeper", {})
    assert [line["count"] for line in log.lines("parked.waiting")] == [3]

"""The stream of `replays`: each record asks for the next page of a replay.

A record that Ferryman did not write is parked whole, and the rest of the batch continues. When Ferryman's own
infrastructure fails, the batch stops at that record, and Lambda repeats from there.
"""

from typing import Any

from ferryman import failures
from ferryman.aws import dynamodb as store
from ferryman.pipeline import held, parking


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    for record in event["Records"]:
        try:
            _one(record)
        except Exception as error:
            failures.report("replay.failed", error, event_id=record.get("eventID"))
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}


def _one(record: dict[str, Any]) -> None:
    try:
        item = store.load(record["dynamodb"]["NewImage"])
        replay = item["workspace_id"], item["webhook_id"], item["replay_id"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        parking.park("record", record, f"{type(error).__name__}: {error}")
        return
    held.step(*replay)

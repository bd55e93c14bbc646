"""The dead letters of the delivery queues: a ticket goes back to its queue, or its delivery ends as exhausted.

It goes back if the delivery has attempts left. A message that is not a ticket of ours is parked whole.
"""

from typing import Any

from ferryman import failures
from ferryman.pipeline import dead_letters, parking
from ferryman.webhooks.tickets import Ticket


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    failed = []
    for record in event["Records"]:
        try:
            _one(record)
        except Exception as error:
            failures.report("dead_letter.failed", error, message_id=record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def _one(record: dict[str, Any]) -> None:
    try:
        ticket = Ticket.load(record["body"])
    except ValueError as error:
        parking.park("dead_letter", record, str(error))
        return
    dead_letters.settle(ticket)

"""The dead letters of the delivery queue: settles each against its delivery's attempts."""

from typing import Any

from ferryman import log
from ferryman.pipeline import dead_letters
from ferryman.pipeline.queue import Ticket


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    failed = []
    for record in event["Records"]:
        try:
            dead_letters.settle(Ticket.load(record["body"]))
        except Exception as error:
            log.logger.exception("dead_letter.failed", extra={"error": type(error).__name__})
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}

"""The delivery queues: signs and sends, ten at a time, or two hundred where the receivers are slow."""

from typing import Any

from ferryman import failures, log
from ferryman.pipeline import deliver
from ferryman.pipeline.checks import Done, Return
from ferryman.webhooks import tickets
from ferryman.webhooks.tickets import Ticket

_INFRASTRUCTURE_PAUSE_SECONDS = 20


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    lane = tickets.lane_of_arn(event["Records"][0]["eventSourceARN"])
    records, batch, failed = [], [], []
    for record in event["Records"]:
        try:
            batch.append(Ticket.load(record["body"], first=_receives(record) == "1"))
            records.append(record)
        except ValueError:
            # Not made by us. It goes its way to the dead letters, where it is kept.
            log.warning("ticket.unreadable", message_id=record["messageId"])
            failed.append(record["messageId"])
    try:
        verdicts = deliver.deliver(batch, context.get_remaining_time_in_millis() / 1000, lane) if batch else []
    except Exception as error:
        verdicts = [error] * len(batch)
    pauses = {}
    for record, ticket, verdict in zip(records, batch, verdicts, strict=True):
        if isinstance(verdict, Done):
            continue
        failed.append(record["messageId"])
        if isinstance(verdict, Return):
            pause = verdict.seconds
        else:
            failures.report("delivery.failed", verdict, delivery_id=ticket.delivery_id)
            pause = _INFRASTRUCTURE_PAUSE_SECONDS
        pauses[record["receiptHandle"]] = pause
    if pauses:
        tickets.hide(pauses, lane)
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _receives(record: dict[str, Any]) -> str | None:
    count: str | None = record.get("attributes", {}).get("ApproximateReceiveCount")
    return count

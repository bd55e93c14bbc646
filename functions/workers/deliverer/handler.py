"""The delivery queues: signs and sends ten deliveries at a time, or two hundred on the slow lane.

While a batch on the fast lane waits for its receivers, the same invocation receives and delivers more tickets
(`_serve`). Otherwise a few hanging receivers would occupy all concurrent invocations and delay all other deliveries.
"""

from collections.abc import Sequence
from typing import Any

from ferryman import failures, log
from ferryman.pipeline import deliver
from ferryman.pipeline.checks import Done, Return
from ferryman.pipeline.under_way import Invocation
from ferryman.webhooks import tickets
from ferryman.webhooks.tickets import Ticket

_INFRASTRUCTURE_PAUSE_SECONDS = 20
_LONG_POLL_SECONDS = 1
# Batches in one invocation at a time: its memory and its limit of open files allow a hundred attempts.
_MAX_DEPTH = 10

type Records = Sequence[dict[str, Any]]


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    records = event["Records"]
    if not records:
        return {"batchItemFailures": []}
    lane = tickets.lane_of_arn(records[0]["eventSourceARN"])
    failed = _work(records, Invocation(lane, lambda: context.get_remaining_time_in_millis() / 1000))
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _work(records: Records, invocation: Invocation, depth: int = 1) -> list[str]:
    """Deliver a batch.

    Returns the ids of the messages that SQS must deliver again; tickets among them are hidden for a pause.
    """
    readable, batch, failed = [], [], []
    for record in records:
        try:
            batch.append(Ticket.load(record["body"], first=_receives(record) == "1"))
            readable.append(record)
        except ValueError:
            # Ferryman did not write it. SQS moves it to the dead-letter queue after the last receive.
            log.warning("ticket.unreadable", message_id=record["messageId"])
            failed.append(record["messageId"])

    def serve() -> bool:
        return invocation.lane == "fast" and depth < _MAX_DEPTH and _serve(invocation, depth + 1)

    try:
        verdicts = deliver.deliver(batch, invocation, serve) if batch else []
    except Exception as error:
        verdicts = [error] * len(batch)
    pauses = {}
    for record, ticket, verdict in zip(readable, batch, verdicts, strict=True):
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
        tickets.hide(pauses, invocation.lane)
    return failed


def _serve(invocation: Invocation, depth: int) -> bool:
    """Receive waiting tickets and deliver them while attempts of an earlier batch are still under way.

    Returns True if the queue was asked. Returns False, without asking, when an attempt could no longer end in time, and
    after a failure of ours.
    """
    if not invocation.in_time(_LONG_POLL_SECONDS):
        return False
    try:
        records = tickets.receive(invocation.lane, _LONG_POLL_SECONDS)
        failed = set(_work(records, invocation, depth)) if records else set()
        done = [record["receiptHandle"] for record in records if record["messageId"] not in failed]
        tickets.delete(done, invocation.lane)
    except Exception as error:  # the earlier batch still needs its verdicts; SQS delivers these messages again
        failures.report("deliverer.not_serving", error)
        return False
    return True


def _receives(record: dict[str, Any]) -> str | None:
    count: str | None = record.get("attributes", {}).get("ApproximateReceiveCount")
    return count

"""The delivery queues. Their messages contain only ids; the content stays in DynamoDB (the pattern "claim check").

Each of the two lanes is a queue. A batch takes as long as its slowest receiver, so deliveries to slow receivers have
the slow lane, with batches of two hundred, where fast receivers do not wait for them.
"""

import json
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from ferryman import ids, log, settings
from ferryman.aws import clients
from ferryman.errors import RetryLater
from ferryman.events.model import Event
from ferryman.webhooks.subscriptions.model import Webhook

MAX_DELAY_SECONDS = 900  # SQS's longest DelaySeconds
BATCH = 10  # the most that one call takes
_ROUNDS = 4
_CONCURRENT = 10
# A field that a message of the queue calls by another name: versions that run side by side read each other's messages.
_ON_THE_WIRE = {"first_receive": "fresh"}
_IN_A_TICKET = {wire: name for name, wire in _ON_THE_WIRE.items()}


@dataclass(frozen=True, slots=True)
class Ticket:
    """One message of a delivery queue: the ids of a delivery, and of the chat message that its event is made of."""

    workspace_id: str
    delivery_id: str
    chat_id: str | None = None  # these two are set if the event is about a message
    message_id: str | None = None
    requeues: int = 0  # how often the dead letters sent it back
    place: int = 0  # epoch milliseconds; the place that the delivery reserved in the webhook's rate
    first_receive: bool = False  # it was not received before, so the delivery is probably not stored yet

    @classmethod
    def of(cls, event: Event, webhook_id: str) -> "Ticket":
        """The first ticket of a delivery."""
        return cls(
            event.workspace_id,
            ids.delivery(event.event_id, webhook_id),
            event.chat_id if event.message_id else None,
            event.message_id,
            first_receive=True,
        )

    @property
    def webhook_id(self) -> str:
        return self._parts()[1]

    @property
    def event_id(self) -> str:
        return self._parts()[0]

    def _parts(self) -> tuple[str, str]:
        parts = ids.of_delivery(self.delivery_id)
        if parts is None:
            raise ValueError("not a delivery id")
        return parts

    def dump(self) -> str:
        content = {_ON_THE_WIRE.get(name, name): value for name, value in asdict(self).items() if value}
        return json.dumps(content)

    def again(self) -> "Ticket":
        """The ticket for the next round through the queue, after it was a dead letter: `requeues` is one more."""
        return replace(self, requeues=self.requeues + 1)

    def at_place(self, place: int) -> "Ticket":
        """The ticket with the reserved place `place` (epoch milliseconds)."""
        return replace(self, place=place)

    def as_redelivery(self) -> "Ticket":
        """The same ticket with `first_receive` false, so the deliverer reads its delivery first."""
        return replace(self, first_receive=False)

    @classmethod
    def load(cls, text: str, *, first: bool = False) -> "Ticket":
        """Read a ticket from the body of a queue's message. `first` says that SQS delivers the message the first time.

        The result's `first_receive` is true only if `first` is. While functions are updated or rolled back, two
        versions share the queue, so an unknown field is ignored and a missing one has its default.

        Raises ValueError for a message that is not a ticket, so that the caller can park it and work on the others.
        """
        try:
            content: dict[str, Any] = json.loads(text)
            named = {_IN_A_TICKET.get(name, name): value for name, value in content.items()}
            ticket = cls(**{name: value for name, value in named.items() if name in cls.__dataclass_fields__})
            ticket._parts()
            ours = ids.is_id(ids.WORKSPACE, ticket.workspace_id) and ticket.requeues >= 0
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise ValueError("not a ticket") from error
        if not ours:
            raise ValueError("not a ticket")
        return ticket if first else ticket.as_redelivery()


type Lane = Literal["fast", "slow"]


def lane_of(webhook: Webhook) -> Lane:
    return "slow" if webhook.is_slow else "fast"


def lane_of_arn(arn: str) -> Lane:
    """The lane whose queue has this ARN."""
    return "slow" if arn.rpartition(":")[2] == settings.text("SLOW_DELIVERIES_QUEUE_URL").rpartition("/")[2] else "fast"


def send(tickets: Sequence[Ticket], delay_seconds: float = 0, *, lane: Lane = "fast") -> None:
    """Send tickets to the queue of a lane, ten in each call, delayed by at most 900 seconds.

    MessageGroupId makes the queue fair: a webhook whose receiver is slow does not make the others wait. Raises
    RetryLater if SQS refuses a ticket four times.
    """
    delay = min(math.ceil(delay_seconds), MAX_DELAY_SECONDS)
    url = _url(lane)
    for start in range(0, len(tickets), BATCH):
        waiting = {str(number): ticket for number, ticket in enumerate(tickets[start : start + BATCH])}
        for _ in range(_ROUNDS):
            answer = clients.sqs().send_message_batch(
                QueueUrl=url,
                Entries=[
                    {
                        "Id": number,
                        "MessageBody": ticket.dump(),
                        "MessageGroupId": ticket.webhook_id,
                        **({"DelaySeconds": delay} if delay else {}),
                    }
                    for number, ticket in waiting.items()
                ],
            )
            # A 200 can hide failures; only those are sent again.
            waiting = {failed["Id"]: waiting[failed["Id"]] for failed in answer.get("Failed", [])}
            if not waiting:
                break
        else:
            raise RetryLater(f"SQS keeps refusing {len(waiting)} messages.")


def receive(lane: Lane, seconds: int) -> list[dict[str, Any]]:
    """Up to ten waiting tickets of a lane, as SQS records. Waits up to `seconds` for the first one."""
    answer = clients.sqs().receive_message(
        QueueUrl=_url(lane),
        MaxNumberOfMessages=BATCH,
        WaitTimeSeconds=seconds,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    return [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
        }
        for message in answer.get("Messages", [])
    ]


def delete(receipt_handles: Sequence[str], lane: Lane) -> None:
    """Delete up to ten tickets that `receive` returned. A ticket that SQS fails to delete comes back, to no effect."""
    if receipt_handles:
        entries = [{"Id": str(number), "ReceiptHandle": handle} for number, handle in enumerate(receipt_handles)]
        clients.sqs().delete_message_batch(QueueUrl=_url(lane), Entries=entries)


def _url(lane: Lane) -> str:
    return settings.text("SLOW_DELIVERIES_QUEUE_URL") if lane == "slow" else settings.text("DELIVERIES_QUEUE_URL")


def hide(pauses: Mapping[str, float], lane: Lane) -> None:
    """Hide received tickets: `pauses` maps each receipt handle to the seconds after which SQS delivers it again.

    Makes ten calls at a time, because two hundred calls in a row would outlast the function.
    """
    with ThreadPoolExecutor(max_workers=_CONCURRENT) as pool:
        list(pool.map(lambda handle: _hide(handle, pauses[handle], lane), pauses))


def _hide(receipt_handle: str, seconds: float, lane: Lane) -> None:
    """Hide one ticket. If the call fails, the ticket comes back after the queue's own visibility timeout."""
    try:
        clients.sqs().change_message_visibility(
            QueueUrl=_url(lane),
            ReceiptHandle=receipt_handle,
            VisibilityTimeout=max(0, math.ceil(seconds)),
        )
    except Exception as error:
        log.warning("ticket.not_hidden", error=type(error).__name__)

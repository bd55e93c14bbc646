"""The tickets of the delivery queue, for tests that hand them to the deliverer themselves."""

from collections.abc import Sequence
from typing import Any

from ferryman.webhooks.tickets import Ticket

from tests.support.clients import aws_client
from tests.support.world import Context, World


def taken(world: World) -> list[Ticket]:
    """Receive and delete all tickets of the delivery queue. Returns them."""
    sqs, url, found = aws_client("sqs"), world.queue_url("DeliveriesQueue"), []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        for message in messages:
            found.append(Ticket.load(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def batch(tickets: Sequence[Ticket]) -> dict[str, Any]:
    """The event that hands tickets to the deliverer: SQS names the first `0`, the second `1`, and so on."""
    return {
        "Records": [
            {
                "messageId": str(number),
                "receiptHandle": "gone",
                "eventSourceARN": "arn:aws:sqs:us-east-1:1:Deliveries",
                "body": ticket.dump(),
            }
            for number, ticket in enumerate(tickets)
        ]
    }


class ShortTime(Context):
    """A context that has 60 seconds left for the first `looks` calls, and then one second."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def get_remaining_time_in_millis(self) -> int:
        self.looks -= 1
        return 60_000 if self.looks >= 0 else 1_000

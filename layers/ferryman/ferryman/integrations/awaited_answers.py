"""Reads the answer of a receiver for which a person waits: a command's receiver, or a button's integration."""

from collections.abc import Callable

from ferryman.errors import FerrymanError
from ferryman.formats.awaited_answers import ANSWER_BYTES as ANSWER_BYTES
from ferryman.formats.awaited_answers import NotAnAnswer
from ferryman.outbound.outcomes import Body, Delivered, Outcome, Unreachable

ANSWER_SECONDS = 3.0  # the time for an answer's body, after its head


class ReceiverFailed(FerrymanError):
    """The receiver gave no answer, one that is not a 200, or one that cannot be read.

    `status` is the HTTP status of an answer that is not a 200; otherwise None.
    """

    def __init__(self, detail: str, status: int | None = None) -> None:
        super().__init__(detail)
        self.status = status


def read[Answer](outcome: Outcome, reader: Callable[[Body], Answer], receiver: str) -> Answer:
    """The result of `reader(body)` for an answer with the status 200. Raises ReceiverFailed otherwise.

    `receiver` is a noun for the error text, such as "integration". A NotAnAnswer of `reader` becomes a ReceiverFailed.
    """
    if isinstance(outcome, Unreachable):
        raise ReceiverFailed(f"The {receiver} gave no answer: {outcome.detail}")
    if not isinstance(outcome, Delivered) or outcome.status != 200:
        raise ReceiverFailed(f"The {receiver} answered with the status {outcome.status}.", outcome.status)
    try:
        return reader(outcome.body)
    except NotAnAnswer as reason:
        raise ReceiverFailed(f"The {receiver}'s answer cannot be read. {reason}") from None

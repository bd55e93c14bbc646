"""Failures of AWS calls as boto3 raises them, for tests that let AWS refuse or keep silent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from ferryman.aws import clients


def refused(operation: str, code: str, status: int = 400, text: str = "", **more: Any) -> ClientError:
    """AWS's refusal, after all tries; `more` is what else its answer holds, such as `CancellationReasons`."""
    answer: Any = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(answer, operation)


def cancelled(*reasons: str) -> ClientError:
    """A transaction that DynamoDB cancelled, with a reason for each of its writes."""
    listed = [{"Code": reason} for reason in reasons]
    return refused("TransactWriteItems", "TransactionCanceledException", CancellationReasons=listed)


def unanswered() -> ReadTimeoutError:
    """AWS's silence, after all tries."""
    return ReadTimeoutError(endpoint_url="https://aws.test")


@contextmanager
def failing(operation: str, error: Exception, times: int = 1000, *, after: int = 0) -> Iterator[list[str]]:
    """DynamoDB answers as many calls of an operation with `error`, behind the first `after`; yields what was asked."""
    calls: list[str] = []

    def refuse(**_: Any) -> None:
        calls.append(operation)
        if after < len(calls) <= after + times:
            raise error

    events = clients.dynamodb().meta.events
    events.register(f"before-call.dynamodb.{operation}", refuse)
    try:
        yield calls
    finally:
        events.unregister(f"before-call.dynamodb.{operation}", refuse)

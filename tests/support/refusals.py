"""Errors of AWS calls as boto3 raises them, for tests in which AWS refuses a call or does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from ferryman.aws import clients


def refused(operation: str, code: str, status: int = 400, text: str = "", **more: Any) -> ClientError:
    """The error when AWS refuses a call. `more` are further members of the answer, such as `CancellationReasons`."""
    answer: Any = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": {"HTTPStatusCode": status}, **more}
    return ClientError(answer, operation)


def cancelled(*reasons: str) -> ClientError:
    """The error when DynamoDB cancels a transaction, with a reason for each of its writes."""
    listed = [{"Code": reason} for reason in reasons]
    return refused("TransactWriteItems", "TransactionCanceledException", CancellationReasons=listed)


def unanswered() -> ReadTimeoutError:
    """The error when AWS does not answer."""
    return ReadTimeoutError(endpoint_url="https://aws.test")


@contextmanager
def failing(operation: str, error: Exception, times: int = 1000, *, after: int = 0) -> Iterator[list[str]]:
    """Inside the block, `operation` of DynamoDB raises `error` for `times` calls, after the first `after` calls.

    Yields a list that gets an entry for each call.
    """
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

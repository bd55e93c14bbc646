"""Tells what a failed call to AWS means.

boto3 raises `ClientError` when AWS answered and refused, and another `BotoCoreError` when AWS gave no answer; then the
call may have been carried out all the same. Both come after all tries. Their texts are for the log, not for callers.
"""

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError

# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_PASSING = ("Throttl", "Exceeded", "SlowDown", "RequestTimeout", "TransactionConflict", "TransactionInProgress")


def code(error: ClientError) -> str:
    """AWS's name for the reason, such as `ConditionalCheckFailedException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def reasons(error: ClientError) -> list[str]:
    """The reasons why a transaction was cancelled: one code for each write, `None` for a write that was not one."""
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]


def is_unanswered(error: Exception) -> bool:
    """Whether AWS was not reached, or its answer did not come in whole."""
    return isinstance(error, ConnectionError | HTTPClientError | IncompleteReadError)


def is_passing(error: ClientError) -> bool:
    """Whether the same call may succeed in a moment."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or any(word in code(error) for word in _PASSING)

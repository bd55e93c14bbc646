"""Explains failed calls to AWS.

boto3 raises `ClientError` when AWS answered with an error, and `BotoCoreError` when AWS gave no answer; AWS may then
have carried the call out all the same. Both are raised after the last retry. Their texts are for the log, not for
callers of the API.
"""

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError

# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_PASSING = ("Throttl", "Exceeded", "SlowDown", "RequestTimeout", "TransactionConflict", "TransactionInProgress")


def code(error: ClientError) -> str:
    """AWS's code for the error, such as `ConditionalCheckFailedException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def reasons(error: ClientError) -> list[str]:
    """The reasons why a transaction was cancelled: one code for each write.

    The code is the text `None` for a write that was not refused.
    """
    return [str(reason.get("Code")) for reason in error.response.get("CancellationReasons", [])]


def is_unanswered(error: Exception) -> bool:
    """Whether AWS could not be reached, or its answer was incomplete."""
    return isinstance(error, ConnectionError | HTTPClientError | IncompleteReadError)


def is_passing(error: ClientError) -> bool:
    """Whether the same call may succeed in a moment: AWS failed, throttled it, or refused it for a parallel one."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status >= 500 or any(word in code(error) for word in _PASSING)

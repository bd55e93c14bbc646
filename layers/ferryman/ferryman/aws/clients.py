"""The one place that creates AWS clients: boto3's, when first needed, one of each per process.

Region, credentials and endpoints come from the variables that Lambda sets and every AWS SDK reads.
`ferryman.aws.failures` explains failed calls.
"""

import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError

# Three tries that wait for an answer, with pauses of at most one and two seconds, take 12 of a request's 15 seconds.
CONFIG: dict[str, Any] = {
    "connect_timeout": 2,
    "read_timeout": 3,
    "retries": {"mode": "standard", "total_max_attempts": 3},
    "max_pool_connections": 200,  # as many as the largest batch of deliveries has threads
    "tcp_keepalive": True,
    "parameter_validation": False,  # a tenth of a call's CPU; the tests switch it on
    "user_agent": "Ferryman Boto3",  # names us in CloudTrail; botocore composes its own anew for each call
}

_clients: dict[str, Any] = {}
_lock = threading.Lock()  # boto3 makes clients for one thread at a time


def dynamodb() -> Any:
    return _client("dynamodb")


def sqs() -> Any:
    return _client("sqs")


def kms() -> Any:
    return _client("kms")


def s3() -> Any:
    return _client("s3")


def prepare(variables: Iterable[str]) -> None:
    """Create the clients that a function needs, judging by the names of its variables, and connect to DynamoDB."""
    for service, suffix in (("dynamodb", "_TABLE"), ("sqs", "_QUEUE_URL"), ("kms", "_KEY_ID")):
        if any(name.endswith(suffix) for name in variables):
            _client(service)
    connect(dynamodb())


def connect(client: Any) -> None:
    """Open a connection that the client's first call takes from the pool.

    If that fails, the first call connects itself.
    """
    from botocore.awsrequest import AWSRequest

    url = client.meta.endpoint_url
    if url.startswith("https:"):
        with suppress(BotoCoreError):
            client._endpoint.http_session.send(AWSRequest("GET", url).prepare())


def reset() -> None:
    """Drop all clients, for tests that change the endpoint."""
    with _lock:
        _clients.clear()


def _client(service: str) -> Any:
    if service not in _clients:
        with _lock:
            if service not in _clients:
                _clients[service] = _made(service)
    return _clients[service]


def _made(service: str) -> Any:
    from botocore.config import Config

    from ferryman.aws.tls_session import SharedContextSession

    client = _session().client(service, config=Config(**CONFIG))
    client.meta.events.register("after-call", _keep_first_line)
    if client.meta.endpoint_url.startswith("https:"):
        client._endpoint.http_session = SharedContextSession.like(client._endpoint.http_session)
    return client


@cache
def _session() -> Any:
    """The one boto3 session of the process; with it, each further client costs a fraction of the first."""
    import boto3.session  # half of a cold start, for functions that call AWS only

    return boto3.session.Session()


def _keep_first_line(parsed: dict[str, Any], **_: Any) -> None:
    """Cut an error's message to its first line. If a signature does not match, the others repeat the session token."""
    error = parsed.get("Error")
    if error and "Message" in error:
        error["Message"] = error["Message"].partition("\n")[0]

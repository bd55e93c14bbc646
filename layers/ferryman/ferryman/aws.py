"""The one place that makes AWS clients: lazily, one of each per process."""

from functools import cache
from typing import Any


@cache
def _client(service: str) -> Any:
    import boto3  # imported when first needed: importing our modules costs no AWS
    from botocore.config import Config

    # Short limits: a call that hangs must not eat the function's time. The retries are botocore's, with jitter.
    config = Config(
        connect_timeout=2,
        read_timeout=5,
        retries={"mode": "standard", "max_attempts": 4},
        max_pool_connections=20,
    )
    return boto3.session.Session().client(service, config=config)  # type: ignore[call-overload]


def dynamodb() -> Any:
    return _client("dynamodb")


def sqs() -> Any:
    return _client("sqs")


def kms() -> Any:
    return _client("kms")


def s3() -> Any:
    return _client("s3")


def reset() -> None:
    """Forget the clients, for tests that change the endpoint or the credentials."""
    _client.cache_clear()

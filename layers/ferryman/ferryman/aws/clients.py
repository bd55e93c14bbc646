"""The one place that makes AWS clients: lazily, one of each per process.

DynamoDB, SQS and KMS are called at every request, so they have the lean client of `aws.client` (decision 23). S3 is
called when something is parked, by botocore.
"""

import base64
from collections.abc import Mapping
from functools import cache
from typing import Any

from ferryman.aws.client import Client


@cache
def dynamodb() -> Client:
    return Client("dynamodb", "DynamoDB_20120810", "1.0")


@cache
def sqs() -> Client:
    return Client("sqs", "AmazonSQS", "1.0")


@cache
def kms() -> Client:
    return Client("kms", "TrentService", "1.1")


def encrypt(key_id: str, plaintext: bytes, context: Mapping[str, str]) -> bytes:
    """Encrypted by KMS; only who names the same context can decrypt it."""
    answer = kms().call(
        "Encrypt", KeyId=key_id, Plaintext=base64.b64encode(plaintext).decode(), EncryptionContext=dict(context)
    )
    return base64.b64decode(answer["CiphertextBlob"])


def decrypt(key_id: str, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
    """What `encrypt` was given. Raises AwsRefused when key or context are others."""
    answer = kms().call(
        "Decrypt", KeyId=key_id, CiphertextBlob=base64.b64encode(ciphertext).decode(), EncryptionContext=dict(context)
    )
    return base64.b64decode(answer["Plaintext"])


@cache
def s3() -> Any:
    import botocore.session  # seldom needed, and slow to import
    from botocore.config import Config

    config = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 4})
    return botocore.session.get_session().create_client("s3", config=config)


def reset() -> None:
    """Forget the clients, for tests that change the endpoint or the credentials."""
    for client in (dynamodb, sqs, kms, s3):
        client.cache_clear()

"""The tests' own clients of AWS. One is made once a process, which costs more than most of its calls."""

from functools import cache
from typing import Any

import boto3

from tests.support import quick_moto


@cache
def aws_client(service: str) -> Any:
    """A client that sees AWS past the code under test: what it reads and writes meets neither faults nor IAM."""
    client: Any = boto3.client(service)  # type: ignore[call-overload]
    quick_moto.unsigned(client)
    return client

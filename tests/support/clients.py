"""The tests' own clients of AWS, created once per process, because creating one takes longer than most calls."""

from functools import cache
from typing import Any

import boto3

from tests.support import quick_moto


@cache
def aws_client(service: str) -> Any:
    """A client apart from those of the code under test. Simulated faults and IAM do not apply to its calls."""
    client: Any = boto3.client(service)  # type: ignore[call-overload]
    quick_moto.unsigned(client)
    return client

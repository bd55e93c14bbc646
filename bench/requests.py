"""Measures requests in a warm process: the CPU time of our handler, divided by that of its AWS calls alone.

`python -m bench.requests [runs]` sends each function behind the API its sample event again and again. AWS is the stub
(bench/stub.py), in a process of its own. The reference makes the same calls as the handler, by plain boto3, and nothing
else.
"""

import gc
import importlib.util
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError
from ferryman import log
from ferryman.aws import clients as aws
from ferryman.http import mattermost
from ferryman.invocation import observed

from bench import stub
from bench.report import Row, show
from tests.support import template
from tests.support.world import Context

ROOT = Path(__file__).parents[1]
LIMIT = 1.35
# Its sample hashes a password, whose price is chosen (decision 10) and hides everything else.
_LOGIN = "mattermost_login"
RUNS = 9
_REPEATS = 30


def measure(runs: int = RUNS) -> list[Row]:
    with stub.record() as samples:
        requests = {folder: sample for folder, sample in samples.items() if "routeKey" in sample.event}
    requests.pop(_LOGIN)
    return [_row(folder, sample, runs) for folder, sample in requests.items() if sample.calls]


def _row(folder: str, sample: stub.Sample, runs: int) -> Row:
    with stub.Stub(sample.calls) as answering, _process(sample.environment | answering.environment()):
        make: Any = boto3.client
        handler, clients = _handler(folder), {call.service: make(call.service) for call in sample.calls}

        def rested() -> float:
            mattermost._full_at.clear()
            return _cpu_ms(request)

        def request() -> None:
            answer = handler(sample.event, Context())
            if answer["statusCode"] >= 300 and answer["statusCode"] != 404:  # a sample holds no response URL that lives
                raise RuntimeError(f"{folder} answered {answer}")

        request()
        calls = _matching(_calls_of(request), sample.calls)

        def floor() -> None:
            for call in calls:
                with suppress(ClientError):  # some calls are refused, such as a mark that is there already
                    getattr(clients[call.service], xform_name(call.operation))(**call.arguments)

        floor()
        gc.freeze()  # as lambda_entry.py does; else the collector walks over the tests' AWS
        # In turn, so that a noisy moment is in both; neighbours in time shared the noise, so ratios are taken of each.
        times = [(rested(), _cpu_ms(floor)) for _ in range(runs)]
    value, least = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = statistics.median(mine / its for mine, its in times)
    note = f"{sample.event['routeKey']}: {value:.2f} ms of CPU; {least:.2f} for its {len(calls)} calls by boto3"
    return Row.at_most(f"CPU per request of {folder}, warm", round(ratio, 3), "x its calls by boto3", LIMIT, note)


def _calls_of(work: Callable[[], None]) -> list[str]:
    """The names of the operations that our clients call during `work`."""
    operations: list[str] = []
    clients = (aws.dynamodb(), aws.sqs(), aws.kms(), aws.s3())
    for client in clients:
        client.meta.events.register(
            "before-call", lambda model, **_: operations.append(model.name), unique_id="counted"
        )
    work()
    for client in clients:
        client.meta.events.unregister("before-call", unique_id="counted")
    return operations


def _matching(operations: list[str], recorded: list[stub.AwsCall]) -> list[stub.AwsCall]:
    """The recorded calls that a warm handler repeats.

    The handler caches some answers, such as a workspace's cursor key.

    Raises RuntimeError for an operation that the sample did not record.
    """
    remaining, calls = list(recorded), []
    for operation in operations:
        call = next((one for one in remaining if one.operation == operation), None)
        if call is None:
            raise RuntimeError(f"The warm handler calls {operation} more often than the sample does.")
        remaining.remove(call)
        calls.append(call)
    return calls


def _cpu_ms(work: Callable[[], None]) -> float:
    started = time.process_time()
    for _ in range(_REPEATS):
        work()
    return (time.process_time() - started) * 1000 / _REPEATS


@contextmanager
def _process(environment: dict[str, str]) -> Iterator[None]:
    """Apply a function's environment in the block, with its log discarded and with new AWS clients."""
    before = dict(os.environ)
    os.environ.update(environment)
    aws.reset()
    (output,) = [handler for handler in log.logger.handlers if isinstance(handler, logging.StreamHandler)]
    with Path(os.devnull).open("w") as nowhere:
        stream = output.setStream(nowhere)
        try:
            yield
        finally:
            output.setStream(stream or sys.stdout)
            os.environ.clear()
            os.environ.update(before)
            aws.reset()


def _handler(folder: str) -> Callable[[Any, Any], dict[str, Any]]:
    spec = importlib.util.spec_from_file_location(f"bench_{folder}", template.handler(folder))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return observed(module.handler)


def main() -> None:
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    print(show(measure(numbers[0] if numbers else RUNS)))


if __name__ == "__main__":
    main()

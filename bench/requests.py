"""What a request costs once the process is warm: CPU of our handler, over that of its AWS calls alone.

`python -m bench.requests [runs]` sends each function behind the API its sample event again and again. AWS is the stub
(bench/stub.py), in a process of its own. The floor makes the very calls that the handler made, with the same client and
the same arguments, and does nothing else.
"""

import gc
import importlib.util
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore import xform_name
from ferryman import aws, log

from bench import stub
from bench.report import Row, show
from tests.support.world import Context

ROOT = Path(__file__).parents[1]
LIMIT = 1.15
RUNS = 9
_REPEATS = 30


def measure(runs: int = RUNS) -> list[Row]:
    with stub.record() as samples:
        requests = {folder: sample for folder, sample in samples.items() if "routeKey" in sample.event}
    return [_row(folder, sample, runs) for folder, sample in requests.items() if sample.calls]


def _row(folder: str, sample: stub.Sample, runs: int) -> Row:
    with stub.Stub(sample.calls) as answering, _process(sample.environment | answering.environment()):
        handler, calls = _handler(folder), _Counter()

        def request() -> None:
            answer = handler(sample.event, Context())
            if answer["statusCode"] >= 300:
                raise RuntimeError(f"{folder} answered {answer}")

        def floor() -> None:
            for call in sample.calls:
                getattr(getattr(aws, call.service)(), xform_name(call.operation))(**call.arguments)

        request()
        floor()
        gc.freeze()  # as start.py does; else the collector walks over the tests' AWS
        with calls.counted(sample):
            request()
        ours, theirs = [], []
        for _ in range(runs):  # in turn, so that a noisy moment is in both
            ours.append(_cpu_ms(request))
            theirs.append(_cpu_ms(floor))
        value, least = statistics.median(ours), statistics.median(theirs)
        # Neighbours in time shared the noise, so the ratio is taken of each pair.
        ratio = statistics.median(mine / its for mine, its in zip(ours, theirs, strict=True))
    note = f"{sample.event['routeKey']}: {value:.2f} ms of CPU, of which {least:.2f} are {len(sample.calls)} calls"
    return Row.at_most(f"CPU per request of {folder}, warm", round(ratio, 3), "x its AWS calls", LIMIT, note)


def _cpu_ms(work: Callable[[], None]) -> float:
    started = time.process_time()
    for _ in range(_REPEATS):
        work()
    return (time.process_time() - started) * 1000 / _REPEATS


class _Counter:
    """Holds the floor to what the handler does: the same number of calls."""

    def __init__(self) -> None:
        self.made = 0

    def _called(self, **_: Any) -> None:
        self.made += 1

    @contextmanager
    def counted(self, sample: stub.Sample) -> Iterator[None]:
        events = [getattr(aws, service)().meta.events for service in {call.service for call in sample.calls}]
        for each in events:
            each.register("before-call", self._called)
        yield
        for each in events:
            each.unregister("before-call", self._called)
        if self.made != len(sample.calls):
            raise RuntimeError(f"The handler made {self.made} calls; the sample has {len(sample.calls)}.")


@contextmanager
def _process(environment: dict[str, str]) -> Iterator[None]:
    """The environment of a function, its log to nowhere, its clients its own."""
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
    spec = importlib.util.spec_from_file_location(f"bench_{folder}", ROOT / "functions" / folder / "handler.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Callable[[Any, Any], dict[str, Any]] = module.handler
    return handler


def main() -> None:
    numbers = [int(argument) for argument in sys.argv[1:] if argument.isdigit()]
    print(show(measure(numbers[0] if numbers else RUNS)))


if __name__ == "__main__":
    main()

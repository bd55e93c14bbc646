"""Runs a real function and measures it: `python -m bench.invoked FOLDER`, started by other parts of bench.

FOLDER/invoked.json has the name of the function, its environment, and events by name. For each line of standard input,
such as `6 tls`, it invokes the handler six times with the event `tls`. It prints the CPU milliseconds and the seconds
of all six, the bytes of the log, and the last answer.

- `memory <name>` prints the peak of Python's memory during one invocation, minus that before it, in bytes.
- `loads` prints how often this process has loaded certificate authorities.
- `resident` prints the peak of the process's resident memory in bytes, and its process id.
"""

import gc
import importlib.util
import io
import json
import logging
import os
import ssl
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support import template

LOADS: Counter[str] = Counter()


def count_loads() -> None:
    """Count from now on how often this process loads certificate authorities."""
    load = ssl.SSLContext.load_verify_locations

    def counted(self: ssl.SSLContext, *arguments: Any, **named: Any) -> None:
        LOADS["certificates"] += 1
        load(self, *arguments, **named)

    ssl.SSLContext.load_verify_locations = counted  # type: ignore[method-assign]


class Context:
    """A Lambda context with enough time left."""

    def get_remaining_time_in_millis(self) -> int:
        return 50_000


def handler(folder: Path, function: str) -> Any:
    """The function's handler. It trusts the certificate authority of bench.edge in addition to the public ones."""
    from ferryman import tls  # as the function finds it, which costs it nothing more
    from ferryman.invocation import observed  # as Lambda's entry does

    count_loads()
    spec = importlib.util.spec_from_file_location("handler", template.handler(function))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tls.certifi.where = lambda: str(folder / "ca.pem")  # type: ignore[attr-defined]
    for logger in logging.getLogger("ferryman"), logging.getLogger():
        for one in logger.handlers:
            if isinstance(one, logging.StreamHandler):
                one.setStream(Sink())
    return observed(module.handler)


class Sink(io.StringIO):
    """Counts the bytes that the function writes to its log, and discards them."""

    bytes = 0

    def write(self, text: str) -> int:
        Sink.bytes += len(text.encode())
        return len(text)


def main() -> None:
    folder = Path(sys.argv[1])
    given = json.loads((folder / "invoked.json").read_text())
    os.environ.update(given["environment"])
    handle = handler(folder, given["function"])
    for line in sys.stdin:
        what, _, name = line.strip().partition(" ")
        if what == "loads":
            print(json.dumps(LOADS), flush=True)
        elif what == "resident":
            status = Path("/proc/self/status").read_text()  # getrusage would tell what the parent had
            most = int(status.partition("VmHWM:")[2].split()[0]) * 1024
            print(json.dumps({"bytes": most, "pid": os.getpid()}), flush=True)
        elif what == "memory":
            print(json.dumps(_peak(lambda: handle(given["events"][name], Context()))), flush=True)  # noqa: B023
        else:
            Sink.bytes = 0
            spent, took = time.process_time(), time.monotonic()
            for _ in range(int(what)):
                answer = handle(given["events"][name], Context())
            spent, took = time.process_time() - spent, time.monotonic() - took
            told = {"cpu_ms": spent * 1000, "seconds": took, "logged": Sink.bytes, "answer": answer}
            print(json.dumps(told), flush=True)


def _peak(work: Callable[[], Any]) -> int:
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak - before


if __name__ == "__main__":
    main()

"""The real deliverer, measured: `python -m bench.deliverer FOLDER`, started by bench/deliveries.py.

For each line of standard input (how many batches) it hands that often the batch of FOLDER/deliverer.json to the real
handler and prints the CPU milliseconds of one delivery. The line `loads` asks how often this process has loaded
certificates, by transport and by botocore.
"""

import importlib.util
import io
import json
import logging
import os
import ssl
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from bench import ROOT

LOADS: Counter[str] = Counter()


def count_loads() -> None:
    """Count who loads certificate authorities from now on."""
    load = ssl.SSLContext.load_verify_locations

    def counted(self: ssl.SSLContext, *arguments: Any, **named: Any) -> None:
        frames = [frame.filename for frame in traceback.extract_stack()]
        LOADS["botocore" if any("botocore" in frame for frame in frames) else "transport"] += 1
        load(self, *arguments, **named)

    ssl.SSLContext.load_verify_locations = counted  # type: ignore[method-assign]


class Context:
    """Time enough."""

    def get_remaining_time_in_millis(self) -> int:
        return 25_000


def handler(folder: Path) -> Any:
    """The deliverer's handler, that trusts the authority of bench.edge besides all others."""
    count_loads()
    from ferryman.pipeline import transport

    transport.CA_BUNDLE = str(folder / "ca.pem")
    spec = importlib.util.spec_from_file_location("handler", ROOT / "functions" / "deliverer" / "handler.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for logger in logging.getLogger("ferryman"), logging.getLogger():
        for one in logger.handlers:
            if isinstance(one, logging.StreamHandler):
                one.setStream(io.StringIO())  # what goes to CloudWatch
    return module.handler


def main() -> None:
    folder = Path(sys.argv[1])
    given = json.loads((folder / "deliverer.json").read_text())
    os.environ.update(given["environment"])
    handle = handler(folder)
    for line in sys.stdin:
        if line.strip() == "loads":
            print(json.dumps(LOADS), flush=True)
            continue
        batches, name = line.split()
        began = time.process_time()
        for _ in range(int(batches)):
            answer = handle({"Records": given["batches"][name]}, Context())
            assert answer == {"batchItemFailures": []}, answer
        spent = time.process_time() - began
        print(spent * 1000 / (int(batches) * len(given["batches"][name])), flush=True)


if __name__ == "__main__":
    main()

"""Where Lambda enters every function: it imports the function's own `handler.py`, at the least cost, and hands it over.

Nothing that an import makes is garbage, so the collector waits until all is imported and then leaves it alone. The
first connection to DynamoDB is made here too: before the first event the processor is whole, later it is a share of
one.
"""

import gc
import importlib
import os
import time

_began = time.perf_counter()
gc.disable()

from ferryman.aws import clients as aws  # noqa: E402
from ferryman.invocation import observed  # noqa: E402

_handler = importlib.import_module("handler").handler
if any(name.endswith("_TABLE") for name in os.environ):
    aws.dynamodb().connect()

gc.freeze()
gc.enable()
handler = observed(_handler, init_ms=(time.perf_counter() - _began) * 1000)

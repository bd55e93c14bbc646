"""Lambda's entry to every function: imports the function's own `handler.py` at the least cost and wraps its handler.

Imports produce no garbage, so the garbage collector is off during them, and afterwards ignores the objects that they
created. The AWS clients and the first connection to DynamoDB are made here, too, because a function has a whole
processor before its first event, but on 256 MB only a seventh of one afterwards.
"""

import gc
import importlib
import os
import time

_began = time.perf_counter()
gc.disable()

from ferryman.invocation import observed  # noqa: E402

_handler = importlib.import_module("handler").handler
if any(name.endswith("_TABLE") for name in os.environ):
    from ferryman.aws import clients

    clients.prepare(os.environ)

gc.freeze()
gc.enable()
handler = observed(_handler, init_ms=(time.perf_counter() - _began) * 1000)

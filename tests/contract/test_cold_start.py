"""Each function imports few modules before its first event.

The counts are bounded here; bench/cold.py measures times.
"""

import ast
import os
import subprocess
import sys

import pytest

from tests.support import template

ROOT = template.ROOT
HOT = ("hooks", "dispatcher", "deliverer")
HTTP = set(template.routes().values()) - {*HOT, "reference"}
CALLS_STRANGERS = "deliverer"
HTTP_CLIENT = ("requests", "charset_normalizer", "idna.core")
NEVER = ("aws_xray_sdk", "wrapt", "cryptography")
NOT_WHEN_HOT = ("pydantic", "pydantic_core", "aws_lambda_powertools.event_handler")

_COUNT = """
import decimal, json, logging, sys, traceback
sys.modules["OpenSSL"] = None  # the layer does not have it
before = set(sys.modules)
import lambda_entry
print("\\n".join(sorted(set(sys.modules) - before)))
"""


def imported(folder: str) -> set[str]:
    """The modules that Lambda's entry point imports for a function, after its AWS clients were created."""
    return _printed(folder, _COUNT)


def _printed(folder: str, code: str) -> set[str]:
    """The words that `code` prints in a new process with the import path and environment of the function."""
    path = os.pathsep.join(str(ROOT / part) for part in (template.handler(folder).parent, "layers/ferryman"))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "AWS_DEFAULT_REGION": "us-east-1"}
    environment |= {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    if folder != "reference":
        environment["ANY_TABLE"] = "any"
    finished = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return set(finished.stdout.split())


def imported_later(folder: str) -> set[str]:
    """The modules that the functions of a handler import when a request needs them."""
    tree = ast.parse(template.handler(folder).read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    lines = [node for function in functions for node in ast.walk(function) if isinstance(node, ast.ImportFrom)]
    named = [(str(line.module), alias.name) for line in lines for alias in line.names]
    return {f"{module}.{name}" if name.islower() else module for module, name in named}


@pytest.mark.parametrize("folder", sorted(template.functions()))
def test_a_cold_start_imports_only_what_it_needs(folder: str) -> None:
    found = imported(folder)
    hot = folder in HOT
    needless = {name for name in (*NEVER, *(NOT_WHEN_HOT if hot else ())) if name in found}
    if folder != CALLS_STRANGERS:
        needless |= {name for name in (HTTP_CLIENT if hot else HTTP_CLIENT[:1]) if name in found}
    needless |= imported_later(folder) & found
    assert not needless, f"{folder} imports {sorted(needless)}"
    most = 560 if folder == CALLS_STRANGERS else 460 if hot else 660
    assert len(found) <= most, f"{folder} imports {len(found)} modules"


def test_telling_outcomes_apart_needs_no_http() -> None:
    """Webhooks' health, formats and the simulator import the outcomes of attempts.

    Only the deliverer sends requests.
    """
    code = (
        "import sys, ferryman.outbound.outcomes as _; print(*{'http', 'ssl', 'socket', 'requests'} & set(sys.modules))"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "layers/ferryman")}
    finished = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert not finished.stdout.split()


_BUILT = """
import sys
sys.modules["OpenSSL"] = None
import lambda_entry
from pydantic import BaseModel
waiting = list(BaseModel.__subclasses__())
for model in waiting:
    waiting += model.__subclasses__()
ours = [model for model in waiting if model.__module__.startswith("ferryman")]
assert len(ours) > 20
print(*sorted(model.__name__ for model in ours if model.__pydantic_complete__))
"""


def test_the_models_of_requests_and_answers_are_built_at_their_first_use() -> None:
    # pydantic builds the generic one as soon as it is given its parameter.
    assert _printed("bots", _BUILT) == {"Listing"}

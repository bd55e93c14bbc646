"""Runs tests in a copy of the checkout, in a process forked from one that has imported what is slow to import.

Reads one JSON list of arguments a line (`["pytest", …]` or `["simulation", …]`), and answers with one line each:
the exit code, or null when it had to be stopped, and what was printed.
"""

import json
import os
import runpy
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 120.0


def preload() -> None:
    """Third-party packages only: nothing of ours, which each run imports as it stands in the copy."""
    import aws_lambda_powertools.event_handler
    import boto3
    import hypothesis.stateful
    import moto
    import moto.dynamodb.models
    import moto.kms.models
    import moto.s3.models
    import moto.sqs.models
    import pytest
    import requests
    import stripe
    import yaml

    for service in ("dynamodb", "dynamodbstreams", "kms", "s3", "sqs"):
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        client: Any = boto3.client
        client(service, region_name="us-east-1", **keys)  # its description, parsed once
    del aws_lambda_powertools, hypothesis, moto, pytest, requests, stripe, yaml


def run(arguments: list[str]) -> tuple[int | None, str]:
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            os._exit(_run(arguments))
        deadline = time.monotonic() + PATIENCE_SECONDS
        code: int | None = None
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                break
            if time.monotonic() > deadline:
                os.kill(child, 9)
                os.waitpid(child, 0)
                break
            time.sleep(0.05)
        output.seek(0)
        return code, output.read().decode(errors="replace")


def _run(arguments: list[str]) -> int:
    try:
        if arguments[0] == "pytest":
            import pytest

            code = int(pytest.main(arguments[1:]))
        else:
            sys.argv = arguments
            try:
                runpy.run_module("tests.simulation", run_name="__main__", alter_sys=True)
                code = 0
            except SystemExit as ended:
                code = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
        code = 70
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def main() -> None:
    sys.path[:0] = [str(Path.cwd()), str(Path.cwd() / "layers/ferryman")]
    preload()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Starts and stops MiniStack, a local AWS in one process, with IAM enforced and on the loopback interface only."""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import boto3

from local import processes
from local.processes import Process
from tools.console import LocalError, tail

REGION = "us-east-1"
ACCOUNT = "000000000000"
# MiniStack's root account; the functions get keys of their own roles, and IAM is enforced for those.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
START_SECONDS = 30
STOP_SECONDS = 30


def endpoint(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def start(directory: Path, port: int, *, persistent: bool) -> Process:
    """Start MiniStack on `port`, and wait until it answers. MiniStack writes only below `directory`.

    Raises LocalError if the port is taken, or MiniStack does not answer.
    """
    if not processes.is_free(port):
        raise LocalError(
            f"Port {port}, wanted by MiniStack, is taken by {processes.who_listens(port)}.",
            f"Stop it, or choose another port: STACK_PORT={port + 1} make up",
        )
    _forget_stream_positions(directory)
    temporary = directory / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    log = directory / "ministack.log"
    process = processes.start(
        [sys.executable, "-P", str(Path(__file__).with_name("emulator.py"))],  # -P: our modules stay out of its path
        cwd=directory,
        env=_environment(directory, temporary, port, persistent=persistent),
        log=log,
    )
    try:
        _wait_until_healthy(process, port, log)
    except BaseException:
        processes.stop(process, patience=2)
        raise
    return process


def _wait_until_healthy(process: Process, port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not healthy(port):
        if not processes.alive(process) or time.monotonic() > deadline:
            raise LocalError(
                f"MiniStack did not start. Its last words:\n{tail(log)}",
                f"Read {log}; `make clean` starts from nothing.",
            )
        time.sleep(0.05)


def stop(process: Process) -> bool:
    """Stop MiniStack, and wait until it has saved its state. Returns False if it had to be killed."""
    return processes.stop(process, patience=STOP_SECONDS)


def healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint(port)}/_ministack/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def client(service: str, port: int) -> Any:
    """A boto3 client of MiniStack that ignores this machine's AWS profiles."""
    session: Any = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    return session.client(service, endpoint_url=endpoint(port))


def _forget_stream_positions(directory: Path) -> None:
    """Delete MiniStack's saved stream positions, so that the stream mappings start at the beginning.

    MiniStack saves how far each mapping has read, but not the records of the streams. After a restart it would skip as
    many new records as it had read before. The sweeper dispatches messages that the old streams still had.
    """
    saved = directory / "state/lambda.json"
    if saved.exists():
        state = json.loads(saved.read_text())
        state["payload"].pop("dynamodb_stream_positions", None)
        saved.write_text(json.dumps(state))


def _environment(directory: Path, temporary: Path, port: int, *, persistent: bool) -> dict[str, str]:
    """All environment variables of MiniStack. The functions inherit them, so there are as few as on Lambda."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "TMPDIR": str(temporary),
        "LANG": "en_US.UTF-8",
        "TZ": "UTC",
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "PERSIST_STATE": "1" if persistent else "0",
        "STATE_DIR": str(directory / "state"),
        "S3_PERSIST": "1" if persistent else "0",
        "S3_DATA_DIR": str(directory / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }

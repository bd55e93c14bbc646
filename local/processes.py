"""Starts background processes, recognises them later by pid and start time, and stops them with their children."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict


class Process(TypedDict):
    pid: int
    started: str  # tells our process from a later one that got the same pid


def start(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Process:
    """Start `command` in its own process group, detached from the terminal, writing to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return {"pid": child.pid, "started": _start_time(child.pid)}


def alive(process: Process | None) -> bool:
    return process is not None and _start_time(process["pid"]) == process["started"] != ""


def stop(process: Process, *, patience: float) -> bool:
    """End the process and the rest of its group. Returns False if the process was killed, after `patience` seconds."""
    if not alive(process):
        return True
    pid = process["pid"]
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while (gentle := time.monotonic() < deadline) and alive(process):
        _reap(pid)
        time.sleep(0.02)
    # The group's id is its leader's pid, alive or not. The group may be empty; macOS answers EPERM for zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    _reap(pid)
    return gentle


def _reap(pid: int) -> None:
    """Collect the exit status of a child of this process, so that it does not remain as a zombie."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _start_time(pid: int) -> str:
    """The start time of the process as the operating system writes it; empty if it has ended or is a zombie."""
    try:
        # Field 2, the command, may contain spaces and parentheses: count from the last closing one.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    else:
        return "" if fields[0] in "ZX" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return "" if shown.startswith("Z") else shown.partition(" ")[2].strip()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def who_listens(port: int) -> str:
    """The program that listens on a port, such as `nginx (pid 812)`; `another program` if lsof and ss cannot tell."""
    if shutil.which("lsof"):
        words = _output("lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc").split("\n")
        found = {line[0]: line[1:] for line in words if line}
        if "p" in found:
            return f"{found.get('c', 'a program')} (pid {found['p']})"
    if shutil.which("ss"):
        users = _output("ss", "-ltnpH", f"sport = :{port}").partition('users:(("')[2]
        if users:
            return f"{users.partition('"')[0]} (pid {users.partition('pid=')[2].partition(',')[0]})"
    return "another program"


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout

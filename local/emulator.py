"""MiniStack with faster deployments and starts: `python local/emulator.py` replaces `python -m ministack`.

MiniStack unpacks a function and its layers for every worker process, 3,800 files and 60 MB each, in one process and so
one worker after the other. That took half of the time in which the functions start, and 3 GB of disk. This module
unpacks an archive for the first worker only, and gives the others links to these files. No function changes them, as
the files are read-only on Lambda. Templates are read and translated as in tools/sam.py.
"""

import hashlib
import os
import runpy
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml
from ministack.core import lambda_runtime

_one_at_a_time = threading.Lock()


class SharedArchive(zipfile.ZipFile):
    """An archive that is unpacked once, into the directory for temporary files. `extractall` links to that copy."""

    def namelist(self) -> list[str]:
        """The top-level names, for which `extractall` creates links.

        MiniStack resolves each name three times, so a short list saves time.
        """
        return sorted({name.partition("/")[0] for name in super().namelist()})

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        if path is None or members is not None or not self.filename:
            super().extractall(path, members, pwd)
            return
        for file in self._copy(Path(self.filename), pwd).iterdir():
            Path(path, file.name).symlink_to(file)

    def _copy(self, archive: Path, pwd: bytes | None) -> Path:
        with archive.open("rb") as content:
            copy = Path(tempfile.gettempdir(), "unpacked", hashlib.file_digest(content, "sha256").hexdigest())
        with _one_at_a_time:
            if not copy.exists():
                unfinished = Path(f"{copy}.{os.getpid()}")
                super().extractall(unfinished, super().namelist(), pwd)
                unfinished.rename(copy)
        return copy


def main() -> None:
    sys.path.append(
        str(Path(__file__).resolve().parents[1])
    )  # at the end: nothing of ours hides a module of MiniStack's
    from tools import transform

    names = {name: getattr(zipfile, name) for name in zipfile.__all__}
    lambda_runtime.zipfile = SimpleNamespace(**names | {"ZipFile": SharedArchive})
    yaml.SafeLoader = yaml.CSafeLoader  # type: ignore[misc,assignment]
    with transform.without_copies():
        runpy.run_module("ministack", run_name="__main__")


if __name__ == "__main__":
    main()

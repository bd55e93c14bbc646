"""Builds the page at /docs: `python -m tools.reference_page`.

The command compresses the files of OpenAPI Explorer into functions/web/reference/static, so that the function need not
compress them for each request. It skips the build if the lock file of the npm package has not changed.
"""

import gzip
import hashlib
import shutil
from pathlib import Path

from tools import console, node
from tools.console import step

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path("functions") / "web" / "reference"
TARGET = SOURCE / "static"
# Each file of the package that the page needs, or that its licence asks to be kept beside them.
FILES = ("dist/browser/openapi-explorer.min.js", "LICENSE")


def build(root: Path) -> bool:
    """Build the page's files, unless the lock file is that of the last build. Returns whether it built anything."""
    target, place = root / TARGET, root / ".local" / "reference"
    wanted = hashlib.sha256((root / SOURCE / "package-lock.json").read_bytes()).hexdigest()
    mark = target / "built"
    if mark.exists() and mark.read_text() == wanted:
        return False
    node.install(root / SOURCE, place, everything=False)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for name in FILES:
        content = (place / "node_modules" / "openapi-explorer" / name).read_bytes()
        (target / f"{Path(name).name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    mark.write_text(wanted)
    return True


def main() -> None:
    with step("Building the page at /docs"):
        build(ROOT)


if __name__ == "__main__":
    console.run(main)

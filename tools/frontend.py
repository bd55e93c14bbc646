"""Builds and checks the console: `python -m tools.frontend` builds it into functions/web/console/static.

A build or an installation is skipped if the last one had the same sources. The npm packages are in .local/console; the
link console/node_modules leads there, for editors and for Node.
"""

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools import console, locks, node
from tools.console import LocalError, step

ROOT = Path(__file__).resolve().parents[1]
SOURCE = "console"
TARGET = Path("functions") / "web" / "console" / "static"
SCHEMA = Path(SOURCE) / "src" / "api" / "schema.d.ts"
OPENAPI = Path("functions") / "web" / "reference" / "openapi.yaml"
SNIPPETS = Path("docs") / "snippets"  # the console shows them
# A browser loads the page, these chunks and all their imports before it shows a screen. The limits are those of gzip.
CHUNKS = {"sign-in": ("core", "sign_in"), "overview": ("core", "shell", "overview")}
LIMITS_KB = {"sign-in": 155, "overview": 215}


def sources(root: Path) -> Iterator[Path]:
    """The source files of the build."""
    yield from sorted(path for path in (root / SNIPPETS).glob("*") if path.is_file())  # Python leaves a folder there
    for path in sorted((root / SOURCE).rglob("*")):
        inside = path.relative_to(root / SOURCE).parts
        if path.is_file() and inside[0] != "node_modules" and path != root / SCHEMA:
            yield path


def fingerprint(root: Path) -> str:
    """A hash of the paths and contents of all `sources`."""
    digest = hashlib.sha256()
    for path in sources(root):
        digest.update(f"\0{path.relative_to(root)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build(root: Path) -> bool:
    """Build the console, unless the sources are those of the last build. Returns whether it built anything."""
    with locks.alone(_lock(root)):
        mark, target = _place(root) / "built", root / TARGET
        wanted = fingerprint(root)
        if mark.exists() and mark.read_text() == wanted and (target / "index.html").exists():
            return False
        mark.unlink(missing_ok=True)
        _install(root, everything=False)
        fresh = _place(root) / "dist"
        vite = str(root / SOURCE / "node_modules" / "vite" / "bin" / "vite.js")
        command = [vite, "build", "--outDir", str(fresh), "--emptyOutDir", "--logLevel", "warn"]
        node.run(command, root / SOURCE, _place(root) / "build.log", "vite build")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(fresh, target, ignore=shutil.ignore_patterns(".vite"))
        mark.write_text(wanted)
        return True


def install(root: Path) -> None:
    """Install the npm packages of the lock file, including those for checks, and link them into console/."""
    with locks.alone(_lock(root)):
        _install(root, everything=True)


def _install(root: Path, *, everything: bool) -> None:
    node.install(root / SOURCE, _place(root), everything)
    link = root / SOURCE / "node_modules"
    if not link.is_symlink():
        if link.is_dir():
            shutil.rmtree(link)
        link.symlink_to(_place(root) / "node_modules")


def check() -> None:
    """Check the console: types against openapi.yaml, lint, missing styles, and the size budget.

    Raises `LocalError` at the first failure.
    """
    install(ROOT)
    modules = ROOT / SOURCE / "node_modules"
    commands: list[list[str | Path]] = [
        [
            modules / "openapi-typescript/bin/cli.js",
            ROOT / OPENAPI,
            "--default-non-nullable",
            "false",
            "-o",
            ROOT / SCHEMA,
        ],
        [modules / "typescript/bin/tsc", "--noEmit"],
        [modules / "eslint/bin/eslint.js", "--max-warnings", "0", "."],
    ]
    for command in commands:
        finished = subprocess.run(
            [node.NODE, *command],
            cwd=ROOT / SOURCE,
            env=node.environment(),
            check=False,
            capture_output=True,
            text=True,
        )
        if finished.returncode:
            print(finished.stdout, finished.stderr, sep="\n")
            raise LocalError(f"{Path(command[0]).stem} finds fault with the console.", "Its words are above.")
    if missing := unstyled(ROOT):
        raise LocalError(f"No styles for {', '.join(missing)}.", "Import them in console/src/mantine.css.")
    build(ROOT)
    manifest = json.loads((_place(ROOT) / "dist" / ".vite" / "manifest.json").read_text())
    for screen, limit in LIMITS_KB.items():
        size = first_load(ROOT / TARGET, manifest, CHUNKS[screen])
        print(f"The console's {screen} loads {size / 1000:.0f} kB by gzip, of {limit} at most.")
        if size > limit * 1000:
            raise LocalError(f"The console's {screen} loads too much.", "Load what it does not show at first later.")


def unstyled(root: Path) -> list[str]:
    """Names of Mantine components that the console uses without importing their styles."""
    source = root / SOURCE / "src"
    imported = (source / "mantine.css").read_text()
    text = "".join(path.read_text() for path in sorted(source.rglob("*.tsx")))
    named = {
        name.strip()
        for names in re.findall(r"import \{([^}]*)\} from '@mantine/core'", text)
        for name in names.split(",")
    }
    styles = root / SOURCE / "node_modules" / "@mantine" / "core" / "styles"
    return sorted(name for name in named if (styles / f"{name}.css").exists() and f"/{name}.css" not in imported)


def first_load(target: Path, manifest: dict[str, Any], chunks: tuple[str, ...]) -> int:
    """The compressed bytes of the first page load: the page, its first script, the named chunks, and their imports."""
    keys = [key for key, chunk in manifest.items() if chunk.get("name") in ("first", *chunks)]
    for key in keys:
        keys += [one for one in manifest[key].get("imports", ()) if one not in keys]
    names = {"index.html"}.union(*([manifest[key]["file"], *manifest[key].get("css", ())] for key in keys))
    return sum(len(gzip.compress((target / name).read_bytes(), 6)) for name in names)


def _place(root: Path) -> Path:
    return root / ".local" / "console"


def _lock(root: Path) -> Path:
    """The lock for builds and installations, which several stages of `make test` can start at the same time."""
    return _place(root) / "lock"


def main() -> None:
    if sys.argv[1:] == ["check"]:
        check()
        return
    with step("Building the console"):
        build(ROOT)


if __name__ == "__main__":
    console.run(main)

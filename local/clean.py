"""`make clean`: stop the embedded stack, and delete its data and all builds."""

import shutil

from local import stack
from tools import console

LEFTOVERS = (".aws-sam", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache")


def main() -> None:
    here = stack.default()
    here.down()
    for path in here.directory.iterdir():
        if path.name not in ("uv", "console"):  # tools, not leftovers
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in LEFTOVERS:
        shutil.rmtree(here.root / name, ignore_errors=True)
    print("Clean. The installed tools (.venv, .local/uv and .local/console) stay; remove them by hand if you want to.")


if __name__ == "__main__":
    console.run(main)

"""The project's layout: names, the direction of imports, locked packages, a sample event for each function."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support import template

ROOT = template.ROOT
FUNCTIONS = sorted(template.functions())
PACKAGE = ROOT / "layers" / "ferryman" / "ferryman"
MODULES = sorted(PACKAGE.rglob("*.py"))
HANDLERS = sorted((ROOT / "functions").glob("*/*/handler.py"))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- dependencies between modules -------------------------------------------------------------------------


def test_dependencies_point_one_way() -> None:
    """pyproject.toml has the contracts, under tool.importlinter."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    path = {"PYTHONPATH": f"{PACKAGE.parent}:{ROOT}", "PATH": "/usr/bin:/bin"}
    finished = subprocess.run(command, cwd=ROOT, env=path, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "kept, 0 broken" in finished.stdout


def test_no_two_folders_import_each_other() -> None:
    """Inside a neighbourhood, the folders do not import each other either."""
    pairs = {(path.parent, folder) for path in MODULES for folder in _imported_folders(path) - {path.parent}}
    both_ways = {
        (name_of(one), name_of(other))
        for one, other in pairs
        if (other, one) in pairs and one not in other.parents and other not in one.parents
    }
    assert not both_ways


def _imported_folders(path: Path) -> set[Path]:
    """The folders of the package from which a module imports."""
    folders = set()
    for statement in ast.walk(ast.parse(path.read_text())):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").startswith("ferryman"):
            source = PACKAGE.parent.joinpath(*str(statement.module).split("."))
            for alias in statement.names:
                imported = source / alias.name
                if imported.is_dir():
                    folders.add(imported)
                elif imported.with_suffix(".py").exists() or source.is_dir():
                    folders.add(source)
                else:
                    folders.add(source.parent)
    return folders


@pytest.mark.parametrize("path", [*MODULES, *HANDLERS], ids=name_of)
def test_importing_needs_no_environment(path: Path) -> None:
    """Only settings.py reads the environment, and only when a setting is needed."""
    if path.name == "settings.py":
        return
    text = path.read_text()
    assert "os.environ" not in text
    assert "getenv" not in text


def test_every_module_can_be_imported_without_aws() -> None:
    code = "import importlib, sys; list(map(importlib.import_module, sys.argv[1:])); assert 'boto3' not in sys.modules"
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__") for path in MODULES
    ]
    finished = subprocess.run(
        [sys.executable, "-c", code, *names],
        env={"PYTHONPATH": str(PACKAGE.parent), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("path", [*MODULES, *HANDLERS], ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    if path.name != "__init__.py":
        assert ast.get_docstring(ast.parse(path.read_text())), path


@pytest.mark.parametrize("path", HANDLERS, ids=name_of)
def test_a_handler_is_thin(path: Path) -> None:
    """A handler imports only our package and the standard library.

    From the module for tables, it uses only `store.load`.

    Powertools' `Body` and `Query` are the exception, because they belong in the signature of a route.
    """
    imported, used = set(), set()
    for statement in ast.walk(ast.parse(path.read_text())):
        if isinstance(statement, ast.Attribute) and isinstance(statement.value, ast.Name):
            used.add(f"{statement.value.id}.{statement.attr}")
        if isinstance(statement, ast.ImportFrom):
            imported |= {f"{statement.module}.{alias.name}" for alias in statement.names}
        elif isinstance(statement, ast.Import):
            imported |= {alias.name for alias in statement.names}
    assert {name for name in used if name.startswith("store.")} <= {"store.load"}
    words = "aws_lambda_powertools.event_handler.openapi.params"
    imported -= {f"{words}.Body", f"{words}.Query"}
    foreign = {name.partition(".")[0] for name in imported} - {"ferryman"} - set(sys.stdlib_module_names)
    assert not foreign


def test_no_test_file_is_longer_than_600_lines() -> None:
    """A longer file has more than one subject."""
    tests = (ROOT / "tests").rglob("*.py")
    assert not {str(path.relative_to(ROOT)) for path in tests if len(path.read_text().splitlines()) > 600}


def test_no_test_module_is_imported_by_another() -> None:
    """Helpers of several tests are in modules of their own, and fixtures in a conftest."""
    importing = re.compile(r"^from (tests\.\S*\btest_|tests\.\S+ import test_)", re.MULTILINE)
    assert not {name_of(path) for path in (ROOT / "tests").rglob("*.py") if importing.search(path.read_text())}


@pytest.mark.parametrize("path", [*MODULES, *HANDLERS], ids=name_of)
def test_nothing_unfinished_is_in_the_code(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"(?i)\b(todo|fixme|xxx|hack)\b|NotImplemented", text)
    assert "log_event=True" not in text
    assert "inject_lambda_context" not in text or "log_event" not in text


def test_every_aggregate_has_its_words() -> None:
    """A folder with a table has the same name as the table, and as the template's resource and variable."""
    for path in PACKAGE.rglob("table.py"):
        names = re.findall(r'^TABLE = "(\w+)"', path.read_text(), re.MULTILINE)
        assert len(names) == 1, path
        assert names[0] in (path.parent.name, path.parent.parent.name), path
        resource = "".join(part.title() for part in names[0].split("_")) + "Table"
        assert resource in template.resources("AWS::DynamoDB::Table"), (
            f"{path} has no table {resource} in template.yaml"
        )


# --- events -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", FUNCTIONS)
def test_every_function_has_a_sample_event(folder: str) -> None:
    assert (ROOT / "events" / f"{folder}.json").exists(), (
        f"events/{folder}.json is missing: a sample for `sam local invoke`, sent by tests/integration/test_events.py"
    )


def test_every_sample_event_has_its_function() -> None:
    assert {path.stem for path in (ROOT / "events").glob("*.json")} == set(FUNCTIONS)


# --- locked packages --------------------------------------------------------------------------------------

LOCK = tomllib.loads((ROOT / "uv.lock").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKED: dict[str, dict[str, Any]] = {package["name"]: package for package in LOCK["package"]}


def exported() -> dict[str, tuple[str, set[str]]]:
    """The packages of layers/dependencies/requirements.txt, as package → (version, hashes)."""
    text = (ROOT / "layers" / "dependencies" / "requirements.txt").read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        match = re.match(r"([a-z0-9-]+)==([^\s;]+)", line)
        if match:
            found[match[1]] = (match[2], set(re.findall(r"--hash=(\S+)", line)))
    return found


def needed_on_lambda() -> set[str]:
    """The runtime packages and all their dependencies, from the lock file."""
    waiting = list(LOCKED["ferryman"]["dependencies"])
    needed: set[str] = set()
    while waiting:
        dependency = waiting.pop()
        package = LOCKED[dependency["name"]]
        for extra in dependency.get("extra", []):
            waiting += package["optional-dependencies"][extra]
        if package["name"] not in needed:
            needed.add(package["name"])
            waiting += package.get("dependencies", [])
    return needed


def test_the_lock_is_about_what_pyproject_asks_for() -> None:
    asked = {re.split(r"[<>=\[]", text)[0]: re.sub(r"^[\w.-]+(\[.*\])?", "", text) for text in PROJECT["dependencies"]}
    locked = {item["name"]: item.get("specifier", "") for item in LOCKED["ferryman"]["metadata"]["requires-dist"]}
    assert asked == locked, "run make lock"


def test_the_layer_gets_exactly_the_locked_packages() -> None:
    assert set(exported()) == needed_on_lambda(), "run make lock"


@pytest.mark.parametrize("name", sorted(needed_on_lambda()))
def test_a_package_of_the_layer_is_pinned_as_locked(name: str) -> None:
    version, hashes = exported()[name]
    package = LOCKED[name]
    files = [*package.get("wheels", []), *([package["sdist"]] if "sdist" in package else [])]
    assert version == package["version"], "run make lock"
    assert hashes == {file["hash"] for file in files}, "run make lock"

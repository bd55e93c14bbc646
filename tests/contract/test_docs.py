"""Pages name only things that exist: files, links, commands, routes, parameters, permissions, tests."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from ferryman.webhooks.signing import fm_signature

from bench import pages
from bench.__main__ import PARTS
from simulator import faults
from tests.support import template
from tools import docs, openapi

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "simulator").glob("*.md"))]
TOP = {path.name for path in ROOT.iterdir()}
RESOURCES = template.deployed()["Resources"]
OUTPUTS = template.load()["Outputs"]
# Words of AWS and of others that our own files need not hold.
FOREIGN = {
    "AccessDeniedException", "ApiGatewayDomainName", "ImportModuleError", "requestContext", "enable_validation",
    "override-dependencies", "AWS_ENDPOINT_URL_DYNAMODB", "http.client._MAXHEADERS", "importlib.resources",
    "ROLLBACK_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED",
    "AWS_ROLE_ARN", "AWS_REGION", "SMOKE_TOKEN",
}  # fmt: skip

# Addresses of the products that docs/coverage.md measures us against.
DIALECTS = ("/webhooks/", "/api/v4/")

DATE_AND_STATUS = (
    r"Date: (\d{4}-\d\d-\d\d)\. Status: (accepted|replaced by \d+(?: in part)?)(?::.*|\.(?: Replaces (.+))?)"
)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def _prose(page: Path) -> str:
    """A page without its code blocks."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def _code(page: Path) -> str:
    """All code in a page: its blocks, and the words between backticks."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return "\n".join([*blocks, *_words(page)])


def _words(page: Path) -> list[str]:
    return re.findall(r"`([^`\n]+)`", _prose(page))


def _slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _anchors(page: Path) -> set[str]:
    return {_slug(heading) for heading in re.findall(r"^#+ (.+)$", _prose(page), flags=re.MULTILINE)}


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(page)):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{target} does not exist"
        assert linked.is_relative_to(ROOT), f"{target} is outside the project"
        if anchor:
            assert anchor in _anchors(linked), f"{linked.name} has no heading for #{anchor}"


@each_page
def test_files_exist(page: Path) -> None:
    for word in re.findall(r"[\w./-]+", _code(page)):
        first, slash, _ = word.partition("/")
        if slash and first in TOP and first not in {".local", ".venv"}:  # those two are made by `make`
            assert (ROOT / word).exists(), f"{word} does not exist"


@each_page
def test_make_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for target in re.findall(r"\bmake ([a-z][a-z0-9-]*)", _code(page)):
        assert target in targets, f"make {target} is not a target"


@each_page
def test_routes_exist(page: Path) -> None:
    routes = {*template.routes(), *(route.key for route in openapi.routes())}
    for method, path in re.findall(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/{}.+-]*[\w}])", _code(page)):
        if path != "/your/path" and not path.startswith(DIALECTS):
            assert f"{method} {path}" in routes, f"{method} {path} is not a route"
    shapes = {re.sub(r"\{\w+\}", "*", route.partition(" ")[2]) for route in routes}
    for path in re.findall(r'\$API(/[^"?\s]*)', re.sub(r"\$\([^)]*\)", "*", _code(page))):
        assert re.sub(r"\$\w+", "*", path) in shapes, f"{path} is not a route"


@each_page
def test_resources_and_environments_in_commands_exist(page: Path) -> None:
    code = _code(page)
    for name in re.findall(r"(?:remote invoke|physical) (\w+)", code):
        assert name in RESOURCES, f"{name} is not a resource"
    for name in re.findall(r"\$\(output (\w+)\)", code):
        assert name in OUTPUTS, f"{name} is not an output"
    environments = tomllib.loads((ROOT / "samconfig.toml").read_text())
    for name in re.findall(r"--config-env ([\w-]+)", code):
        assert name in environments, f"{name} is not in samconfig.toml"


@pytest.fixture(scope="module")
def vocabulary() -> set[str]:
    """Every word in the templates, the configuration and the code."""
    files = [
        ROOT / name
        for name in (
            "template.yaml",
            "data.yaml",
            "operations.yaml",
            "samconfig.toml",
            "pyproject.toml",
            "Makefile",
            "console/src/texts.ts",
        )
    ]
    for folder in ("layers/ferryman", "functions", "local", "simulator", "tools", "docs/snippets"):
        files += (ROOT / folder).rglob("*.py")
    words = {word for file in files for word in re.findall(r"[\w-]+", file.read_text())}
    # docs/functions.md writes the template's names as folders are: SlowDeliveriesQueue is queue `slow_deliveries`.
    things = (re.fullmatch(r"([A-Z]\w+)(?:Queue|Table|Bucket|Key)", word) for word in words)
    return words | {re.sub(r"(?<!^)(?=[A-Z])", "_", thing[1]).lower() for thing in things if thing}


@each_page
def test_parameters_variables_and_names_exist(page: Path, vocabulary: set[str]) -> None:
    """Each word in backticks that looks like one of our names (`RetryDelays`, `ids.delivery`, `MAX_TEXT`) exists."""
    if page.name in ("coverage.md", "mentions.md"):
        return  # they speak the words of five other products, and of made-up messages
    made_here = set(
        re.findall(r"[\w.-]+", "".join(re.findall(r"^```.*?^```$", page.read_text(), re.MULTILINE | re.DOTALL)))
    )
    for word in _words(page):
        if not re.fullmatch(r"[A-Za-z][\w.-]*", word) or not re.search(r"[a-z][A-Z]|_|\w\.\w", word):
            continue
        if word in FOREIGN | made_here or word.startswith("X-") or (ROOT / word).exists():
            continue
        unknown = [part for part in word.split(".") if not {part, part.rstrip("_")} & vocabulary]
        assert not unknown, f"nothing is called {word}"


def test_generated_files_are_fresh() -> None:
    """`make docs` writes functions.md from the template, receivers.md from the events, roles.md from the scopes."""
    stale = [path.name for path, text in docs.files().items() if path.read_text() != text]
    assert not stale, "run `make docs`"


def test_the_permissions_shown_are_those_of_the_template() -> None:
    """The test parses the page, without the code that generates it. The page lists each action on each resource."""
    sections = _sections((ROOT / "docs/functions.md").read_text(), r"`(\w+)`")
    assert set(sections) == set(template.functions())
    for folder, section in sections.items():
        (listed,) = re.findall(r"^- \*\*May touch:\*\*(.*?)(?=^- |\Z)", section, re.MULTILINE | re.DOTALL)
        shown = {
            (action, re.sub(r"[_.]", "", name))
            for name, actions in re.findall(r"\w+ `([\w.]+)`: (.+)", listed)
            for action in actions.split(", ")
        }
        assert shown == set(_permissions(folder)), folder


def _sections(text: str, label: str) -> dict[str, str]:
    """The text below each heading of the third level that begins with `label`, by its first group."""
    parts = re.split(r"^(#{1,3} .+)$", text, flags=re.MULTILINE)
    headings = [re.match(rf"### {label}", heading) for heading in parts[1::2]]
    return {match[1]: body for match, body in zip(headings, parts[2::2], strict=True) if match}


def _permissions(folder: str) -> Iterator[tuple[str, str]]:
    for statement in template.statements(folder):
        actions, resources = statement["Action"], statement["Resource"]
        for action in actions if isinstance(actions, list) else [actions]:
            for resource in resources if isinstance(resources, list) else [resources]:
                named = resource["Fn::Sub"] if "Fn::Sub" in resource else resource["Fn::GetAtt"][0]
                name, _, index = re.sub(r"[${}]|\.Arn|/\*", "", named).partition("/index/")
                yield action.partition(":")[2], (re.sub("(Table|Queue|Key|Bucket|LogGroup)$", "", name) + index).lower()


@pytest.mark.parametrize("page", [README, ROOT / "docs/receivers.md"], ids=lambda page: page.name)
def test_readers_find_the_programs_that_verify_a_signature(page: Path) -> None:
    """tests/unit/test_verification_snippets.py runs these programs."""
    for name in ("verify.py", "verify.mjs", "verify.go", "verify.rb", "verify.php", "verify.sh"):
        assert f"snippets/{name})" in page.read_text(), f"{page.name} does not link {name}"


def test_the_readme_is_short_and_begins_with_the_picture() -> None:
    lines = README.read_text().splitlines()
    assert len(lines) < 200
    assert next(line for line in lines[1:] if line) == "<picture>"


def test_the_architecture_names_every_neighbourhood() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    package = ROOT / "layers/ferryman/ferryman"
    folders = [path.parent for path in package.glob("*/__init__.py")] + [
        path for path in (ROOT / "functions").glob("[a-z]*") if path.is_dir()
    ]
    missing = [path.name for path in folders if f"]({path.relative_to(ROOT)})" not in text]
    modules = [path.stem for path in package.glob("*.py") if path.stem != "__init__" and f"`{path.stem}`" not in text]
    assert not [*missing, *modules]


def test_both_pictures_draw_the_same() -> None:
    """The light and the dark picture differ in their colours only."""
    light, dark = ((ROOT / f"docs/images/architecture-{theme}.svg").read_text() for theme in ("light", "dark"))
    assert light != dark
    colours = re.compile(r"#[0-9a-f]{6}|color-scheme: \w+")
    assert colours.sub("", light) == colours.sub("", dark)


def test_every_decision_has_a_date_and_a_status_and_stands_in_the_index() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    expected = []
    for page in pages:
        lines = page.read_text().splitlines()
        number, title = re.fullmatch(r"# (\d+)\. (.+)", lines[0]).groups()  # type: ignore[union-attr]
        date, status, older_ones = re.fullmatch(DATE_AND_STATUS, lines[2]).groups()  # type: ignore[union-attr]
        assert page.name.startswith(f"{int(number):04}-")
        for replaced in re.findall(r"\[(\d+)\]", older_ones or ""):
            (older,) = (ROOT / "docs/decisions").glob(f"{int(replaced):04}-*.md")
            assert f"Status: replaced by {number}" in older.read_text(), f"{older.name} must name {number}"
        expected.append(f"| {number} | [{title}]({page.name}) | {date} | {status} |")
    index = (ROOT / "docs/decisions/README.md").read_text()
    assert [line for line in index.splitlines() if re.match(r"\| \d", line)] == expected


@each_page
def test_pictures_exist(page: Path) -> None:
    for path in re.findall(r'(?:src|srcset)="([^"]+)"', _prose(page)):
        assert (page.parent / path).is_file(), f"{path} does not exist"


def test_the_example_of_a_signature_is_right() -> None:
    (block,) = re.findall(
        r"^```\n(secret .*?)^```$", (ROOT / "docs/receivers.md").read_text(), re.MULTILINE | re.DOTALL
    )
    example = dict(re.findall(r"^(secret|timestamp|body|header) +(.+)$", block, re.MULTILINE))
    assert fm_signature([example["secret"]], int(example["timestamp"]), example["body"].encode()) == example["header"]


def test_each_row_that_coverage_calls_done_names_a_test() -> None:
    rows = re.findall(r"^\| [A-Z]{2}\d+ \|.*$", (ROOT / "docs/coverage.md").read_text(), flags=re.MULTILINE)
    assert len(rows) > 100
    statuses = {row.rsplit(" | ", 1)[1].removesuffix(" |") for row in rows}
    assert all(status.startswith(("done", "part: ", "not yet")) for status in statuses), statuses
    assert [row for row in rows if row.endswith(" done |") and "`tests/" not in row] == []


@pytest.mark.parametrize("name", ["coverage", "reliability", "security"])
def test_the_tests_that_a_page_names_exist(name: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", (ROOT / f"docs/{name}.md").read_text())
    assert named
    for file, test in named:
        assert (ROOT / file).exists(), f"{file} does not exist"
        assert not test or re.search(rf"^def {test}\(", (ROOT / file).read_text(), re.MULTILINE), f"{file}::{test}"


@pytest.mark.parametrize(
    ("name", "label", "count"), [("reliability", "F", 40), ("security", "T", 39), ("security", "S", 6)]
)
def test_every_fault_and_threat_has_its_answer(name: str, label: str, count: int) -> None:
    """Each fault and each threat has a section that names the code, and a test that fails without that code."""
    sections = _sections((ROOT / f"docs/{name}.md").read_text(), rf"({label}\d+)\.")
    assert list(sections) == [f"{label}{number}" for number in range(1, count + 1)]
    for heading, section in sections.items():
        assert re.search(r"^- \*\*Where:\*\*\s+\[", section, re.MULTILINE), heading
        assert re.search(r"^  - `tests/", section, re.MULTILINE), heading


def test_the_faults_that_reliability_names_are_the_simulators() -> None:
    named = set(re.findall(r"(?<!\*)\*(\w+\.\w+)\*(?!\*)", (ROOT / "docs/reliability.md").read_text()))
    assert named
    assert named <= set(faults.KINDS)


def test_the_figures_shown_are_those_that_were_measured() -> None:
    """`make bench` writes the results and the page; each part of the benchmark has its table."""
    text = pages.PERFORMANCE.read_text()
    assert pages.performance(pages.load()) == text
    assert set(re.findall(r"<!-- measured: (\w+) -->", text)) == set(PARTS) == set(pages.load())


def test_the_versions_of_senders_are_those_that_the_tests_install() -> None:
    clients = ROOT / "tests" / "e2e" / "clients"
    pinned = dict(line.split("==") for line in (clients / "requirements.txt").read_text().splitlines() if "==" in line)
    pinned |= json.loads((clients / "node" / "package.json").read_text())["dependencies"]
    locked = {one["name"]: one["version"] for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    pinned |= {"slack_sdk": locked["slack-sdk"], "apprise": locked["apprise"]}
    table = (ROOT / "docs" / "senders.md").read_text().partition("## Which clients work")[2]
    rows = re.findall(r"^\| (\S+)[^|]* \| (\S+) \|", table, re.MULTILINE)
    named = {(name.lower(), version) for name, version in rows if name != "client" and "-" not in version}
    assert len(named) == 14
    assert named == {(name, pinned[name]) for name, _ in named}
    folder = ROOT / "tests" / "e2e"
    programs = [*folder.glob("*.py"), *clients.glob("*.py"), *clients.glob("node/*.mjs")]
    sources = "".join(page.read_text() for page in programs).lower()
    assert [name for name, _ in named if name not in sources] == [], "no test runs them"


def test_the_changelog_says_each_thing_whole_and_once() -> None:
    """A merge can leave half of an entry, or an entry in two wordings."""
    items = re.findall(r"^- .*(?:\n  .*)*", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    entries = [" ".join(item.split()) for item in items]
    assert [entry for entry in entries if not entry.endswith(".")] == []
    beginnings = [entry[:40] for entry in entries]
    assert [beginning for beginning in beginnings if beginnings.count(beginning) > 1] == []

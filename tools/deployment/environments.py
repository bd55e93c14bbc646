"""An environment: its two stacks and their parameters, from samconfig.toml, ENV and PARAMETERS."""

import os
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import template
from tools.console import LocalError

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("dev", "staging", "prod")
KEPT = ("staging", "prod")  # protected against deletion


@dataclass(frozen=True)
class Environment:
    name: str
    stack: str
    commit: str
    parameters: dict[str, str]  # of template.yaml
    data_parameters: dict[str, str]

    @property
    def data_stack(self) -> str:
        return f"{self.stack}-data"

    @property
    def is_protected(self) -> bool:
        """Whether tables and stacks of this environment are protected against deletion after they are deployed."""
        return self.name in KEPT

    @property
    def data_tags(self) -> dict[str, str]:
        """The tags of the data stack. CloudFormation puts them on each of its resources.

        The commit is not among the tags; otherwise every release would change every table.
        """
        return {"Application": "ferryman", "Environment": self.name}

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the release's stack: those of the data stack, and the commit."""
        return self.data_tags | {"Commit": self.commit}


def chosen(root: Path = ROOT) -> Environment:
    """The environment that ENV names. PARAMETERS overrides parameters of samconfig.toml.

    Raises `LocalError` for an unknown ENV or parameter.
    """
    name = os.environ.get("ENV", "")
    if name not in NAMES:
        raise LocalError(
            f"ENV is {name!r}, which does not exist." if name else "ENV does not say which environment.",
            f"Choose one: ENV={'|'.join(NAMES)}. The embedded stack is started by `make up`.",
        )
    return load(root, name, _pairs(os.environ.get("PARAMETERS", "").split()))


def load(root: Path, name: str, overrides: dict[str, str]) -> Environment:
    """The environment `name` of samconfig.toml. Raises `LocalError` if neither template declares one of `overrides`."""
    config = tomllib.loads((root / "samconfig.toml").read_text())
    release, data = (config[f"{kind}{name}"]["deploy"]["parameters"] for kind in ("", "data-"))
    declared = {path: template.declared(root, path) for path in (template.RELEASE, template.DATA)}
    if unknown := [key for key in overrides if not any(key in names for names in declared.values())]:
        raise LocalError(f"PARAMETERS: no template has {unknown[0]}.", "docs/deployment.md lists the parameters.")

    def given(section: dict[str, Any], path: str) -> dict[str, str]:
        ours = {key: value for key, value in overrides.items() if key in declared[path]}
        return _pairs(section["parameter_overrides"]) | ours

    return Environment(
        name, release["stack_name"], commit(root), given(release, template.RELEASE), given(data, template.DATA)
    )


def _pairs(words: list[str]) -> dict[str, str]:
    if wrong := [word for word in words if "=" not in word]:
        raise LocalError(f"PARAMETERS: {wrong[0]!r} has no value.", "Write Name=value, with spaces between.")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def commit(root: Path) -> str:
    """The commit that is deployed, with `-changed` if files differ from it; `unknown` outside a repository."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty=-changed", "--abbrev=12"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"


def is_yes() -> bool:
    return os.environ.get("YES") == "1"


def confirm(question: str) -> None:
    """Ask the user, unless YES=1. Raises `LocalError` for any answer but yes."""
    if is_yes():
        return
    try:
        answer = input(f"\n{question} [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise LocalError("Stopped; nothing was changed by this step.", "YES=1 answers every question with yes.")

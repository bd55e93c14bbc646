"""Reads the parts of template.yaml, data.yaml and samconfig.toml that the tools need."""

import platform
import tomllib
from pathlib import Path
from typing import Any

import yaml

DATA = "data.yaml"  # what is kept
RELEASE = "template.yaml"  # what changes with each release


class _Loader(yaml.CSafeLoader):
    """Reads CloudFormation's short tags (!Ref, !Sub, …) as their plain values; the tag itself is dropped."""


def _ignore_tag(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _ignore_tag)


def document(root: Path) -> dict[str, Any]:
    """template.yaml with its references resolved: `!Ref X` as "X", `!GetAtt X.Arn` as "X.Arn".

    Each import becomes the value that data.yaml exports under this name.
    """
    exports = {
        output["Export"]["Name"].replace("${AWS::StackName}", "${AWS::StackName}-data"): _made(output["Value"])
        for output in _read(root / DATA)["Outputs"].values()
    }
    release: dict[str, Any] = _imported(_read(root / RELEASE), exports)
    return release


def _made(value: Any) -> Any:
    """The first branch of an `!If`, such as the key that data.yaml creates if the deployment names none."""
    return value[1] if isinstance(value, list) else value


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a SafeLoader
    return content


def _imported(value: Any, exports: dict[str, str]) -> Any:
    match value:
        case {"Fn::Sub": str(name)}:  # long forms stand in imports only: YAML allows one tag a value
            return exports[name]
        case dict():
            return {key: _imported(inner, exports) for key, inner in value.items()}
        case list():
            return [_imported(inner, exports) for inner in value]
    return value


def parameters(root: Path, template: str, overrides: dict[str, str]) -> dict[str, str]:
    """The parameters for the local deployment of one template.

    They are those of samconfig.toml, this machine's architecture and `overrides`, in rising priority. Parameters that
    the template does not declare are left out.
    """
    chosen = _samconfig(root) | {"Architecture": architecture()} | overrides
    declared = _read(root / template)["Parameters"]
    return {name: value for name, value in chosen.items() if name in declared}


def declared(root: Path, template: str) -> set[str]:
    """The names of a template's parameters."""
    return set(_read(root / template)["Parameters"])


def resources(root: Path, template: str, kind: str) -> set[str]:
    """The logical ids of a template's resources of one type."""
    return {name for name, item in _read(root / template)["Resources"].items() if item["Type"] == kind}


def reserving(root: Path) -> int:
    """How many functions of template.yaml reserve concurrency when `ApiReservedConcurrency` is set."""
    items = _read(root / RELEASE)["Resources"].values()
    return sum("ReservedConcurrentExecutions" in item.get("Properties", {}) for item in items)


def default(root: Path, parameter: str) -> str:
    """The default of a parameter of template.yaml."""
    return str(_read(root / RELEASE)["Parameters"][parameter]["Default"])


def _samconfig(root: Path) -> dict[str, str]:
    config = tomllib.loads((root / "samconfig.toml").read_text())
    written = config.get("local", {}).get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    words = written.split() if isinstance(written, str) else written
    return {name: value.strip('"') for name, _, value in (word.partition("=") for word in words)}


def architecture() -> str:
    """This machine's architecture by Lambda's name for it."""
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"

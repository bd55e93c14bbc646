"""Reads template.yaml and samconfig.toml for `local/`."""

import platform
import tomllib
from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Plain YAML with CloudFormation's short tags (!Ref, !Sub, …), whose meaning does not matter here."""


def _ignore_tag(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _ignore_tag)


def document(root: Path) -> dict[str, Any]:
    """The template, with `!Ref X` as "X" and `!GetAtt X.Arn` as "X.Arn"."""
    found: dict[str, Any] = yaml.load((root / "template.yaml").read_text(), _Loader)  # noqa: S506 - a SafeLoader
    return found


def parameters(root: Path, overrides: dict[str, str]) -> dict[str, str]:
    """The local deployment's parameters: samconfig.toml's, this machine's architecture, then `overrides`.

    Only those that the template declares are kept.
    """
    template = document(root)
    chosen = _samconfig(root) | {"Architecture": architecture()} | overrides
    return {name: value for name, value in chosen.items() if name in template.get("Parameters", {})}


def _samconfig(root: Path) -> dict[str, str]:
    config = tomllib.loads((root / "samconfig.toml").read_text())
    written = config.get("local", {}).get("deploy", {}).get("parameters", {}).get("parameter_overrides", [])
    words = written.split() if isinstance(written, str) else written
    return {name: value.strip('"') for name, _, value in (word.partition("=") for word in words)}


def architecture() -> str:
    """This machine's architecture in Lambda's words."""
    return "arm64" if platform.machine().lower() in ("arm64", "aarch64") else "x86_64"

"""`make validate`: cfn-lint with its warnings, and checkov on the templates after SAM's transform.

checkov requires another version of boto3 than ours, so it cannot be in the lock file; uv installs it into an
environment of its own.
"""

import copy
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
from samcli.yamlhelper import yaml_parse  # type: ignore[import-untyped]
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from tools import console, template, transform
from tools.console import LocalError, step

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = (template.RELEASE, template.DATA, "operations.yaml", "deployment-role.yaml")
CHECKOV = "checkov==3.3.30"
REGION = "us-east-1"
# Where `sam deploy` puts the code; the transform takes no directory.
_CODE = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}


def translated(document: dict[str, Any], **parameters: str) -> dict[str, Any]:
    """A template after SAM's transform, with `parameters` instead of its defaults.

    A template without a transform is unchanged.
    """
    document = copy.deepcopy(document)
    if "Transform" not in document:
        return document
    for item in document["Resources"].values():
        if (place := _CODE.get(item["Type"])) is not None:
            item["Properties"][place] = "s3://bucket/key"
    translator = Translator(managed_policy_map={}, sam_parser=Parser(), boto_session=boto3.Session(region_name=REGION))
    with transform.without_copies():
        found: dict[str, Any] = translator.translate(document, parameter_values=parameters)
    return found


def lint() -> None:
    """Run cfn-lint. Raises `LocalError` for any error or warning."""
    _run("cfn-lint", [str(Path(sys.executable).parent / "cfn-lint"), "--include-checks", "W", "--", *TEMPLATES])


def check_security(directory: Path) -> None:
    """Run checkov on the templates, which are written to `directory`. Raises `LocalError` for any finding.

    .checkov.yaml lists the findings that are skipped, each with a reason.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = []
    for name in TEMPLATES:
        path = directory / f"{Path(name).stem}.json"
        path.write_text(json.dumps(translated(yaml_parse((ROOT / name).read_text())), default=str))
        files += ["--file", str(path)]
    own = ROOT / ".local" / "uv" / "bin" / "uv"
    command = [str(own) if own.exists() else "uv", "tool", "run", "--quiet", "--python", "3.13", "--from", CHECKOV]
    _run("checkov", [*command, "checkov", "--config-file", str(ROOT / ".checkov.yaml"), *files])


def _run(name: str, command: list[str]) -> None:
    environment = os.environ | {"LOG_LEVEL": "ERROR"}
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise LocalError(
            f"{name} says:\n{(finished.stdout + finished.stderr)[-6000:]}",
            "Repair it, or give the exception and its reason: .checkov.yaml, or the resource's metadata.",
        )


def main() -> None:
    with step("cfn-lint, with warnings"):
        lint()
    with step(f"{CHECKOV}, on the translated templates"):
        check_security(ROOT / ".local" / "translated")


if __name__ == "__main__":
    console.run(main)

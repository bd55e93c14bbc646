"""SAM's transform without copies gives an equal result, and tools/sam.py runs from any directory."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from samtranslator.open_api import open_api

from tools import sam, transform, validate

ROUTES = ("/chats", "/messages", "/webhooks")


def _template() -> dict[str, Any]:
    """A template with an API that has each route of ROUTES, as the release's template does."""
    routes = [{"ApiId": {"Ref": "Api"}, "Method": "GET", "Path": path} for path in ROUTES]
    events = {f"Route{number}": {"Type": "HttpApi", "Properties": route} for number, route in enumerate(routes)}
    code = {"CodeUri": "code", "Handler": "handler.handler", "Runtime": "python3.13"}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Api": {"Type": "AWS::Serverless::HttpApi"},
            "Function": {"Type": "AWS::Serverless::Function", "Properties": {**code, "Events": events}},
        },
    }


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A list that gets each document that the transform copies."""
    copied: list[object] = []
    copy: Callable[[object], object] = open_api._deepcopy

    def counted(document: object) -> object:
        copied.append(document)
        return copy(document)

    monkeypatch.setattr(open_api, "_deepcopy", counted)
    return copied


def test_nothing_is_copied_inside_the_block_and_everything_after_it(copies: list[object]) -> None:
    document: dict[str, Any] = {"paths": {"/chats": {}}}
    with transform.without_copies():
        assert open_api._deepcopy(document) is document
    assert not copies
    assert open_api._deepcopy(document) is not document
    assert copies == [document]


def test_make_validate_and_the_contract_tests_copy_nothing(copies: list[object]) -> None:
    made = validate.translated(_template())
    assert not copies
    assert set(made["Resources"]["Api"]["Properties"]["Body"]["paths"]) == set(ROUTES)


def test_the_result_is_equal_to_that_with_copies(monkeypatch: pytest.MonkeyPatch, copies: list[object]) -> None:
    quick = validate.translated(_template())
    monkeypatch.setattr(transform, "without_copies", nullcontext)
    slow = validate.translated(_template())
    assert copies
    assert quick == slow


def test_the_sam_cli_runs_by_its_path_from_another_directory(tmp_path: Path) -> None:
    """`make build` starts it by its path, with `-P`, so that no module of ours hides one of SAM's."""
    command = [sys.executable, "-P", str(Path(sam.__file__)), "--version"]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("SAM CLI")

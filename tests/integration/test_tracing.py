"""Tracing is off unless the parameter `Tracing` turns it on; then one message can be followed through all functions."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import template
from tests.support.traced import TRACE_ID


def _run(tracing: str, directory: Path) -> dict[str, Any]:
    outcome = directory / "outcome.json"
    environment = os.environ | {"PYTHONPATH": f"{template.ROOT / 'layers/ferryman'}{os.pathsep}{template.ROOT}"}
    finished = subprocess.run(
        [sys.executable, "-m", "tests.support.traced", tracing, str(outcome)],
        cwd=template.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    found: dict[str, Any] = json.loads(outcome.read_text())
    return found


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _run("Active", tmp_path_factory.mktemp("traced"))


def _parts(segments: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All segments and subsegments, at any depth."""
    for segment in segments:
        yield segment
        yield from _parts(segment.get("subsegments", []))


def _annotated(traced: dict[str, Any], name: str) -> list[dict[str, str]]:
    return [
        part["annotations"] for part in _parts(traced["segments"]) if part["name"] == name and "annotations" in part
    ]


def test_one_message_is_found_in_every_function(traced: dict[str, Any]) -> None:
    message_id = traced["message_id"]
    assert {"message_id": message_id} in _annotated(traced, "handler"), "the function that accepted it"
    (event,) = _annotated(traced, "event")
    (delivery,) = _annotated(traced, "delivery")
    assert event["message_id"] == delivery["message_id"] == message_id
    assert delivery["delivery_id"] == traced["delivery_id"]
    assert event["event_id"] == delivery["event_id"]


def test_parts_of_a_trace_carry_the_trace_that_lambda_began(traced: dict[str, Any]) -> None:
    assert {part["trace_id"] for part in _parts(traced["segments"]) if "trace_id" in part} == {TRACE_ID}


def test_calls_to_aws_are_traced_without_what_they_say(traced: dict[str, Any]) -> None:
    operations = {part["aws"]["operation"] for part in _parts(traced["segments"]) if part.get("namespace") == "aws"}
    assert {"GetItem", "PutItem", "SendMessageBatch"} <= operations
    text = json.dumps(traced["segments"])
    assert traced["secret"] not in text
    assert traced["text"] not in text


def test_no_trace_reaches_a_receiver_and_no_receiver_enters_a_trace(traced: dict[str, Any]) -> None:
    assert not [name for name in traced["headers"] if "trace" in name.lower()]
    assert TRACE_ID not in json.dumps(traced["headers"])
    assert traced["receiver"] not in json.dumps(traced["segments"])


def test_log_lines_name_their_trace(traced: dict[str, Any]) -> None:
    assert {line["trace_id"] for line in traced["lines"]} == {TRACE_ID}


def test_nothing_is_traced_and_nothing_is_imported_when_it_is_off(tmp_path: Path) -> None:
    """Lambda gives every invocation a trace id, also without tracing."""
    untraced = _run("Disabled", tmp_path)
    assert untraced["segments"] == []
    assert untraced["modules"] == []
    assert not [line for line in untraced["lines"] if "trace_id" in line]

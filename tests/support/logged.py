"""Captures the lines that the functions log during a test."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ferryman import log, metrics


class Logged:
    """The captured lines, oldest first."""

    def __init__(self) -> None:
        self.text = io.StringIO()

    def lines(self, name: str | None = None) -> list[dict[str, Any]]:
        """The lines with this message, or all; without the lines of metrics."""
        return [line for line in self._all() if "_aws" not in line and name in (None, line["message"])]

    def metrics(self) -> list[dict[str, Any]]:
        """The lines with metrics, in CloudWatch's embedded metric format."""
        return [line for line in self._all() if "_aws" in line]

    def _all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.getvalue().splitlines()]


@contextmanager
def logged() -> Iterator[Logged]:
    """Capture everything that is logged inside the block, instead of printing it on stdout."""
    made = Logged()
    metrics.flush()  # what was counted before is not of this block
    handlers = [handler for handler in log.logger.handlers if type(handler) is logging.StreamHandler]
    before = [handler.setStream(made.text) for handler in handlers]
    try:
        yield made
    finally:
        for handler, stream in zip(handlers, before, strict=True):
            if stream is not None:
                handler.setStream(stream)

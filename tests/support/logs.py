"""Captures log lines as they are written, and a second time before secrets are masked."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ferryman import log


@dataclass
class Logged:
    """The captured lines as CloudWatch would get them (`written`), and without the formatter's masking (`unmasked`)."""

    written: io.StringIO = field(default_factory=io.StringIO)
    unmasked: io.StringIO = field(default_factory=io.StringIO)

    def lines(self) -> list[dict[str, Any]]:
        """The written lines, without those of metrics."""
        lines = [json.loads(line) for line in self.written.getvalue().splitlines()]
        return [line for line in lines if "_aws" not in line]


@contextmanager
def captured() -> Iterator[Logged]:
    """Capture the lines that are logged inside the block."""
    logged = Logged()
    streams = [handler for handler in log.logger.handlers if type(handler) is logging.StreamHandler]
    before = [handler.setStream(logged.written) for handler in streams]
    raw = logging.StreamHandler(logged.unmasked)
    raw.setFormatter(log.Formatter(mask=str))
    logging.getLogger("ferryman").addHandler(raw)
    try:
        yield logged
    finally:
        logging.getLogger("ferryman").removeHandler(raw)
        for handler, stream in zip(streams, before, strict=True):
            handler.setStream(stream)

"""Logging: one wide line for each unit of work, with a stable name (`message.accepted`, `delivery.attempted`).

Powertools' Logger writes the lines. They have ids and outcomes, never bodies, headers or secrets. As a safeguard, the
formatter's last step masks everything that looks like one of our secrets.

The cost of a line depends on its bytes. So a line has only `level`, `message`, `timestamp`, its own fields, and the
`request_id` while a request is served. The lines of a process's first invocation also have `cold_start`. The log group
names the function. docs/decisions/0028-powertools-logger-metrics-tracer.md has the figures.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from ferryman import clock
from ferryman.redaction import redact

# ASCII only: a lone surrogate, which a request can hold, cannot be encoded when it is written.
_to_json = partial(json.dumps, default=str, separators=(",", ":"))
_IS_JSON = "is_json"  # a record whose message is the whole line


class Formatter(LambdaPowertoolsFormatter):
    """Formats a line as JSON and masks secrets in it. Tests pass another `mask`, to see the unmasked line."""

    def __init__(self, mask: Callable[[str], str] = redact) -> None:
        super().__init__(
            json_serializer=_to_json,
            serialize_stacktrace=False,  # `exception` holds it as text
            log_record_order=["level", "message", "timestamp"],
            location=None,
            xray_trace_id=None,  # Lambda sets one for every invocation, traced or not
        )
        self._mask = mask

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return clock.iso(record.created)

    def format(self, record: logging.LogRecord) -> str:
        return self._mask(record.getMessage()) if hasattr(record, _IS_JSON) else super().format(record)

    def serialize(self, log: Any) -> str:
        return self._mask(super().serialize(log))


logger = Logger(service="ferryman", level="INFO", stream=sys.stdout, logger_formatter=Formatter())
logger.append_keys(service=None)  # the log group tells the function
logging.getLogger("ferryman").propagate = False  # Lambda's own handler would write every line again


def event(name: str, **fields: Any) -> None:
    """Write one line at level INFO for one unit of work. Fields that are None are left out."""
    logger.info(name, extra=fields)


def warning(name: str, **fields: Any) -> None:
    logger.warning(name, extra=fields)


@contextmanager
def keys(**fields: Any) -> Iterator[None]:
    """Add fields to every line that any thread writes within the block."""
    before = dict(logger.get_current_keys())
    logger.append_keys(**fields)
    try:
        yield
    finally:
        logger.remove_keys(fields)
        logger.append_keys(**before)


def write(line: str) -> None:
    """Write a line that is JSON already, such as one of metrics, with secrets masked."""
    logger.info(line, extra={_IS_JSON: True})

"""Logging: one wide line per unit of work with a stable name (`message.accepted`, `delivery.attempted`).

Lines carry ids and outcomes, never bodies, headers or secrets. As a second wall the formatter masks whatever
looks like one of our secrets, wherever it stands.
"""

import json
import logging
import re
import sys
from collections.abc import Callable
from typing import Any

from ferryman import clock

# Our own secrets' shapes: API tokens and sessions, webhook secrets, incoming webhook URLs, applications' URLs.
_SECRET = re.compile(
    r"(fm_(?:live|test|sess|invt)_|whsec_)[0-9A-Za-z_+/=-]{8,}|(/hooks/)[0-9A-Za-z]{16,}|((?i:bearer)\s+)[^\s\"',]{8,}"
    r"|(?<!/v1)(/webhooks/)(?:[^/\s]{1,64}/)?[0-9A-Za-z]{32}(?![0-9A-Za-z])"
)


def redact(text: str) -> str:
    """`text` with everything that looks like a Ferryman secret replaced by its prefix and `[redacted]`."""
    return _SECRET.sub(lambda match: f"{next(group for group in match.groups() if group)}[redacted]", text)


# Of every record, whatever it says; what is not among them was given as `extra`.
_OF_A_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


class Formatter(logging.Formatter):
    """A record as one line of JSON: level, message, timestamp and its own fields."""

    def __init__(self, mask: Callable[[str], str] = redact) -> None:
        super().__init__()
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "level": record.levelname,
            "message": record.getMessage(),
            "timestamp": clock.iso(record.created),
            **{name: value for name, value in vars(record).items() if name not in _OF_A_RECORD},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return self._mask(json.dumps(line, default=str, separators=(",", ":")))


def _logger() -> logging.Logger:
    made = logging.getLogger("ferryman")
    made.setLevel(logging.INFO)
    made.propagate = False  # Lambda's own handler would write every line again
    if not made.handlers:
        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(Formatter())
        made.addHandler(handler)
    return made


logger = _logger()


def event(name: str, **fields: Any) -> None:
    """One line for one unit of work. Fields that are None are left out."""
    logger.info(name, extra={key: value for key, value in fields.items() if value is not None})


def warning(name: str, **fields: Any) -> None:
    logger.warning(name, extra={key: value for key, value in fields.items() if value is not None})

"""Logging: one wide line per unit of work with a stable name (`message.accepted`, `delivery.attempted`).

Lines carry ids and outcomes, never bodies, headers or secrets. As a second wall the formatter masks whatever
looks like one of our secrets, wherever it stands.
"""

import re
from typing import Any

from aws_lambda_powertools import Logger

# Our own secrets' shapes: API tokens and sessions, webhook secrets, incoming webhook URLs, applications' URLs.
_SECRET = re.compile(
    r"(fm_(?:live|test|sess|invt)_|whsec_)[0-9A-Za-z_+/=-]{8,}|(/hooks/)[0-9A-Za-z]{16,}|((?i:bearer)\s+)[^\s\"',]{8,}"
    r"|(?<!/v1)(/webhooks/)(?:[^/\s]{1,64}/)?[0-9A-Za-z]{32}(?![0-9A-Za-z])"
)


def redact(text: str) -> str:
    """`text` with everything that looks like a Ferryman secret replaced by its prefix and `[redacted]`."""
    return _SECRET.sub(lambda match: f"{next(group for group in match.groups() if group)}[redacted]", text)


def _serialize(line: dict[str, Any]) -> str:
    import json

    return redact(json.dumps(line, default=str, separators=(",", ":")))


logger = Logger(service="ferryman", json_serializer=_serialize, utc=True, location=None, serialize_stacktrace=False)


def event(name: str, **fields: Any) -> None:
    """One line for one unit of work. Fields that are None are left out."""
    logger.info(name, extra={key: value for key, value in fields.items() if value is not None})


def warning(name: str, **fields: Any) -> None:
    logger.warning(name, extra={key: value for key, value in fields.items() if value is not None})

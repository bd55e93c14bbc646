"""Sends again what was parked. Only IAM can invoke it; no route leads to it."""

import dataclasses
from typing import Any

from ferryman.pipeline import unpark


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{}` → how many were done, how many are kept and why; `after`, when there was not time for all, goes on there."""
    result = unpark.unpark(str(event.get("after") or ""), lambda: context.get_remaining_time_in_millis() / 1000)
    return dataclasses.asdict(result)

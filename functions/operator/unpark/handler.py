"""Works on the parked records again. Only IAM can invoke it; no route leads to it."""

import dataclasses
from typing import Any

from ferryman.pipeline import unpark


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"after"?}` → `done` and `kept` (how many), `reasons` (why they were kept, by key), and `after`.

    `after` in the answer is null when all records were tried; otherwise time was short, and a call with this `after`
    continues there.
    """
    result = unpark.unpark(str(event.get("after") or ""), lambda: context.get_remaining_time_in_millis() / 1000)
    return dataclasses.asdict(result)

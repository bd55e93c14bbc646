"""On a schedule: dispatches accepted events that the stream left behind."""

from typing import Any

from ferryman.pipeline import sweep


def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    return {"swept": sweep.sweep(lambda: context.get_remaining_time_in_millis() / 1000)}

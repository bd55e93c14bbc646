"""Runs every five minutes: dispatches accepted events that were never dispatched, and counts the parked records."""

from typing import Any

from ferryman import log, metrics
from ferryman.pipeline import parking, sweep


def handler(_event: dict[str, Any], context: Any) -> dict[str, int]:
    try:
        return {"swept": sweep.sweep(lambda: context.get_remaining_time_in_millis() / 1000)}
    finally:
        if parked := parking.waiting():
            metrics.highest("ParkedRecords", parked)
            log.warning("parked.waiting", count=parked)

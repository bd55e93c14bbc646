"""Wraps the handler of every function with fields for its log lines, a trace, and a flush of its metrics.

`lambda_entry` applies `observed` to each handler; the handlers themselves do not know it.
"""

import resource
from collections.abc import Callable
from typing import Any

from ferryman import log, metrics, settings, tracing

type Handler = Callable[[Any, Any], Any]

_MEMORY_STEP_PERCENT = 5


def observed(handler: Handler, init_ms: float | None = None) -> Handler:
    """The handler with logging, tracing and metrics around it.

    `init_ms` is the duration of the process's start in milliseconds, for a metric.
    """
    process = _Process(init_ms)

    def observe(event: Any, context: Any) -> Any:
        with log.keys(**_keys(event), **process.first_time()), tracing.work("handler"):
            try:
                return handler(event, context)
            finally:
                process.report_memory()
                metrics.flush()

    return observe


def _keys(event: Any) -> dict[str, str | None]:
    """The fields that every log line of an invocation has. Lines of workers also name the ids of their work."""
    request = event.get("requestContext") if isinstance(event, dict) else None
    return {
        "request_id": request.get("requestId") if isinstance(request, dict) else None,
        "trace_id": tracing.trace_id(),
    }


class _Process:
    """The reports of a process about itself: its cold start, and its highest use of memory in per cent."""

    def __init__(self, init_ms: float | None) -> None:
        self._init_ms = init_ms
        self._is_new = True
        self._reported_percent = 0.0

    def first_time(self) -> dict[str, bool]:
        if not self._is_new:
            return {}
        self._is_new = False
        if self._init_ms is not None:
            metrics.measure("InitDuration", self._init_ms)
        return {"cold_start": True}

    def report_memory(self) -> None:
        """Measure the peak use of memory, if it grew by 5 % of the function's memory since the last report."""
        limit_mb = settings.optional("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        if not limit_mb:
            return
        percent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / int(limit_mb) * 100
        if percent >= self._reported_percent + _MEMORY_STEP_PERCENT:
            self._reported_percent = percent
            metrics.measure("MemoryUsed", percent)

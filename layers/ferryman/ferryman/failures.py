"""Failures of our own infrastructure or code: one line with the stack, and a count that rings an alarm.

The work is put off: a stream or a queue brings it again. A customer's receiver that fails is an outcome, never this.
"""

from ferryman import log, metrics


def report(line: str, error: Exception, **ids: str | None) -> None:
    """Writes the line `line` of level ERROR with the names of the work that was put off, and counts it."""
    log.logger.error(line, exc_info=error, extra={"error": type(error).__name__, **ids})
    metrics.count("InfrastructureFailures")

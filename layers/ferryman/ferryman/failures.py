"""Reports failures of our own infrastructure or code: one log line with the stack, and a metric that rings an alarm.

The stream or queue delivers the failed work again. The failure of a customer's receiver is an outcome, which is not
reported here.
"""

from ferryman import log, metrics


def report(line: str, error: Exception, **ids: str | None) -> None:
    """Write the log line `line` at level ERROR, with the ids of the work that failed, and count it."""
    log.logger.error(line, exc_info=error, extra={"error": type(error).__name__, **ids})
    metrics.count("InfrastructureFailures")

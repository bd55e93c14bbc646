"""Tracing with X-Ray. It is off unless the stack's parameter `Tracing` is Active. No other module calls X-Ray.

A batch contains the work of many messages, so each unit of work is a subsegment with its ids as annotations. X-Ray then
finds one message in all functions: `annotation.message_id = "msg_…"`.

Only calls to AWS are traced. A patched HTTP client would send our trace id to receivers, and put their URLs, which
contain secrets, into the trace. For the same reason a failed subsegment has no exception; the log has it, masked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from ferryman import settings


def is_on() -> bool:
    return settings.optional("TRACING") == "Active"


def trace_id() -> str | None:
    """The id of the invocation's trace, for its log lines; None when tracing is off."""
    header = settings.optional("_X_AMZN_TRACE_ID") if is_on() else ""
    return header.partition(";")[0].removeprefix("Root=") or None


@contextmanager
def work(name: str, **ids: str | None) -> Iterator[None]:
    """Records the block as a subsegment with these ids; ids that are None are left out. Works in any thread."""
    if not is_on():
        yield
        return
    recorder = _recorder()
    subsegment = recorder.begin_subsegment(name)
    annotate(**ids)
    try:
        yield
    except BaseException:
        if subsegment:
            subsegment.add_fault_flag()
        raise
    finally:
        recorder.end_subsegment()


def annotate(**ids: str | None) -> None:
    """Add ids to the current subsegment; ids that are None are left out."""
    if not is_on():
        return
    subsegment = _recorder().current_subsegment()
    for name, value in ids.items():
        if value is not None and subsegment:
            subsegment.put_annotation(name, value)


@cache
def _recorder() -> Any:
    from aws_lambda_powertools.tracing import Tracer  # which imports the SDK, a share of a cold start

    return Tracer(disabled=False, patch_modules=["botocore"]).provider

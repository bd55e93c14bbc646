"""`make logs`: print the functions' log lines as they come, each in a readable form."""

import json
import re
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from local import ministack, stack
from tools import console
from tools.console import LocalError, bold, dim, red, yellow

PAUSE_SECONDS = 0.7
PLATFORM = re.compile(r"\s*$|(START|END|REPORT|INIT_START) ?")  # Lambda's own lines, and empty ones
# Every line has these fields, and a reader of a terminal does not need them.
FAMILIAR = {"level", "message", "timestamp", "exception"}


class Line(NamedTuple):
    at: int  # milliseconds since the epoch
    function: str
    text: str


def lines(port: int, since: int, groups: list[str] | None = None) -> list[Line]:
    """The functions' log lines since `since` (milliseconds since the epoch), oldest first."""
    client = ministack.client("logs", port)
    found = []
    for group in groups or log_groups(client):
        for page in client.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=since):
            for event in page["events"]:
                # One event may hold several lines of the function's output.
                found += [Line(event["timestamp"], _short(group), text) for text in event["message"].splitlines()]
    return sorted((line for line in found if not PLATFORM.match(line.text)), key=lambda line: line.at)


def log_groups(client: Any) -> list[str]:
    pages = client.get_paginator("describe_log_groups").paginate()
    return [group["logGroupName"] for page in pages for group in page["logGroups"]]


def readable(line: Line) -> str:
    """The line as text for a terminal: `10:31:07 deliverer INFO delivery.attempted delivery_id=dlv_… status=500`."""
    clock = datetime.fromtimestamp(line.at / 1000).strftime("%H:%M:%S")  # noqa: DTZ006 - the reader's own time zone
    return f"{dim(clock)} {bold(f'{line.function:<16}')} {_message(line.text)}"


def _message(text: str) -> str:
    try:
        entry = json.loads(text)
    except ValueError:
        entry = None
    if isinstance(entry, dict) and "_aws" in entry:
        return dim(f"metrics {_metrics(entry)}")
    if not isinstance(entry, dict) or "message" not in entry:
        return dim(text) if entry else text
    level = str(entry.get("level", "INFO"))
    paint = {"ERROR": red, "CRITICAL": red, "WARNING": yellow}.get(level, str)
    fields = " ".join(f"{dim(name + '=')}{value}" for name, value in entry.items() if name not in FAMILIAR)
    trace = entry.get("exception") or ""
    return f"{paint(level)} {entry['message']} {fields}" + (f"\n{trace}" if trace else "")


def _metrics(entry: dict[str, Any]) -> str:
    """The metrics of a log entry as text, such as `Attempts=3 Delivered=3`."""
    names = [metric["Name"] for directive in entry["_aws"]["CloudWatchMetrics"] for metric in directive["Metrics"]]
    return " ".join(f"{name}={','.join(f'{value:g}' for value in entry[name])}" for name in names)


def _short(group: str) -> str:
    """The function's name in a log group's name: `deliverer` for `/ferryman/ferryman-local/deliverer`."""
    return group.rpartition("/")[2]


def follow(port: int) -> Iterator[Line]:
    """Yield new lines as they come. Never ends."""
    since = int(time.time() * 1000)
    seen: set[Line] = set()
    while True:
        for line in lines(port, since):
            if line not in seen:
                yield line
                seen.add(line)
        # Lines can be stored late, so look back a little; forget older ones.
        since = max(since, int(time.time() * 1000) - 20_000)
        seen = {line for line in seen if line.at >= since}
        time.sleep(PAUSE_SECONDS)


def main() -> None:
    here = stack.default()
    if not ministack.healthy(here.stack_port):
        raise LocalError("The embedded stack is not running.", "Start it with `make up`.")
    print(dim("Following the functions' logs; Ctrl-C ends it."))
    for line in follow(here.stack_port):
        print(readable(line), flush=True)


if __name__ == "__main__":
    console.run(main)

"""Uptime Kuma's notifications of the type Webhook, with the body `application/json`."""

from collections.abc import Mapping

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked
from ferryman.dialects.sources.reading import Node

_STATES: dict[str, tuple[str, Status]] = {
    "0": ("is down", "bad"),
    "1": ("is up", "good"),
    "2": ("is pending", "warning"),
    "3": ("is under maintenance", "neutral"),
}


def read(payload: Node, _headers: Mapping[str, str]) -> Notice:
    heartbeat, monitor = payload["heartbeat"], payload["monitor"]
    if not heartbeat:
        return Notice(text=escaped(payload["msg"].text, 500) or "Uptime Kuma sent a notification.")
    predicate, status = _STATES.get(heartbeat["status"].text, ("changed", "neutral"))
    name = monitor["name"].text or "A monitor"
    address = monitor["url"].text
    ping = heartbeat["ping"].text
    return Notice(
        text=joined(linked(name, address), f"{predicate}."),
        status=status,
        title=f"{name} {predicate}",
        link=address,
        body=heartbeat["msg"].text,
        facts=[
            ("Checked", monitor["hostname"].text or address or monitor["type"].text),
            ("Answered in", f"{ping} ms" if ping else ""),
            ("At", joined(heartbeat.any("localDateTime", "time"), heartbeat["timezone"].text)),
        ],
    )

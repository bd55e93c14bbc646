"""Datadog's webhook integration: its default payload, and the larger one that docs/senders.md shows."""

import re
from collections.abc import Mapping

from ferryman.dialects.sources.notice import Notice, Status, linked
from ferryman.dialects.sources.reading import Node

_STATUSES: dict[str, Status] = {
    "triggered": "bad",
    "re-triggered": "bad",
    "no data": "warning",
    "warn": "warning",
    "recovered": "good",
    "error": "bad",
    "warning": "warning",
    "success": "good",
}
_TRANSITION = re.compile(r"\[(?:[^\]]* )?([A-Za-z-]+(?: data)?)(?: on [^\]]*)?\]", re.IGNORECASE)
_ADDRESSED = re.compile(r"@(?:webhook|slack|pagerduty|teams|opsgenie)-[\w-]+")


def read(payload: Node, _headers: Mapping[str, str]) -> Notice:
    title = payload.any("title", "alert_title", "event_title") or "An event of Datadog"
    named = _TRANSITION.match(title)
    transition = payload["alert_transition"].text or (named[1] if named else "")
    link = payload.any("link", "url")
    status = _STATUSES.get(transition.lower()) or _STATUSES.get(payload["alert_type"].text.lower(), "neutral")
    return Notice(
        text=linked(title, link),
        status=status,
        title=title,
        link=link,
        body=_ADDRESSED.sub("", payload.any("body", "event_msg", "text_only_msg")).strip("% \n"),
        facts=[
            ("State", transition),
            ("Scope", payload.any("alert_scope", "hostname", "tags")),
            ("Priority", payload.any("priority", "alert_priority")),
        ],
    )

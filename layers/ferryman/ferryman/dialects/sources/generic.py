"""Any JSON: its text and title under the names that most products use, and three of its other members as facts."""

from collections.abc import Mapping

from ferryman.dialects.sources.notice import Notice, Status, escaped, linked
from ferryman.dialects.sources.reading import Node

_TITLES = ("title", "subject", "name", "event", "event_type", "type", "action")
_TEXTS = ("text", "message", "msg", "description", "summary", "body", "content")
_LINKS = ("url", "link", "html_url", "web_url", "permalink")
_STATES = ("status", "state", "severity", "level")
_STATUSES: dict[str, Status] = {
    **dict.fromkeys(("ok", "success", "resolved", "up", "passed", "completed", "recovered", "info"), "good"),
    **dict.fromkeys(("warning", "warn", "degraded", "pending"), "warning"),
    **dict.fromkeys(("error", "failed", "failure", "critical", "firing", "down", "alert", "fatal"), "bad"),
}


def read(payload: Node, _headers: Mapping[str, str]) -> Notice:
    if not payload.pairs:
        return Notice(text=escaped(payload.text, 1_000) or "An event without a text arrived.")
    sentence, title, link = payload.any(*_TEXTS), payload.any(*_TITLES), payload.any(*_LINKS)
    used = {sentence, title, link}
    facts = [(name, value.text) for name, value in payload.pairs if value.text and value.text not in used]
    names = ", ".join(name for name, _ in payload.pairs[:10])
    return Notice(
        text=escaped(sentence, 1_000) or linked(title, link, 500) or f"An event arrived with {escaped(names, 500)}.",
        status=_STATUSES.get(payload.any(*_STATES).lower(), "neutral"),
        title=title,
        link=link,
        facts=facts[:3],
    )

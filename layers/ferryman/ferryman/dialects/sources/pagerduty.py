"""PagerDuty's webhooks of version 3, by their `event_type`."""

from collections.abc import Mapping

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked
from ferryman.dialects.sources.reading import Node

_STATUSES: dict[str, Status] = {
    "triggered": "bad",
    "reopened": "bad",
    "escalated": "bad",
    "unacknowledged": "bad",
    "acknowledged": "warning",
    "resolved": "good",
}


def read(payload: Node, _headers: Mapping[str, str]) -> Notice:
    event = payload["event"] or payload
    kind = event["event_type"].text
    if kind == "pagey.ping":
        return Notice(text="PagerDuty is connected.", status="good")
    family, _, action = kind.partition(".")
    data = event["data"]
    incident = data["incident"] or data
    who = event.at("agent.summary").text
    number = incident["number"].text
    title = incident.any("title", "summary", "name") or "An incident"
    thing = escaped(family.replace("_", " ")) or "incident"
    predicate = escaped(action.replace("_", " ").replace(".", " ")) or "changed"
    return Notice(
        text=joined(
            f"{thing.capitalize()} {predicate}:",
            linked(title, incident["html_url"].text),
            f"by {escaped(who)}" if who else "",
        ),
        status=_STATUSES.get(action, "neutral"),
        title=joined(f"#{number}" if number else "", title),
        link=incident["html_url"].text,
        body=data.any("content", "message"),
        facts=[
            ("Service", incident.at("service.summary").text),
            ("Urgency", joined(incident["urgency"].text, incident.at("priority.summary").text)),
            ("Assigned to", ", ".join(one["summary"].text for one in incident["assignees"])),
        ],
    )

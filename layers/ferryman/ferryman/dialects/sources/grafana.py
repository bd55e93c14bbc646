"""Grafana's webhook contact point, whose alerts `alerts` reads, and the notification channel before version 9."""

from collections.abc import Mapping

from ferryman.dialects.sources import alerts
from ferryman.dialects.sources.notice import Notice, Status, linked
from ferryman.dialects.sources.reading import Node

_STATES: dict[str, Status] = {"ok": "good", "alerting": "bad", "no_data": "warning", "paused": "neutral"}


def read(payload: Node, _headers: Mapping[str, str]) -> Notice:
    if payload["alerts"] or not payload["ruleName"]:
        return alerts.read(payload, "Grafana")
    state, link = payload["state"].text, payload["ruleUrl"].text
    return Notice(
        text=linked(payload["title"].text or payload["ruleName"].text, link),
        status=_STATES.get(state, "neutral"),
        title=payload["ruleName"].text,
        link=link,
        body=payload["message"].text,
        facts=[
            ("State", state),
            *((match["metric"].text, match["value"].text) for match in payload["evalMatches"]),
        ],
    )

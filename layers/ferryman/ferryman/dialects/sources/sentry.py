"""Sentry's webhooks: of an integration (issues, alerts, comments), and of the older plugin."""

from collections.abc import Mapping

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked
from ferryman.dialects.sources.reading import Node

_LEVELS: dict[str, Status] = {"fatal": "bad", "error": "bad", "warning": "warning"}
_ALERTS: dict[str, Status] = {"critical": "bad", "warning": "warning", "resolved": "good"}
_DONE = {"resolved", "archived", "ignored"}


def read(payload: Node, headers: Mapping[str, str]) -> Notice | None:
    data, action = payload["data"], payload["action"].text
    if headers.get("sentry-hook-resource") == "installation" or data["installation"]:
        return Notice(text=f"Sentry's integration was {escaped(action) or 'changed'}.")
    if data["metric_alert"]:
        return _metric(data, action)
    if data["issue"] and not data["event"]:
        return _issue(payload, data["issue"], action)
    if data["event"] or data["error"]:
        return _event(data, action)
    if data["comment"]:
        return _comment(payload)
    if payload["message"] or payload["culprit"]:
        return _plugin(payload)
    return Notice(text=joined("Sentry reports:", escaped(headers.get("sentry-hook-resource", "")), escaped(action)))


def _issue(payload: Node, issue: Node, action: str) -> Notice:
    who = payload.at("actor.name").text
    link = issue.any("web_url", "permalink")
    by = f"by {escaped(who)}" if who and who != "Sentry" else ""
    sentence = {"created": "New issue", "unresolved": "An issue is back"}.get(action, f"Issue {escaped(action)}")
    project = issue.any("project.name", "project.slug")
    return Notice(
        text=joined(f"{sentence}:", linked(issue["title"].text or issue["shortId"].text, link), by),
        status="good" if action in _DONE else _LEVELS.get(issue["level"].text, "neutral"),
        title=joined(issue["shortId"].text, issue["title"].text),
        link=link,
        body=issue["culprit"].text,
        facts=[
            ("Project", project),
            ("Events", issue["count"].text),
            ("People affected", issue["userCount"].text),
        ],
    )


def _metric(data: Node, action: str) -> Notice:
    title = data.any("description_title", "metric_alert.title") or "An alert"
    return Notice(
        text=linked(title, data["web_url"].text),
        status=_ALERTS.get(action, "neutral"),
        title=title,
        link=data["web_url"].text,
        body=data["description_text"].text,
        facts=[
            ("Projects", ", ".join(project.text for project in data.at("metric_alert.projects"))),
            ("Query", data.at("metric_alert.alert_rule.query").text),
            ("State", action),
        ],
    )


def _event(data: Node, action: str) -> Notice:
    event = data["event"] or data["error"]
    rule, link = data["triggered_rule"].text, event.any("web_url", "url")
    title = event.any("title", "message", "metadata.value") or "An error"
    tags = {pair.value[0]: pair.value[1] for pair in event["tags"] if _is_pair(pair)}
    return Notice(
        text=joined(f"{escaped(rule)}:" if rule else f"Error {escaped(action)}:", linked(title, link)),
        status=_LEVELS.get(event["level"].text, "bad"),
        title=title,
        link=link,
        body=event["culprit"].text or event["location"].text,
        facts=[
            ("Project", event.any("project_name", "project_slug") or _project(event)),
            ("Environment", event["environment"].text or tags.get("environment", "")),
            ("Release", event["release"].text or tags.get("release", "")),
        ],
    )


def _is_pair(pair: Node) -> bool:
    value = pair.value
    return isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)


def _project(event: Node) -> str:
    """The project's name, from the URL of the event in Sentry's API.

    The payload itself has only the project's number.
    """
    parts = event["url"].text.partition("/projects/")[2].split("/")
    return parts[1] if len(parts) > 1 else ""


def _comment(payload: Node) -> Notice:
    data = payload["data"]
    return Notice(
        text=joined(escaped(payload.at("actor.name").text) or "Somebody", "commented on an issue"),
        body=data["comment"].text,
        title=data["project_slug"].text,
    )


def _plugin(payload: Node) -> Notice:
    title = payload.any("event.title", "message") or "An error"
    return Notice(
        text=linked(title, payload["url"].text),
        status=_LEVELS.get(payload["level"].text, "bad"),
        title=title,
        link=payload["url"].text,
        body=payload["culprit"].text,
        facts=[
            ("Project", payload.any("project_name", "project")),
            ("Level", payload["level"].text),
            ("Environment", payload.at("event.environment").text),
        ],
    )

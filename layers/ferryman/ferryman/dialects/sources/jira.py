"""Jira's webhooks, of Cloud and Data Center, by their `webhookEvent`."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked
from ferryman.dialects.sources.reading import Node

_CATEGORIES: dict[str, Status] = {"done": "good", "indeterminate": "warning"}
_VERBS = {
    "jira:issue_created": "created",
    "jira:issue_deleted": "deleted",
    "comment_created": "commented on",
    "comment_deleted": "deleted a comment on",
}
_SILENT = {"comment_updated", "Rank", "rank"}


def read(payload: Node, _headers: Mapping[str, str]) -> Notice | None:
    event, issue, comment = payload["webhookEvent"].text, payload["issue"], payload["comment"]
    if event in _SILENT:
        return None
    if not issue:
        return _other(payload, event)
    changes = [change for change in payload.at("changelog.items") if change["field"].text not in _SILENT]
    if event == "jira:issue_updated" and not changes and not comment:
        return None  # only its rank on a board changed
    key, fields = issue["key"].text, issue["fields"]
    link = _page(issue["self"].text, key)
    verb = _VERBS.get(event) or ("commented on" if comment and not changes else _changed(changes))
    body = comment["body"].text or (fields["description"].text if event == "jira:issue_created" else _list(changes))
    return Notice(
        text=joined(_who(payload), verb, linked(joined(key, fields["summary"].text), link)),
        status=_CATEGORIES.get(fields.at("status.statusCategory.key").text, "neutral"),
        title=joined(key, fields["summary"].text),
        link=link,
        body=body,
        facts=[
            ("State", fields.at("status.name").text),
            ("Priority", fields.at("priority.name").text),
            ("Assignee", fields.at("assignee.displayName").text),
        ],
    )


def _who(payload: Node) -> str:
    return (
        escaped(payload.any("user.displayName", "comment.updateAuthor.displayName", "comment.author.displayName"))
        or "Somebody"
    )


def _page(api: str, key: str) -> str:
    """The URL of an issue's page, made from the URL of the issue in Jira's API; empty if that is not a URL."""
    try:
        parts = urlsplit(api)
    except ValueError:
        return ""
    context = parts.path.partition("/rest/")[0]
    return f"{parts.scheme}://{parts.netloc}{context}/browse/{key}" if parts.netloc and key else ""


def _changed(changes: list[Node]) -> str:
    if len(changes) == 1 and changes[0]["field"].text == "status":
        return f"moved to {escaped(changes[0]['toString'].text)}:"
    return "updated"


def _list(changes: list[Node]) -> str:
    return "\n".join(
        f"- {change['field'].text}: {change['fromString'].text or '–'} → {change['toString'].text or '–'}"
        for change in changes[:5]
    )


def _other(payload: Node, event: str) -> Notice:
    """The notice of an event without an issue: about a sprint, version, project or board, or a comment alone."""
    event_name = escaped(event.removeprefix("jira:").replace("_", " ")) or "an event"
    if payload["comment"]:
        return Notice(text=joined(_who(payload), "wrote a comment"), body=payload.at("comment.body").text)
    thing = next((payload[name] for name in ("sprint", "version", "project", "board") if payload[name]), Node(None))
    return Notice(text=f"Jira reports: {event_name}", title=thing["name"].text, facts=[("State", thing["state"].text)])

"""GitLab's webhooks of projects and groups, and its system hooks, by their `object_kind` or `event_name`.

Unfinished pipelines and jobs, and edits of issues and merge requests, do not make a message.
"""

from collections.abc import Callable, Mapping

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked, plain
from ferryman.dialects.sources.reading import Node

_STATUSES: dict[str, Status] = {
    "success": "good",
    "failed": "bad",
    "canceled": "warning",
    "running": "neutral",
}
_OVER = {"success", "failed", "canceled", "skipped"}
_ACTIONS = {
    "open": "opened",
    "close": "closed",
    "reopen": "reopened",
    "merge": "merged",
    "approved": "approved",
    "unapproved": "took the approval back from",
    "approval": "approved",
    "unapproval": "took the approval back from",
    "create": "created",
    "update": "updated",
    "delete": "deleted",
}


def read(payload: Node, _headers: Mapping[str, str]) -> Notice | None:
    kind = payload.any("object_kind", "event_name", "event_type")
    return _READERS.get(kind, _other)(payload, kind)


def _who(payload: Node) -> str:
    return escaped(payload.any("user.name", "user_name", "user.username", "user_username")) or "Somebody"


def _in(payload: Node) -> str:
    project = payload["project"]
    name = project.any("path_with_namespace", "name") or payload.any("project_name", "repository.name")
    shown = linked(name, project["web_url"].text or payload.at("repository.homepage").text)
    return f"in {shown}" if shown else ""


def _push(payload: Node, kind: str) -> Notice | None:
    reference = payload["ref"].text
    what = "tag" if kind == "tag_push" or reference.startswith("refs/tags/") else "branch"
    name = reference.removeprefix("refs/heads/").removeprefix("refs/tags/")
    if not payload["after"].text.strip("0") and payload["after"].text:
        return Notice(text=joined(_who(payload), f"deleted the {what} {escaped(name)}", _in(payload)), status="warning")
    commits = list(payload["commits"])
    last = commits[-1] if commits else Node(None)
    count = int(payload["total_commits_count"].number or len(commits))
    pushed = f"{count} commit{'' if count == 1 else 's'} to" if count and what == "branch" else f"the {what}"
    return Notice(
        text=joined(_who(payload), f"pushed {pushed} {escaped(name)}", _in(payload)),
        title=plain(last["title"].text or last["message"].text.partition("\n")[0]),
        link=last["url"].text,
        facts=[
            (what.capitalize(), name),
            ("Commit", payload["checkout_sha"].text[:10]),
            ("Author", last.at("author.name").text),
        ],
    )


def _numbered(mark: str, of: Node) -> str:
    number = of["iid"].text
    return joined(f"{mark}{number}" if number else "", of["title"].text)


def _issue(payload: Node, kind: str) -> Notice | None:
    issue = payload["object_attributes"]
    action = issue["action"].text
    if action == "update":
        return None
    statuses: dict[str, Status] = {"open": "warning", "reopen": "warning", "close": "good"}
    thing = {"incident": "an incident", "work_item": "a work item"}.get(kind, "an issue")
    return Notice(
        text=joined(_who(payload), _ACTIONS.get(action, "changed"), thing, _in(payload)),
        status=statuses.get(action, "neutral"),
        title=_numbered("#", issue),
        link=issue["url"].text,
        body=issue["description"].text if action == "open" else "",
        facts=[
            ("State", issue["state"].text),
            ("Assignee", payload["assignees"].first["name"].text or payload.at("assignee.name").text),
            ("Labels", ", ".join(label["title"].text for label in payload["labels"])),
        ],
    )


def _merge_request(payload: Node, _kind: str) -> Notice | None:
    merge = payload["object_attributes"]
    action = merge["action"].text
    if action == "update":
        return None
    statuses: dict[str, Status] = {"merge": "good", "approved": "good", "open": "good", "close": "bad"}
    return Notice(
        text=joined(_who(payload), _ACTIONS.get(action, "changed"), "a merge request", _in(payload)),
        status=statuses.get(action, "neutral"),
        title=_numbered("!", merge),
        link=merge["url"].text,
        body=merge["description"].text if action == "open" else "",
        facts=[
            ("Branch", f"{merge['source_branch'].text} → {merge['target_branch'].text}"),
            ("State", merge["state"].text),
            ("Assignee", payload["assignees"].first["name"].text or merge.at("assignee.name").text),
        ],
    )


def _note(payload: Node, _kind: str) -> Notice | None:
    note = payload["object_attributes"]
    if note["system"].value is True:
        return None
    on, mark, thing = next(
        (
            (payload[name], mark, thing)
            for name, mark, thing in (
                ("merge_request", "!", "a merge request"),
                ("issue", "#", "an issue"),
                ("snippet", "$", "a snippet"),
            )
            if payload[name]
        ),
        (payload["commit"], "", "a commit"),
    )
    return Notice(
        text=joined(_who(payload), f"commented on {thing}", _in(payload)),
        title=_numbered(mark, on) or plain(on["message"].text.partition("\n")[0]),
        link=note["url"].text,
        body=note["note"].text,
        facts=[("State", on["state"].text)],
    )


def _pipeline(payload: Node, _kind: str) -> Notice | None:
    pipeline = payload["object_attributes"]
    status = pipeline["status"].text
    if status not in _OVER:
        return None
    failed = [build["name"].text for build in payload["builds"] if build["status"].text == "failed"]
    url = pipeline["url"].text or _of_project(payload, f"/-/pipelines/{pipeline['id'].text}")
    return Notice(
        text=joined(
            f"The pipeline {linked('#' + pipeline['id'].text, url)} of {escaped(pipeline['ref'].text)}",
            f"ended with {escaped(status)}",
            _in(payload),
        ),
        status=_STATUSES.get(status, "neutral"),
        title=plain(payload.any("commit.title", "commit.message")) or f"Pipeline #{pipeline['id'].text}",
        link=url,
        facts=[
            ("Failed jobs", ", ".join(failed)),
            ("Duration", _duration(pipeline["duration"].number)),
            ("Started by", payload.any("user.name", "user.username")),
        ],
    )


def _of_project(payload: Node, path: str) -> str:
    base = payload.at("project.web_url").text
    return f"{base}{path}" if base else ""


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _job(payload: Node, _kind: str) -> Notice | None:
    status = payload["build_status"].text
    if status not in _OVER:
        return None
    name = payload["build_name"].text or "A job"
    homepage = payload.any("project.web_url", "repository.homepage")
    url = f"{homepage}/-/jobs/{payload['build_id'].text}" if homepage else ""
    return Notice(
        text=joined(f"The job {linked(name, url)} ended with {escaped(status)}", _in(payload)),
        status=_STATUSES.get(status, "neutral"),
        title=f"{plain(name)}: {status}",
        link=url,
        facts=[
            ("Stage", payload["build_stage"].text),
            ("Reference", payload["ref"].text),
            ("Reason", payload["build_failure_reason"].text if status == "failed" else ""),
        ],
    )


def _deployment(payload: Node, _kind: str) -> Notice | None:
    status = payload["status"].text
    if status not in _OVER:
        return None
    return Notice(
        text=joined(
            f"The deployment to {escaped(payload['environment'].text or 'an environment')}",
            f"ended with {escaped(status)}",
            _in(payload),
        ),
        status=_STATUSES.get(status, "neutral"),
        title=payload["commit_title"].text,
        link=payload.any("deployable_url", "commit_url"),
        facts=[("Commit", payload["short_sha"].text), ("Started by", payload.at("user.name").text)],
    )


def _release(payload: Node, _kind: str) -> Notice:
    action = _ACTIONS.get(payload["action"].text, "changed")
    return Notice(
        text=joined(f"A release was {action}", _in(payload)),
        status="good" if action == "created" else "neutral",
        title=payload.any("name", "tag"),
        link=payload["url"].text,
        body=payload["description"].text,
        facts=[("Tag", payload["tag"].text)],
    )


def _wiki(payload: Node, _kind: str) -> Notice:
    page = payload["object_attributes"]
    return Notice(
        text=joined(_who(payload), _ACTIONS.get(page["action"].text, "changed"), "a page of the wiki", _in(payload)),
        title=page["title"].text,
        link=page["url"].text,
        body=page["message"].text,
    )


def _other(payload: Node, kind: str) -> Notice:
    """The notice of an event without a reader of its own, such as a system hook."""
    event_name = escaped(kind.replace("_", " ")) or "an event"
    name = payload.any("object_attributes.title", "object_attributes.name", "path_with_namespace", "name", "username")
    return Notice(
        text=joined("GitLab reports:", event_name, _in(payload)),
        title=name,
        link=payload.any("object_attributes.url", "url"),
        facts=[("User", payload.any("user.name", "user_name", "owner_name"))],
    )


_READERS: dict[str, Callable[[Node, str], Notice | None]] = {
    "push": _push,
    "tag_push": _push,
    "issue": _issue,
    "incident": _issue,
    "work_item": _issue,
    "merge_request": _merge_request,
    "note": _note,
    "pipeline": _pipeline,
    "build": _job,
    "deployment": _deployment,
    "release": _release,
    "wiki_page": _wiki,
}

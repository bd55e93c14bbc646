"""GitHub's webhooks, by the event in the header X-GitHub-Event.

Labels, edits, and steps of an unfinished run do not make a message.
"""

from collections.abc import Callable, Mapping

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked, plain
from ferryman.dialects.sources.reading import Node

_SHOWN_OF_ISSUES = {"opened", "closed", "reopened", "assigned", "deleted", "transferred"}
_SHOWN_OF_PULL_REQUESTS = {"opened", "closed", "reopened", "ready_for_review", "converted_to_draft", "assigned"}
_CONCLUSIONS: dict[str, Status] = {
    "success": "good",
    "failure": "bad",
    "timed_out": "bad",
    "startup_failure": "bad",
    "error": "bad",
    "action_required": "warning",
    "cancelled": "warning",
}
_SILENT = {"label", "installation", "installation_repositories", "github_app_authorization", "deployment", "watch"}


def read(payload: Node, headers: Mapping[str, str]) -> Notice | None:
    event = headers.get("x-github-event", "") or _guess(payload)
    if event in _SILENT:
        return None
    return _READERS.get(event, _other)(payload, event)


def _guess(payload: Node) -> str:
    """The event of a payload without the header, judging by the payload's members."""
    for name in ("pull_request", "issue", "release", "workflow_run", "check_run", "deployment_status"):
        if payload[name]:
            return "issues" if name == "issue" else name
    return "push" if payload["commits"] else ""


def _who(payload: Node) -> str:
    return escaped(payload.any("sender.login", "pusher.name")) or "Somebody"


def _where(payload: Node) -> str:
    repository = payload["repository"]
    return linked(repository.any("full_name", "name") or payload.any("organization.login"), repository["html_url"].text)


def _in(payload: Node) -> str:
    return f"in {where}" if (where := _where(payload)) else ""


def _ping(payload: Node, _event: str) -> Notice:
    return Notice(text=joined("GitHub is connected", _in(payload)) + ".", status="good", body=payload["zen"].text)


def _push(payload: Node, _event: str) -> Notice | None:
    reference = payload["ref"].text
    kind = "tag" if reference.startswith("refs/tags/") else "branch"
    name = reference.removeprefix("refs/heads/").removeprefix("refs/tags/") or "an unknown branch"
    commits = list(payload["commits"])
    if payload["deleted"].value is True or (not commits and kind == "branch" and payload["created"].value is not True):
        return None  # the event `delete` reports a deletion, and a push without commits has nothing to show
    count = len(commits)
    what = f"{count} commit{'' if count == 1 else 's'}" if count else f"the {kind}"
    verb = "force-pushed" if payload["forced"].value is True else "pushed"
    head = payload["head_commit"]
    return Notice(
        text=joined(f"{_who(payload)} {verb} {linked(what, payload['compare'].text)} to {escaped(name)}", _in(payload)),
        status="warning" if verb == "force-pushed" else "neutral",
        title=plain(head["message"].text.partition("\n")[0]),
        link=head["url"].text,
        facts=[
            (kind.capitalize(), name),
            ("Commit", head["id"].text[:10]),
            ("Author", head.any("author.name", "author.username")),
        ],
    )


def _pull_request(payload: Node, _event: str) -> Notice | None:
    pull, action = payload["pull_request"], payload["action"].text
    if action not in _SHOWN_OF_PULL_REQUESTS:
        return None
    merged = action == "closed" and pull["merged"].value is True
    verb = "merged" if merged else action.replace("_", " ").replace("ready for review", "marked ready for review")
    statuses: dict[str, Status] = {"closed": "good" if merged else "bad", "opened": "good", "reopened": "good"}
    return Notice(
        text=joined(_who(payload), escaped(verb), "a pull request", _in(payload)),
        status=statuses.get(action, "neutral"),
        title=_numbered(pull),
        link=pull["html_url"].text,
        body=pull["body"].text if action == "opened" else "",
        facts=[
            ("Branch", f"{pull.at('head.ref').text} → {pull.at('base.ref').text}"),
            ("Changes", _changes(pull)),
            ("Author", pull.at("user.login").text),
        ],
    )


def _changes(pull: Node) -> str:
    if pull["additions"].number is None:
        return ""
    return f"+{pull['additions'].text} −{pull['deletions'].text} in {pull['changed_files'].text} files"


def _numbered(of: Node) -> str:
    number = of["number"].text
    return joined(f"#{number}" if number else "", of["title"].text)


def _review(payload: Node, _event: str) -> Notice | None:
    review, pull = payload["review"], payload["pull_request"]
    state = review["state"].text.lower()
    if payload["action"].text == "edited" or (state == "commented" and not review["body"].text):
        return None
    verbs = {"approved": "approved", "changes_requested": "asked for changes of", "commented": "commented on"}
    statuses: dict[str, Status] = {"approved": "good", "changes_requested": "warning"}
    return Notice(
        text=joined(_who(payload), verbs.get(state, "reviewed"), "a pull request", _in(payload)),
        status=statuses.get(state, "neutral"),
        title=_numbered(pull),
        link=review["html_url"].text or pull["html_url"].text,
        body=review["body"].text,
        facts=[("Author", pull.at("user.login").text), ("Branch", pull.at("head.ref").text)],
    )


def _issue(payload: Node, _event: str) -> Notice | None:
    issue, action = payload["issue"], payload["action"].text
    if action not in _SHOWN_OF_ISSUES:
        return None
    whom = f" to {escaped(payload.at('assignee.login').text)}" if action == "assigned" and payload["assignee"] else ""
    statuses: dict[str, Status] = {"closed": "good", "opened": "warning", "reopened": "warning"}
    return Notice(
        text=joined(_who(payload), f"{action} an issue{whom}", _in(payload)),
        status=statuses.get(action, "neutral"),
        title=_numbered(issue),
        link=issue["html_url"].text,
        body=issue["body"].text if action == "opened" else "",
        facts=[
            ("Author", issue.at("user.login").text),
            ("Labels", ", ".join(label["name"].text for label in issue["labels"])),
            ("Assignee", issue.at("assignee.login").text),
        ],
    )


def _comment(payload: Node, event: str) -> Notice | None:
    if payload["action"].text not in ("created", ""):
        return None
    on = next((payload[name] for name in ("pull_request", "issue", "discussion") if payload[name]), Node(None))
    comment = payload["comment"]
    thing = {
        "commit_comment": "a commit",
        "pull_request_review_comment": "a pull request",
        "discussion_comment": "a discussion",
    }.get(event, "a pull request" if on["pull_request"] else "an issue")
    return Notice(
        text=joined(_who(payload), f"commented on {thing}", _in(payload)),
        title=_numbered(on) or f"Commit {comment['commit_id'].text[:10]}",
        link=comment["html_url"].text,
        body=comment["body"].text,
        facts=[("State", on["state"].text), ("File", comment["path"].text)],
    )


def _release(payload: Node, _event: str) -> Notice | None:
    release = payload["release"]
    if payload["action"].text not in ("published", "deleted"):
        return None
    return Notice(
        text=joined(_who(payload), f"{payload['action'].text} a release", _in(payload)),
        status="good" if payload["action"].text == "published" else "warning",
        title=release.any("name", "tag_name"),
        link=release["html_url"].text,
        body=release["body"].text,
        facts=[("Tag", release["tag_name"].text), ("Pre-release", "yes" if release["prerelease"].value else "")],
    )


def _run(payload: Node, event: str) -> Notice | None:
    """The notice of a workflow, check or job that has ended; None while it runs."""
    run = payload[event]
    if payload["action"].text not in ("completed", ""):
        return None
    conclusion = run["conclusion"].text or "completed"
    name = run["name"].text or payload.at("workflow.name").text or run.at("app.name").text or "A check"
    return Notice(
        text=joined(linked(name, run["html_url"].text), f"ended with {escaped(conclusion)}", _in(payload)),
        status=_CONCLUSIONS.get(conclusion, "neutral"),
        title=f"{plain(name)}: {conclusion.replace('_', ' ')}",
        link=run["html_url"].text,
        facts=[
            ("Branch", run.any("head_branch", "check_suite.head_branch")),
            ("Commit", run["head_sha"].text[:10]),
            ("Started by", run.any("actor.login", "triggering_actor.login") or payload.at("sender.login").text),
        ],
    )


def _status(payload: Node, _event: str) -> Notice | None:
    state = payload["state"].text
    if state == "pending":
        return None
    context = payload["context"].text or "A check"
    return Notice(
        text=joined(linked(context, payload["target_url"].text), f"reports {escaped(state)}", _in(payload)),
        status=_CONCLUSIONS.get(state, "neutral"),
        title=plain(payload.at("commit.commit.message").text.partition("\n")[0]) or context,
        link=payload.any("target_url", "commit.html_url"),
        facts=[
            ("Commit", payload["sha"].text[:10]),
            ("Branch", payload["branches"].first["name"].text),
            ("Says", payload["description"].text),
        ],
    )


def _deployment(payload: Node, _event: str) -> Notice | None:
    status, deployment = payload["deployment_status"], payload["deployment"]
    state = status["state"].text
    if state in ("pending", "queued", "in_progress", "inactive"):
        return None
    target = status["environment"].text or deployment["environment"].text or "an environment"
    return Notice(
        text=joined(f"The deployment to {escaped(target)} reports {escaped(state)}", _in(payload)),
        status=_CONCLUSIONS.get(state, "neutral"),
        title=f"{target}: {state}",
        link=status.any("log_url", "environment_url", "target_url"),
        body=status["description"].text,
        facts=[
            ("Reference", deployment["ref"].text),
            ("Commit", deployment["sha"].text[:10]),
            ("Started by", deployment.at("creator.login").text),
        ],
    )


def _reference(payload: Node, event: str) -> Notice:
    verb = "created" if event == "create" else "deleted"
    kind, name = payload["ref_type"].text or "branch", payload["ref"].text
    return Notice(
        text=joined(_who(payload), f"{verb} the {escaped(kind)} {escaped(name)}", _in(payload)),
        status="good" if event == "create" else "warning",
    )


def _fork(payload: Node, _event: str) -> Notice:
    fork = payload["forkee"]
    return Notice(
        text=joined(_who(payload), f"forked {_where(payload) or 'a repository'}"),
        title=fork["full_name"].text,
        link=fork["html_url"].text,
    )


def _star(payload: Node, _event: str) -> Notice | None:
    if payload["action"].text == "deleted":
        return None
    count = payload.at("repository.stargazers_count").text
    return Notice(
        text=f"{_who(payload)} starred {_where(payload) or 'a repository'}", status="good", facts=[("Stars", count)]
    )


def _alert(payload: Node, event: str) -> Notice:
    """The notice of an alert: Dependabot, code scanning, secret scanning, and security advisories."""
    alert = payload["alert"] or payload["security_advisory"]
    action = payload["action"].text.replace("_", " ") or "changed"
    advisory = alert["security_advisory"]
    severity = advisory["severity"].text or alert.any(
        "security_vulnerability.severity", "rule.security_severity_level", "rule.severity", "severity"
    )
    kind = event.replace("_", " ")
    over = action in ("fixed", "dismissed", "auto dismissed", "resolved", "closed by user", "withdrawn")
    return Notice(
        text=joined(f"A {escaped(kind)} was {escaped(action)}", _in(payload)),
        status="good" if over else "bad" if severity in ("critical", "high", "error") else "warning",
        title=advisory["summary"].text or alert.any("rule.description", "summary", "secret_type_display_name") or kind,
        link=alert["html_url"].text,
        facts=[
            ("Severity", severity),
            ("Package", alert.at("dependency.package.name").text),
            ("State", alert["state"].text),
        ],
    )


def _discussion(payload: Node, _event: str) -> Notice | None:
    discussion, action = payload["discussion"], payload["action"].text
    if action not in ("created", "answered", "closed", "deleted"):
        return None
    return Notice(
        text=joined(_who(payload), f"{action} a discussion", _in(payload)),
        title=_numbered(discussion),
        link=discussion["html_url"].text,
        body=discussion["body"].text if action == "created" else "",
        facts=[("Category", discussion.at("category.name").text)],
    )


def _wiki(payload: Node, _event: str) -> Notice:
    page = payload["pages"].first
    return Notice(
        text=joined(_who(payload), "changed the wiki", _in(payload)),
        title=page["title"].text,
        link=page["html_url"].text,
        facts=[("Pages", str(len(payload["pages"])))],
    )


def _public(payload: Node, _event: str) -> Notice:
    return Notice(text=f"{_who(payload)} made {_where(payload) or 'a repository'} public", status="warning")


def _other(payload: Node, event: str) -> Notice:
    """The notice of an event without a reader of its own: who did what, with the name and URL of the object."""
    thing = payload[event]
    action = payload["action"].text.replace("_", " ")
    predicate = escaped(f"{action or 'sent'} {event.replace('_', ' ') or 'an event'}")
    return Notice(
        text=joined(_who(payload), predicate, _in(payload)),
        title=thing.any("title", "name", "full_name", "description"),
        link=thing["html_url"].text,
    )


_READERS: dict[str, Callable[[Node, str], Notice | None]] = {
    "ping": _ping,
    "push": _push,
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "pull_request_review_comment": _comment,
    "issues": _issue,
    "issue_comment": _comment,
    "commit_comment": _comment,
    "discussion": _discussion,
    "discussion_comment": _comment,
    "release": _release,
    "workflow_run": _run,
    "workflow_job": _run,
    "check_run": _run,
    "check_suite": _run,
    "status": _status,
    "deployment_status": _deployment,
    "create": _reference,
    "delete": _reference,
    "fork": _fork,
    "star": _star,
    "dependabot_alert": _alert,
    "code_scanning_alert": _alert,
    "secret_scanning_alert": _alert,
    "security_advisory": _alert,
    "gollum": _wiki,
    "public": _public,
}

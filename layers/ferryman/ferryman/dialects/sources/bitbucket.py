"""Bitbucket's webhooks, of Cloud and Data Center, by the event in the header X-Event-Key."""

from collections.abc import Mapping

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked, plain
from ferryman.dialects.sources.reading import Node

_PULL_REQUEST: dict[str, tuple[str, Status]] = {
    "created": ("opened", "good"),
    "opened": ("opened", "good"),
    "updated": ("updated", "neutral"),
    "modified": ("updated", "neutral"),
    "fulfilled": ("merged", "good"),
    "merged": ("merged", "good"),
    "rejected": ("declined", "bad"),
    "declined": ("declined", "bad"),
    "deleted": ("deleted", "warning"),
    "approved": ("approved", "good"),
    "unapproved": ("took the approval back from", "warning"),
    "reviewer:approved": ("approved", "good"),
    "reviewer:unapproved": ("took the approval back from", "warning"),
    "reviewer:needs_work": ("asked for changes of", "warning"),
    "changes_request_created": ("asked for changes of", "warning"),
    "comment_created": ("commented on", "neutral"),
    "comment:added": ("commented on", "neutral"),
}
_BUILDS: dict[str, Status] = {"SUCCESSFUL": "good", "FAILED": "bad", "STOPPED": "warning"}


def read(payload: Node, headers: Mapping[str, str]) -> Notice | None:
    event = headers.get("x-event-key", "") or payload["eventKey"].text
    family, _, action = event.partition(":")
    pull = payload["pullrequest"] or payload["pullRequest"]
    if event == "diagnostics:ping" or payload["test"].value is True:
        return Notice(text="Bitbucket is connected.", status="good")
    if pull:
        return _pull_request(payload, pull, action)
    if payload["push"]:
        return _push(payload)
    if action == "refs_changed":
        return _references(payload)
    if payload["commit_status"]:
        return _build(payload)
    if family == "issue" and payload["issue"]:
        return _issue(payload, action)
    if payload["comment"]:
        return _comment(payload)
    predicate = escaped(action.replace("_", " ").replace(":", " ")) or "sent an event"
    fork = payload["fork"]
    return Notice(
        text=joined(_who(payload), "forked" if fork else predicate, _where(payload["repository"])),
        title=fork["full_name"].text,
        link=_html(fork),
    )


def _who(payload: Node) -> str:
    return escaped(payload.any("actor.display_name", "actor.displayName", "actor.nickname", "actor.name")) or "Somebody"


def _html(of: Node) -> str:
    """The URL of an object's page. Cloud has it in `links.html`, Data Center in a list `links.self`."""
    return of.at("links.html.href").text or of.at("links.self").first["href"].text


def _where(repository: Node) -> str:
    name = repository["full_name"].text
    if not name:
        project = repository.at("project.key").text
        slug = repository.any("slug", "name")
        name = f"{project}/{slug}" if project and slug else slug
    return linked(name, _html(repository))


def _in(repository: Node) -> str:
    return f"in {where}" if (where := _where(repository)) else ""


def _pull_request(payload: Node, pull: Node, action: str) -> Notice | None:
    if action not in _PULL_REQUEST:
        return None
    verb, status = _PULL_REQUEST[action]
    repository = payload["repository"] or pull.at("toRef.repository")
    source = pull.any("source.branch.name", "fromRef.displayId")
    target = pull.any("destination.branch.name", "toRef.displayId")
    comment = payload["comment"]
    body = comment.any("content.raw", "text") or (pull["description"].text if verb == "opened" else "")
    return Notice(
        text=joined(_who(payload), verb, "a pull request", _in(repository)),
        status=status,
        title=joined(f"#{pull['id'].text}" if pull["id"].text else "", pull["title"].text),
        link=_html(comment) or _html(pull),
        body=body,
        facts=[
            ("Branch", f"{source} → {target}" if source or target else ""),
            ("State", pull["state"].text.lower()),
            ("Author", pull.any("author.display_name", "author.user.displayName")),
        ],
    )


def _push(payload: Node) -> Notice:
    change = payload.at("push.changes").first
    new, old = change["new"], change["old"]
    place = new or old
    kind, name = place["type"].text or "branch", place["name"].text
    commits = list(change["commits"])
    more = "+" if change["truncated"].value is True else ""
    if not new:
        predicate = f"deleted the {escaped(kind)}"
    elif commits:
        count = f"{len(commits)}{more} commit{'' if len(commits) == 1 and not more else 's'}"
        predicate = f"pushed {linked(count, change.at('links.html.href').text)} to"
    else:
        predicate = f"pushed the {escaped(kind)}"
    last = commits[0] if commits else place["target"]
    return Notice(
        text=joined(_who(payload), predicate, escaped(name), _in(payload["repository"])),
        status="warning" if not new or change["forced"].value is True else "neutral",
        title=plain(last["message"].text.partition("\n")[0]),
        link=_html(last),
        facts=[
            (kind.capitalize(), name),
            ("Commit", last["hash"].text[:10]),
            ("Author", last.any("author.user.display_name", "author.raw")),
        ],
    )


def _references(payload: Node) -> Notice:
    change = payload["changes"].first
    verbs = {"ADD": "created", "DELETE": "deleted"}
    kind, name = change.at("ref.type").text.lower() or "branch", change.at("ref.displayId").text
    predicate = f"{verbs.get(change['type'].text, 'pushed to')} the {escaped(kind)} {escaped(name)}"
    return Notice(
        text=joined(_who(payload), predicate, _in(payload["repository"])),
        facts=[(kind.capitalize(), name), ("Commit", change["toHash"].text[:10])],
    )


def _build(payload: Node) -> Notice | None:
    build = payload["commit_status"]
    state = build["state"].text
    if state == "INPROGRESS":
        return None
    return Notice(
        text=joined(
            linked(build["name"].text or "A build", build["url"].text),
            f"reports {escaped(state.lower())}",
            _in(payload["repository"]),
        ),
        status=_BUILDS.get(state, "neutral"),
        title=build["description"].text or build["name"].text,
        link=build["url"].text,
        facts=[("Reference", build["refname"].text), ("Key", build["key"].text)],
    )


def _issue(payload: Node, action: str) -> Notice:
    issue, comment = payload["issue"], payload["comment"]
    verbs = {"created": "opened", "updated": "updated", "comment_created": "commented on"}
    return Notice(
        text=joined(_who(payload), verbs.get(action, "changed"), "an issue", _in(payload["repository"])),
        status="warning" if action == "created" else "neutral",
        title=joined(f"#{issue['id'].text}" if issue["id"].text else "", issue["title"].text),
        link=_html(issue),
        body=comment.at("content.raw").text or (issue.at("content.raw").text if action == "created" else ""),
        facts=[
            ("State", issue["state"].text),
            ("Priority", issue["priority"].text),
            ("Kind", issue["type"].text or issue["kind"].text),
        ],
    )


def _comment(payload: Node) -> Notice:
    comment = payload["comment"]
    commit = payload.at("commit.hash").text or payload["commit"].text
    return Notice(
        text=joined(_who(payload), "commented on a commit", _in(payload["repository"])),
        title=f"Commit {commit[:10]}" if commit else "",
        link=_html(comment),
        body=comment.any("content.raw", "text"),
        facts=[("File", comment.at("inline.path").text)],
    )

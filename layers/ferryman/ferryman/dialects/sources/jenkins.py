"""Jenkins' Notification plugin. The phases `QUEUED` and `STARTED` do not make a message; every other phase does.

Set the plugin to send one phase, *Job Completed*: with all phases, `COMPLETED` and `FINALIZED` make two messages.
"""

from collections.abc import Mapping

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked
from ferryman.dialects.sources.reading import Node

_STATUSES: dict[str, Status] = {
    "SUCCESS": "good",
    "FAILURE": "bad",
    "UNSTABLE": "warning",
    "ABORTED": "warning",
    "NOT_BUILT": "warning",
}


def read(payload: Node, _headers: Mapping[str, str]) -> Notice | None:
    build = payload["build"]
    if build["phase"].text in ("QUEUED", "STARTED"):
        return None
    status = build["status"].text
    name = payload.any("display_name", "name") or "A job"
    number = build["number"].text
    label = f"{name} #{number}" if number else name
    tests = build["test_summary"]
    failed = f"{tests['failed'].text} of {tests['total'].text}" if tests["total"].text else ""
    return Notice(
        text=joined("The build", linked(label, build["full_url"].text), f"ended with {escaped(status or 'no status')}"),
        status=_STATUSES.get(status, "neutral"),
        title=f"{label}: {status.lower().replace('_', ' ')}" if status else label,
        link=build["full_url"].text,
        body=build["notes"].text,
        facts=[
            ("Branch", build.at("scm.branch").text),
            ("Commit", build.at("scm.commit").text[:10]),
            ("Failed tests", failed),
        ],
    )

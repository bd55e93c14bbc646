"""Every source reads its product's published payloads.

A changed payload neither raises nor gives an invalid message.
"""

import json
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
from ferryman.conversations.messages import attachments, mentions
from ferryman.conversations.messages.model import MAX_TEXT
from ferryman.dialects import sources
from ferryman.dialects.sources import notice
from ferryman.dialects.sources.notice import COLORS
from ferryman.integrations.incoming_webhooks.model import Source
from ferryman.integrations.incoming_webhooks.posts import Post
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PAYLOADS = Path(__file__).parent / "payloads"
SOURCES: tuple[str, ...] = get_args(Source.__value__)
EXAMPLES: dict[str, list[dict[str, Any]]] = {
    path.stem: json.loads(path.read_text()) for path in PAYLOADS.glob("*.json")
}
EACH = [(source, example) for source in sorted(EXAMPLES) for example in EXAMPLES[source]]

# The events that say nothing that a chat wants. All others give a message.
SILENT = {
    ("bitbucket", "repo-commit-status-created"),
    ("github", "installation"),
    ("github", "label"),
    ("github", "pull_request.synchronize"),
    ("github", "pull_request_review"),  # a review that says nothing besides its comments, which come by themselves
    ("github", "push.1"),
    ("github", "watch"),
    ("gitlab", "build-event"),
    ("gitlab", "job-event"),
}


def read(source: str, payload: Any, headers: dict[str, str] | None = None) -> Post | None:
    return sources.translated(source, None, payload, headers or {})


def example(source: str, name: str) -> dict[str, Any]:
    (found,) = [one for one in EXAMPLES[source] if one["name"] == name]
    return found


def shown(source: str, name: str, **changes: Any) -> tuple[str, dict[str, Any]]:
    """The text and the attachment that an example payload gives, after `changes` to its members."""
    one = example(source, name)
    post = read(source, one["payload"] | changes, one["headers"])
    assert post is not None
    text, boxes = post.parts[0]
    return text, boxes[0] if boxes else {}


def facts(box: dict[str, Any]) -> dict[str, str]:
    return {fact["title"]: fact["value"] for fact in box["fields"]}


def check(post: Post) -> None:
    """Check that a post keeps the rules of a message."""
    ((text, boxes),) = post.parts
    assert notice.plain(text)
    assert len(text) <= MAX_TEXT
    assert "\0" not in text
    assert len(boxes) <= 1
    for box in boxes:
        assert box["color"] in COLORS.values()
        assert len(box.get("fields", [])) <= 3
        assert box.get("title_link", "https://").startswith(("https://", "http://"))
        assert notice.plain(box["fallback"])
    assert attachments.size(boxes) < 8_192
    assert post.to is post.author_name is post.author_avatar_url is None


def test_each_source_has_a_module_and_payloads() -> None:
    assert {*SOURCES} - {"generic"} == EXAMPLES.keys()
    for source in SOURCES:
        assert callable(import_module(f"ferryman.dialects.sources.{source}").read)


@pytest.mark.parametrize(("source", "one"), EACH, ids=[f"{source}-{one['name']}" for source, one in EACH])
def test_a_published_payload_becomes_a_message(source: str, one: dict[str, Any]) -> None:
    post = read(source, one["payload"], one["headers"])
    assert (post is None) == ((source, one["name"]) in SILENT)
    if post is not None:
        check(post)
        assert mentions.handles(post.parts[0][0]) == []


# --- what each product's message says ---------------------------------------------------------------------------------


def test_github_tells_who_did_what_where() -> None:
    text, box = shown("github", "pull_request.opened")
    assert text == (
        "Codertocat opened a pull request in [Codertocat/Hello-World](https://github.com/Codertocat/Hello-World)"
    )
    assert box["title"] == "#2 Update the README with new information."
    assert box["title_link"] == "https://github.com/Codertocat/Hello-World/pull/2"
    assert box["color"] == COLORS["good"]
    assert facts(box) == {"Branch": "changes → master", "Changes": "+1 −1 in 1 files", "Author": "Codertocat"}
    text, box = shown("github", "check_run.completed")
    assert (box["title"], box["color"]) == ("Octocoders-linter: failure", COLORS["bad"])
    assert shown("github", "ping")[0] == "GitHub is connected in Octocoders."


def test_a_merged_pull_request_is_not_a_closed_one() -> None:
    pull = example("github", "pull_request.closed")["payload"]["pull_request"]
    assert "merged a pull request" in shown("github", "pull_request.closed", pull_request=pull | {"merged": True})[0]
    assert "closed a pull request" in shown("github", "pull_request.closed", pull_request=pull | {"merged": False})[0]


def test_gitlab_counts_commits_and_names_failed_jobs() -> None:
    assert shown("gitlab", "push-event")[0] == (
        "John Smith pushed 4 commits to master in [mike/diaspora](http://example.com/mike/diaspora)"
    )
    one = example("gitlab", "pipeline-event")["payload"]
    failed = {"object_attributes": one["object_attributes"] | {"status": "failed"}}
    failed["builds"] = [build | {"status": "failed"} for build in one["builds"][:2]]
    text, box = shown("gitlab", "pipeline-event", **failed)
    assert "ended with failed" in text
    assert box["color"] == COLORS["bad"]
    assert facts(box)["Failed jobs"] == ", ".join(build["name"] for build in one["builds"][:2])
    over = {"object_attributes": one["object_attributes"] | {"status": "running"}}
    assert read("gitlab", one | over) is None


def test_bitbucket_of_the_cloud_and_of_a_data_center_say_the_same() -> None:
    for name in ("pull-request-merged", "server-pr-merged"):
        text, box = shown("bitbucket", name)
        assert " merged a pull request in [" in text
        assert box["color"] == COLORS["good"]
        assert facts(box)["Branch"].endswith("→ master")


def test_alerts_fire_and_are_resolved() -> None:
    for source in ("alertmanager", "grafana"):
        text, box = shown(source, "firing")
        assert text.startswith("Firing: [High")
        assert box["color"] == COLORS["bad"]
        assert box["text"].count("\n") == 1  # a line for each of two alerts
    text, box = shown("alertmanager", "resolved")
    assert (text.partition(":")[0], box["color"]) == ("Resolved", COLORS["good"])
    assert facts(box)["Runbook"] == "https://runbooks.example.com/errors"


def test_older_grafana_and_single_alerts_are_read() -> None:
    post = read(
        "grafana", {"title": "[Alerting] Load", "ruleName": "Load", "state": "alerting", "ruleUrl": "https://g"}
    )
    assert post is not None
    assert post.parts[0][1][0]["color"] == COLORS["bad"]


def test_sentry_shows_issues_alerts_and_rules() -> None:
    assert shown("sentry", "issue")[0] == "New issue: ReferenceError: blooopy is not defined"
    text, box = shown("sentry", "metric_alert")
    assert (text, box["color"]) == (
        "[Resolved: Too many errors](https://sentry.io/organizations/baz/alerts/1/)",
        COLORS["good"],
    )
    event = {"title": "Boom", "web_url": "https://sentry.io/e/1", "level": "error", "tags": [["environment", "prod"]]}
    post = read("sentry", {"action": "triggered", "data": {"event": event, "triggered_rule": "Pages"}})
    assert post is not None
    text, (box,) = post.parts[0]
    assert text == "Pages: [Boom](https://sentry.io/e/1)"
    assert facts(box) == {"Environment": "prod"}


@pytest.mark.parametrize(
    ("action", "status"),
    [("triggered", "bad"), ("acknowledged", "warning"), ("resolved", "good"), ("annotated", "neutral")],
)
def test_pagerduty_colours_an_incident_by_its_state(action: str, status: notice.Status) -> None:
    event = example("pagerduty", "incident.priority_updated")["payload"]["event"] | {"event_type": f"incident.{action}"}
    text, box = shown("pagerduty", "incident.priority_updated", event=event)
    assert text.startswith(f"Incident {action}: [A little bump in the road](https://acme.pagerduty.com/incidents/")
    assert box["color"] == COLORS[status]
    assert facts(box)["Service"] == "API Service"


def test_stripe_says_the_amount_in_its_currency() -> None:
    text, box = shown("stripe", "charge.failed")
    assert "of 1.00 AUD (test)" in text
    assert box["color"] == COLORS["bad"]
    charge = example("stripe", "charge.failed")["payload"]["data"]["object"]
    for currency, amount in (("jpy", "1,234,567 JPY"), ("kwd", "1,234.567 KWD"), ("eur", "12,345.67 EUR")):
        data = {"object": charge | {"currency": currency, "amount": 1234567}}
        assert facts(shown("stripe", "charge.failed", data=data)[1])["Amount"] == amount


def test_sns_shows_alarms_budgets_and_texts() -> None:
    text, box = shown("aws_sns", "alarm")
    assert text.startswith("CloudWatch: [EXAMPLE](https://REGION.console.aws.amazon.com/")
    assert (box["title"], box["color"]) == ("EXAMPLE: ALARM", COLORS["bad"])
    assert facts(box)["Metric"] == "AWS/EC2 NetworkOut"
    assert shown("aws_sns", "text")[0] == "TestInvoke"
    budget = "AWS Budget Notification\nBudget Name: Team\nBudgeted Amount: $100.00\nACTUAL Amount: $110.00\n"
    text, box = shown("aws_sns", "text", Subject="AWS Budgets: Team has exceeded your alert threshold", Message=budget)
    assert facts(box) == {"Budget": "Team", "Budgeted": "$100.00", "Reached": "$110.00"}
    assert box["color"] == COLORS["warning"]


def test_datadog_uptime_kuma_jenkins_and_jira_have_a_state() -> None:
    assert shown("datadog", "documented-variables")[1]["color"] == COLORS["bad"]
    assert shown("datadog", "default")[1]["color"] == COLORS["good"]  # its title says Recovered
    assert "@webhook" not in str(shown("datadog", "documented-variables"))
    assert shown("uptime_kuma", "down")[0] == "[Test](https://test.com) is down."
    assert shown("uptime_kuma", "test")[0] == "Webhook Testing"
    assert shown("jenkins", "completed")[1]["color"] == COLORS["good"]
    build = example("jenkins", "completed")["payload"]["build"]
    assert read("jenkins", {"name": "asgard", "build": build | {"phase": "STARTED"}}) is None
    text, box = shown("jira", "issue-updated-resolved")
    assert text.endswith("[TES-41 Unit test summary 1](https://some-instance-test.atlassian.net/browse/TES-41)")
    assert "- status: In Progress → Done" in box["text"]
    assert box["color"] == COLORS["good"]


def test_any_json_has_a_sentence() -> None:
    for payload, text in (
        ({"message": "Deployed", "status": "ok", "url": "https://ci.example"}, "Deployed"),
        ({"a": 1}, "An event arrived with a."),
        ("plain", "plain"),
        ([], "An event without a text arrived."),
        (None, "An event without a text arrived."),
    ):
        post = read("generic", payload)
        assert post is not None
        assert post.parts[0][0] == text


# --- hostile and broken payloads --------------------------------------------------------------------------------------


def test_a_stranger_mentions_nobody_and_breaks_no_markup() -> None:
    issue = example("github", "issues.opened")["payload"]
    evil = "@bot](https://evil.example) `@all` <!channel> \u202e x"
    changed = issue | {"sender": {"login": evil}, "repository": {"full_name": evil, "html_url": "https://h/a b)(c"}}
    post = read("github", changed, {"x-github-event": "issues"})
    assert post is not None
    text = post.parts[0][0]
    assert mentions.handles(text) == []
    assert "\u202e" not in text
    assert text.endswith("](https://h/a%20b%29%28c)")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://", "ftp://x", "https://[", "data:text/html,x", "x" * 9000]
)
def test_only_addresses_of_the_web_become_links(link: str) -> None:
    assert notice.safe_link(link) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, member in inner for place in _places(member, (*path, name)))]


def _replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = _replaced(value[path[0]], path[1:], by)
    return copied


@pytest.mark.parametrize("text", ["Stripe: an event", "\x1b", ""])
@pytest.mark.parametrize("title", ["evt_1", "\x1b", ""])
def test_words_that_show_nothing_are_none(text: str, title: str) -> None:
    check(notice.post(notice.Notice(text=text, title=title, facts=[("Amount", "$5")])))


@pytest.mark.parametrize("source", SOURCES)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_whatever_is_changed_in_a_payload_gives_a_message_or_none(source: str, data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(EXAMPLES.get(source) or [{"payload": {"title": "x"}, "headers": {}}]))
    payload = one["payload"]
    for _ in range(data.draw(st.integers(0, 4))):
        payload = _replaced(payload, data.draw(st.sampled_from(_places(payload))), data.draw(JSON))
    headers = {name: data.draw(st.sampled_from([value, "", "unheard_of"])) for name, value in one["headers"].items()}
    post = read(source, payload, headers)
    if post is not None:
        check(post)

"""Amazon SNS: alarms of CloudWatch, budgets, events of EventBridge, and plain texts.

`sns_sender` verifies the sender.
"""

import json
from collections.abc import Mapping
from urllib.parse import quote

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked
from ferryman.dialects.sources.reading import Node

CONFIRMATION = "SubscriptionConfirmation"
_STATES: dict[str, Status] = {"ALARM": "bad", "OK": "good", "INSUFFICIENT_DATA": "warning"}


def read(payload: Node, _headers: Mapping[str, str]) -> Notice:
    kind = payload["Type"].text
    topic = payload["TopicArn"].text.rpartition(":")[2]
    if kind == CONFIRMATION:
        return Notice(text=joined("This chat is subscribed to the topic", escaped(topic)) + ".", status="good")
    if kind == "UnsubscribeConfirmation":
        return Notice(text=joined("This chat's subscription of the topic", escaped(topic), "ended."), status="warning")
    message = payload["Message"].text
    inner = _inner(message)
    if inner["AlarmName"]:
        return _alarm(inner)
    if inner["detail-type"]:
        return _event(inner)
    subject = payload["Subject"].text
    is_budget = subject.startswith("AWS Budgets") or "AWS Budgets" in message[:200]
    title = subject or message.partition("\n")[0]
    return Notice(
        text=escaped(subject or message.partition("\n")[0], 500)
        or f"The topic {escaped(topic)} sent an empty message.",
        status="warning" if is_budget else "neutral",
        title=title if message != title else "",
        body=message if message != title else "",
        facts=_budget(message) if is_budget else [("Topic", topic)],
    )


def _inner(message: str) -> Node:
    """The JSON object in a message's text; an empty node if the text is not JSON."""
    if not message.startswith("{"):
        return Node(None)
    try:
        return Node(json.loads(message))
    except (ValueError, RecursionError):
        return Node(None)


def _alarm(alarm: Node) -> Notice:
    name, state = alarm["AlarmName"].text, alarm["NewStateValue"].text
    region = (alarm["AlarmArn"].text.split(":") + [""] * 4)[3]
    link = ""
    if region:
        console = f"https://{region}.console.aws.amazon.com/cloudwatch/home"
        link = f"{console}?region={region}#alarmsV2:alarm/{quote(name, safe='')}"
    trigger = alarm["Trigger"]
    metric = joined(trigger["Namespace"].text, trigger["MetricName"].text)
    return Notice(
        text=joined("CloudWatch:", linked(name, link), f"is {escaped(state)}"),
        status=_STATES.get(state, "neutral"),
        title=f"{name}: {state}",
        link=link,
        body=joined(alarm["AlarmDescription"].text, alarm["NewStateReason"].text),
        facts=[
            ("Metric", metric or alarm["AlarmRule"].text),
            ("Account", joined(alarm["AWSAccountId"].text, alarm["Region"].text)),
            ("Since", alarm["StateChangeTime"].text),
        ],
    )


def _event(event: Node) -> Notice:
    kind = event["detail-type"].text
    return Notice(
        text=joined("AWS:", escaped(kind)),
        title=kind,
        body=event.at("detail.message").text,
        facts=[
            ("Source", event["source"].text),
            ("State", event.any("detail.state", "detail.status", "detail.state.value")),
            ("Account", joined(event["account"].text, event["region"].text)),
        ],
    )


def _budget(message: str) -> list[tuple[str, str]]:
    """The three figures of a budget notification, a text with one figure on each line."""
    figures = {
        name.strip(): value.strip()
        for name, colon, value in (line.partition(":") for line in message.splitlines())
        if colon and len(name) < 40
    }
    amount = next((value for name, value in figures.items() if name.upper().endswith("AMOUNT") and "$" in value), "")
    wanted = {
        "Budget": figures.get("Budget Name", ""),
        "Budgeted": figures.get("Budgeted Amount", ""),
        "Reached": figures.get("ACTUAL Amount") or figures.get("FORECASTED Amount") or amount,
    }
    return list(wanted.items())

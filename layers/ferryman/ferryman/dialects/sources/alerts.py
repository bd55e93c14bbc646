"""Groups of alerts in the form of Alertmanager, which Grafana uses, too. Pure."""

from ferryman.dialects.sources.notice import Notice, Status, escaped, joined, linked
from ferryman.dialects.sources.reading import Node

_MAX_LISTED = 5
_SEVERITIES: dict[str, Status] = {"info": "neutral", "none": "neutral", "warning": "warning"}


def read(payload: Node, product: str) -> Notice:
    alerts = list(payload["alerts"])
    firing = [alert for alert in alerts if alert["status"].text != "resolved"]
    resolved = payload["status"].text == "resolved" or (not firing and bool(alerts))
    first = (firing or alerts or [Node(None)])[0]
    common, labels = payload["commonLabels"], first["labels"]
    name = common["alertname"].text or labels["alertname"].text or payload["title"].text or f"An alert of {product}"
    severity = common["severity"].text or labels["severity"].text
    link = first.any("panelURL", "dashboardURL", "generatorURL") or payload["externalURL"].text
    count = len(alerts) + int(payload["truncatedAlerts"].number or 0)
    others = f"({count} alerts)" if count > 1 else ""
    return Notice(
        text=joined("Resolved:" if resolved else "Firing:", linked(name, link), escaped(others)),
        status="good" if resolved else _SEVERITIES.get(severity.lower(), "bad"),
        title=payload.at("commonAnnotations.summary").text or first.any("annotations.summary") or name,
        link=link,
        body=_body(payload, alerts),
        facts=[
            ("Severity", severity),
            ("Labels", _labels(labels if count == 1 else common)),
            ("Runbook", payload.at("commonAnnotations.runbook_url").text or first.at("annotations.runbook_url").text),
        ],
    )


def _labels(labels: Node) -> str:
    return ", ".join(
        f"{name}={value.text}"
        for name, value in labels.pairs
        if name not in ("alertname", "severity") and not name.startswith("__")
    )


def _body(payload: Node, alerts: list[Node]) -> str:
    """The description of one alert, or one line for each of several."""
    if len(alerts) <= 1:
        return alerts[0].any("annotations.description", "annotations.message") if alerts else payload["message"].text
    lines = []
    for alert in alerts[:_MAX_LISTED]:
        summary = alert.any("annotations.summary", "annotations.description", "labels.alertname")
        where = alert.any("labels.instance", "labels.host", "labels.pod")
        lines.append("- " + joined(summary, f"({where})" if where else "", f"· {alert['status'].text}"))
    if len(alerts) > _MAX_LISTED:
        lines.append(f"- and {len(alerts) - _MAX_LISTED} more")
    return "\n".join(lines)

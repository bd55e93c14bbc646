"""`make tour-fluxdesk`: shows a personal webhook, and notifications now and at a set time, in FluxDesk's form."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from local import demo, stack
from local.api import Api
from local.receiver import Receiver, Request
from tools import console
from tools.console import LocalError, bold, dim, green, red

ARRIVAL_SECONDS = 30
HEADERS = ("Content-Type", "X-FluxDesk-Signature", "X-FluxDesk-Event-Type", "X-FluxDesk-Delivery-Id")


def main() -> None:
    here = stack.default()
    if not here.info.get("processes"):
        raise LocalError("Nothing is running.", "Start it first: make up")
    api = here.api()
    print(f"\n{bold('A tour')} {dim('of personal webhooks and notifications, in the form of FluxDesk')}\n")
    with Receiver() as receiver:
        receiver.answer("/fluxdesk-events", 204)
        webhook = _webhook(api, receiver)
        try:
            _tour(api, receiver, webhook)
        finally:
            api.call("DELETE", f"/v1/me/webhooks/{webhook['id']}")


def _webhook(api: Api, receiver: Receiver) -> dict[str, Any]:
    demo._headline(1, "A webhook of one's own, with a signing secret of its own: POST /v1/me/webhooks")
    webhook = demo.create(api, "/v1/me/webhooks", {"url": receiver.url("/fluxdesk-events")})
    demo._show("webhook", webhook["id"])
    demo._show("gets", ", ".join(webhook["events"]))
    return webhook


def _tour(api: Api, receiver: Receiver, webhook: dict[str, Any]) -> None:
    me = api.call("GET", "/v1/me").json["user"]["id"]

    demo._headline(2, "A notification: POST /v1/notifications")
    told = {"type": "task_assigned", "title": "Fix the login page", "user_ids": [me]}
    demo.create(api, "/v1/notifications", told)
    request = demo._await("the delivery", lambda: demo._first(receiver, "/fluxdesk-events"), ARRIVAL_SECONDS)
    print(f"\n    {bold(request.method)} {request.path}")
    for name in HEADERS:
        print(f"    {dim(name + ':')} {request.headers.get(name, red('missing'))}")
    for line in json.dumps(json.loads(request.body), indent=2, ensure_ascii=False).splitlines():
        print(f"      {line}")
    print()

    demo._headline(3, "The published check: HMAC-SHA256 of the raw body, compared with what follows v1=")
    changed = request.body.replace(b"login", b"logon", 1)
    for name, body, expected in (
        ("the request as it arrived", request.body, True),
        ("one byte changed", changed, False),
    ):
        if _accepts(request, body, webhook["secret"]) is not expected:
            raise LocalError(f"The check is wrong about {name}.", "See the signing module of the pipeline.")
        demo._show(name, green("accepted" if expected else "refused"))

    demo._headline(4, "In the inbox: GET /v1/me/notifications, and marked read")
    entry = api.call("GET", "/v1/me/notifications?limit=1").json["items"][0]
    read = api.call("POST", f"/v1/me/notifications/{entry['id']}/read").json
    demo._show(entry["title"], f"read {read['read_at']}")

    demo._headline(5, "A reminder for later, and cancelled: send_at")
    later = (datetime.now(UTC) + timedelta(minutes=50)).isoformat()
    reminder = demo.create(
        api,
        "/v1/notifications",
        {"type": "meeting", "title": "Planning begins in 10 minutes", "user_ids": [me], "send_at": later},
    )
    demo._show(reminder["state"], reminder["send_at"])
    cancelled = api.call("POST", f"/v1/notifications/{reminder['id']}/cancel").json
    demo._show(cancelled["state"], "nobody will be told")

    demo._headline(6, "The log: GET /v1/me/webhooks/{personal_webhook_id}/deliveries")
    at = f"/v1/me/webhooks/{webhook['id']}/deliveries"
    logged = demo._await("the log", lambda: _delivered(api, at), ARRIVAL_SECONDS)
    demo._show(logged["event_type"], f"{green(logged['state'])}, answered {logged['attempts'][0]['status']}")


def _accepts(request: Request, body: bytes, secret: str) -> bool:
    expected = "v1=" + hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    return hmac.compare_digest(expected, request.headers.get("X-FluxDesk-Signature", ""))


def _delivered(api: Api, at: str) -> dict[str, Any] | None:
    items: list[dict[str, Any]] = api.call("GET", at).json["items"]
    return next((item for item in items if item["state"] == "delivered"), None)


if __name__ == "__main__":
    console.run(main)

"""Users with personal webhooks, and notifications to them."""

import hashlib
import hmac
from typing import Any

from local.receiver import Receiver, Request
from tests.integration.conftest import Workspace

OWN = ("me:webhooks", "notifications:read")


ALIASES = ["/v1/me/webhooks", "/me/agent/webhooks"]


type Made = dict[str, Any]


def personal_webhook(person: Workspace, receiver: Receiver, path: str = "/mine", **fields: Any) -> Made:
    made: Made = person.make("/v1/me/webhooks", {"url": receiver.url(path), **fields})
    return made


def notify(sender: Workspace, *people: Workspace, **fields: Any) -> Made:
    told = {"user_ids": [person.user_id for person in people]} if people else {"everyone": True}
    body = {"type": "task_assigned", "title": "Fix the login page", **told, **fields}
    made: Made = sender.make("/v1/notifications", body)
    return made


def inbox(person: Workspace, query: str = "") -> list[Made]:
    answer = person.call("GET", f"/v1/me/notifications{query}")
    assert answer.status == 200, answer.body
    items: list[Made] = answer.json["items"]
    return items


def log_of(person: Workspace, webhook: Made) -> list[Made]:
    items: list[Made] = person.call("GET", f"/v1/me/webhooks/{webhook['id']}/deliveries").json["items"]
    return items


def accepts(request: Request, secret: str) -> bool:
    expected = "v1=" + hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(request.headers["X-FluxDesk-Signature"], expected)

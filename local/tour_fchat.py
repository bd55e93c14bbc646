"""`make tour-fchat`: shows FChat's endpoints on the running stack: a group message, a question, and the answers."""

import json
import uuid
from typing import Any

import requests

from local import stack
from local.api import TIMEOUT_SECONDS, Api
from local.receiver import Receiver, Request
from tools import console
from tools.console import LocalError, bold, dim, green, red

ARRIVAL_SECONDS = 30


def tour(api: Api) -> None:
    """Show an application's requests and its callbacks. Deletes the application at the end."""
    with Receiver() as receiver:
        _headline(1, "An application with a group, the right to message people, and a callback")
        chat = _created(api, "/v1/chats", {"name": "Alerts", "external_id": "beat-42"})
        application = _created(
            api,
            "/v1/applications",
            {
                "app_name": f"TOUR-{uuid.uuid4().hex[:8]}",
                "chat_id": chat["id"],
                "may_message_people": True,
                "webhook_url": receiver.url("/callback"),
            },
        )
        try:
            _tour(api, receiver, application)
        finally:
            api.call("DELETE", f"/v1/applications/{application['id']}")


def _tour(api: Api, receiver: Receiver, application: dict[str, Any]) -> None:
    name, token = application["app_name"], application["token"]
    _show("application", f"{name}, token {token[:4]}…")

    _headline(2, "POST /webhooks/{app_name}/{token}: to the group")
    _send(api, f"/webhooks/{name}/{token}", {"text": "System notification: All services running"}, 200)

    _headline(3, "POST /webhooks/{token}/fchat: to a person who is not there yet, with buttons")
    email = f"ada-{uuid.uuid4().hex[:8]}@example.com"
    keyboard = [
        [{"text": label, "callbackData": {"action": "confirm", "data": data}}]
        for label, data in (("Yes", "yes"), ("No", "no"))
    ]
    question = {"email": email, "text": "Approve this request?", "reply_markup": {"inlineKeyboard": keyboard}}
    sent = _send(api, f"/webhooks/{token}/fchat", question, 200)

    _headline(4, "Refusals, in FChat's words")
    _send(api, f"/webhooks/{name}/{'0' * 32}", {"text": "x"}, 404)
    _send(api, f"/webhooks/{token}/fchat", {**question, "text": "x" * 2001}, 400)

    _headline(5, "The person answers: a text, then a click")
    context = _got(api, f"/v1/contexts/{sent['context']['id']}")
    person = _signed_in(api, context["user_id"], email)
    _created(person, f"/v1/chats/{context['chat_id']}/messages", {"text": "Let me see"})
    _show_told(_arrived(receiver, 1))
    _created(person, f"/v1/messages/{context['message_id']}/callbacks", {"row": 0, "column": 0})
    _show_told(_arrived(receiver, 2))

    _headline(6, "The context, and the log of requests")
    answers = _got(api, f"/v1/contexts/{context['id']}")["answers"]
    _show(context["id"], f"{answers} answers came in time, before {context['expires_at']}")
    for line in reversed(_got(api, f"/v1/applications/{application['id']}/requests")["items"]):
        paint = green if line["outcome"] == "accepted" else red
        _show(line["at"], f"{line['endpoint']:<7}{paint(line['outcome'])} {line['error'] or ''}")
    print()


def _send(api: Api, path: str, body: dict[str, Any], status: int) -> dict[str, Any]:
    answer = requests.post(api.url + path, json=body, timeout=TIMEOUT_SECONDS)
    if answer.status_code != status:
        raise LocalError(f"FChat's endpoint answered {answer.status_code}, not {status}.", "`make logs` shows why.")
    _show(str(answer.status_code), answer.text)
    found: dict[str, Any] = answer.json()
    return found


def _created(api: Api, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return _checked(path, api.call("POST", path, json=body))


def _got(api: Api, path: str) -> dict[str, Any]:
    return _checked(path, api.call("GET", path))


def _checked(path: str, reply: Any) -> dict[str, Any]:
    if reply.status not in (200, 201):
        raise LocalError(f"{path} answered {reply.status}: {reply.body[:300]!r}", "`make logs` shows why.")
    found: dict[str, Any] = reply.json
    return found


def _signed_in(api: Api, user_id: str, email: str) -> Api:
    """A client of the API with a session of the person, who accepts an invitation for it."""
    invitation = _created(api, f"/v1/users/{user_id}/invitation")
    body = {"token": invitation["token"], "password": f"correct horse {uuid.uuid4().hex}"}
    _created(Api(api.url), "/v1/invitations/accept", body)
    session = _created(Api(api.url), "/v1/sessions", {"email": email, "password": body["password"]})
    return Api(api.url, session["token"])


def _arrived(receiver: Receiver, count: int) -> Request:
    try:
        return receiver.wait_for(lambda request: request.path == "/callback", ARRIVAL_SECONDS, count=count)[-1]
    except TimeoutError as error:
        raise LocalError(str(error), "`make logs` shows what the deliverer does.") from error


def _show_told(request: Request) -> None:
    for line in json.dumps(json.loads(request.body), indent=2, ensure_ascii=False).splitlines():
        print(f"      {line}")


def _headline(number: int, text: str) -> None:
    print(f"{bold(f'{number}.')} {text}")


def _show(name: str, value: str) -> None:
    print(f"    {dim(f'{name:<26}')} {value}")


def main() -> None:
    here = stack.default()
    if not here.info.get("owner_token"):
        raise LocalError("The embedded stack is not up.", "Start it with `make up`.")
    tour(here.api())


if __name__ == "__main__":
    console.run(main)

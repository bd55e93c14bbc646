"""The curl examples of FChat's documentation, and a person's answers, on the embedded stack."""

import json
import shutil
import subprocess
import uuid
from typing import Any

import pytest

from local.api import Api
from local.receiver import Receiver, Request
from tests.e2e.harness import E2E

ARRIVAL_SECONDS = 20
BASE = "https://alerts.soc.fpt.net/webhooks"
TO_GROUP = """\
curl -X POST https://alerts.soc.fpt.net/webhooks/MY_APP/MY_TOKEN \\
-H "Content-Type: application/json" \\
-d '{"text": "System notification: All services running"}'
"""
TO_USER = """\
curl -X POST https://alerts.soc.fpt.net/webhooks/MY_TOKEN/fchat \\
-H "Content-Type: application/json" \\
-d '{"email": "user@example.com", "text": "Hello!"}'
"""
# One brace too many, as it is published.
WITH_BUTTONS = """\
curl -X POST https://alerts.soc.fpt.net/webhooks/MY_TOKEN/fchat \\
-H "Content-Type: application/json" \\
-d '{
  "email": "user@example.com",
  "text": "Approve this request?",
  "reply_markup": {
    "inlineKeyboard": [[
      {"text": "Yes", "callbackData": {"action": "confirm", "data": "yes"}},
      {"text": "No", "callbackData": {"action": "confirm", "data": "no"}}
    ]]
  }
}

}
'
"""
REPAIRED = WITH_BUTTONS.replace("\n\n}\n'", "\n'")


@pytest.fixture(scope="module")
def receiver(stack: E2E) -> Receiver:
    return stack.receiver()


@pytest.fixture(scope="module")
def application(stack: E2E, receiver: Receiver) -> dict[str, Any]:
    chat = stack.api("POST", "/v1/chats", {"name": "Alerts", "external_id": "beat-42"}).json
    reply = stack.api(
        "POST",
        "/v1/applications",
        {
            "app_name": "MY_APP",
            "chat_id": chat["id"],
            "may_message_people": True,
            "webhook_url": receiver.url("/callback"),
        },
    )
    assert reply.status == 201, reply.body
    made: dict[str, Any] = reply.json
    return made


def run(stack: E2E, application: dict[str, Any], example: str) -> tuple[int, Any]:
    """Run an example in a shell, with our address and token instead of its placeholders.

    Returns the status and the JSON.
    """
    assert shutil.which("curl"), "curl is needed to run FChat's examples"
    command = example.replace(BASE, f"{stack.api_url}/webhooks").replace("MY_TOKEN", application["token"])
    command = command.replace("curl ", "curl -s -w '\\n%{http_code}' ", 1)
    finished = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=True)
    body, _, status = finished.stdout.rpartition("\n")
    return int(status), json.loads(body)


def test_the_quick_example_for_a_group(stack: E2E, application: dict[str, Any]) -> None:
    assert run(stack, application, TO_GROUP) == (200, {"ok": True})
    messages = stack.api("GET", f"/v1/chats/{application['chat_id']}/messages").json["items"]
    assert [message["text"] for message in messages] == ["System notification: All services running"]


def test_the_quick_examples_for_a_person(stack: E2E, application: dict[str, Any]) -> None:
    status, answer = run(stack, application, TO_USER)
    assert status == 200
    assert answer.pop("context")["parameters"] == {}
    assert answer == {"ok": True, "error_code": 200, "description": "Message sent to queue"}
    assert run(stack, application, WITH_BUTTONS) == (
        400,
        {"ok": False, "error_code": 400, "description": "Bad Request: invalid request"},
    )
    assert run(stack, application, REPAIRED)[0] == 200


def test_a_token_where_a_name_stands_is_neither_endpoint(stack: E2E, application: dict[str, Any]) -> None:
    """An address that ends in `/fchat` is always that for people, because no token is `fchat`."""
    wrong = {**application, "token": "0" * 32}
    assert run(stack, wrong, TO_USER)[1]["description"] == "channel or token not found"
    assert run(stack, wrong, TO_GROUP)[1]["description"] == "Channel or token not found"


def test_a_reply_and_a_click_arrive(stack: E2E, application: dict[str, Any], receiver: Receiver) -> None:
    email = f"ada-{uuid.uuid4().hex[:8]}@example.com"
    status, answer = run(stack, application, REPAIRED.replace("user@example.com", email))
    assert status == 200
    context = stack.api("GET", f"/v1/contexts/{answer['context']['id']}").json
    person = signed_in(stack, context["user_id"], email)
    message = f"/v1/messages/{context['message_id']}/callbacks"
    said = person.call("POST", f"/v1/chats/{context['chat_id']}/messages", json={"text": "Yes ✅"})
    assert (said.status, said.json["context_id"]) == (201, context["id"])
    assert person.call("POST", message, json={"row": 0, "column": 1}).status == 201
    arrived = receiver.wait_for(lambda request: request.path == "/callback", ARRIVAL_SECONDS, count=2)
    told = sorted((json.loads(request.body)["message"] for request in arrived), key=len)
    who = {
        "user": {"email": email, "name": email.partition("@")[0]},
        "chat": {"id": context["chat_id"], "type": "private"},
    }
    data = '{"action":"confirm","data":"no"}'
    clicked = {"data": data, "message": {"message_id": context["message_id"]}, "data_json": data}
    assert told == [{"text": "Yes ✅", **who}, {"text": "No", **who, "callback_query": clicked}]
    log = stack.api("GET", f"/v1/applications/{application['id']}/requests").json["items"]
    assert log[0]["context_id"] == context["id"]


def test_a_text_of_the_group_arrives_and_the_token_reads_its_context(
    stack: E2E, application: dict[str, Any], receiver: Receiver
) -> None:
    changed = stack.api("PATCH", f"/v1/applications/{application['id']}", {"group_messages": True})
    assert changed.status == 200, changed.body
    assert run(stack, application, TO_GROUP.replace("MY_TOKEN ", "MY_TOKEN/ ")) == (200, {"ok": True})
    group = f"/v1/chats/{application['chat_id']}/messages"
    assert stack.api("POST", group, {"text": "Are they?"}).status == 201

    def is_of_group(request: Request) -> bool:
        return bool(json.loads(request.body)["message"]["chat"]["type"] == "group")

    (arrived,) = receiver.wait_for(is_of_group, ARRIVAL_SECONDS)
    told = json.loads(arrived.body)
    assert told["message"]["text"] == "Are they?"
    own = Api(stack.api_url, application["token"])
    context = own.call("GET", f"/v1/contexts/{told['context']['id']}").json
    assert (context["application_id"], context["user_id"]) == (application["id"], None)
    assert own.call("POST", group, json={"text": "They are"}).status == 201
    assert own.call("GET", "/v1/chats").status == 401


def signed_in(stack: E2E, user_id: str, email: str) -> Api:
    """A client of the API with a session of the person, who accepts an invitation for it."""
    invited = stack.api("POST", f"/v1/users/{user_id}/invitation")
    assert invited.status in (200, 201), invited.body
    body = {"token": invited.json["token"], "password": f"correct horse {uuid.uuid4().hex}"}
    accepted = stack.api("POST", "/v1/invitations/accept", body, token="")
    assert accepted.status in (200, 201), accepted.body
    credentials = {"email": email, "password": body["password"], "workspace_id": stack.workspace_id}
    session = stack.api("POST", "/v1/sessions", credentials, token="")
    assert session.status == 201, session.body
    return Api(stack.api_url, session.json["token"])

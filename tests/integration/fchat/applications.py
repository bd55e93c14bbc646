"""Applications of a workspace that use FChat's URLs, and people who answer their messages."""

import json
from typing import Any

from local.receiver import Receiver
from tests.integration.conftest import Workspace
from tests.support.world import Answer

KEYBOARD = {
    "inlineKeyboard": [
        [{"text": "✅ Approve", "callbackData": {"action": "approve", "data": "approve_request"}}],
        [{"text": "❌ Reject", "callbackData": {"action": "reject", "data": "reject_request"}}],
    ]
}

CHANNEL = "Channel or token not found"
GOOD = {"email": "user@example.com", "text": "Please choose an option:"}


class App:
    """An application of a workspace, used as its program would."""

    def __init__(self, workspace: Workspace, **fields: Any) -> None:
        self.workspace = workspace
        self.world = workspace.world
        self.name = fields.pop("app_name", "MY_APP")
        self.made = workspace.make("/v1/applications", {"app_name": self.name, **fields})
        self.id = str(self.made["id"])
        self.token = str(self.made["token"])

    def post(self, body: Any = None, **options: Any) -> Answer:
        """Post to the group."""
        return self.world.call("POST", f"/webhooks/{self.name}/{self.token}", json_body=body, **options)

    def message(self, body: Any = None, **options: Any) -> Answer:
        """Post to a person."""
        return self.world.call("POST", f"/webhooks/{self.token}/fchat", json_body=body, **options)

    def edit(self, **changes: Any) -> Any:
        answer = self.workspace.call("PATCH", f"/v1/applications/{self.id}", changes)
        assert answer.status == 200, answer.body
        return answer.json

    def requests(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.workspace.call("GET", f"/v1/applications/{self.id}/requests").json["items"]
        return items


def group(workspace: Workspace) -> str:
    return workspace.chat("Alerts", external_id="beat-42")


def texts(workspace: Workspace, chat: str) -> list[str]:
    items = workspace.call("GET", f"/v1/chats/{chat}/messages").json["items"]
    return [item["text"] for item in reversed(items)]


def refused(answer: Answer) -> tuple[int, str]:
    """The status and the text of a refusal. Checks that its envelope is complete."""
    content = answer.json
    assert set(content) == {"ok", "error_code", "description"}
    assert content["ok"] is False
    assert content["error_code"] == answer.status
    assert answer.headers["content-type"] == "application/json"
    return answer.status, content["description"]


def people(workspace: Workspace) -> set[str]:
    return {user["email"] for user in workspace.call("GET", "/v1/users?limit=100").json["items"]}


def person(workspace: Workspace) -> Workspace:
    """A new user who can read and write messages."""
    return workspace.person("staff", "messages:read", "messages:write", "chats:read")


def email_of(person: Workspace, owner: Workspace) -> str:
    return str(owner.call("GET", f"/v1/users/{person.user_id}").json["email"])


class Talk:
    """A person who got a question from an application with a callback."""

    def __init__(self, workspace: Workspace, receiver: Receiver, keyboard: Any = KEYBOARD, **fields: Any) -> None:
        self.world = workspace.world
        self.owner = workspace
        self.receiver = receiver
        self.person = person(workspace)
        self.email = email_of(self.person, workspace)
        self.app = App(workspace, may_message_people=True, webhook_url=receiver.url("/callback"), **fields)
        answer = self.app.message({"email": self.email, "text": "Approve?", "reply_markup": keyboard})
        assert answer.status == 200, answer.body
        self.context = answer.json["context"]["id"]
        (chat,) = self.person.call("GET", "/v1/chats").json["items"]
        self.chat = chat["id"]
        (message,) = self.person.call("GET", f"/v1/chats/{self.chat}/messages").json["items"]
        self.message = message["id"]

    def say(self, text: str) -> Any:
        return self.person.make(f"/v1/chats/{self.chat}/messages", {"text": text})

    def click(self, **choice: Any) -> Any:
        return self.person.make(f"/v1/messages/{self.message}/callbacks", choice)

    def told(self) -> list[Any]:
        self.world.pump()
        return [json.loads(request.body) for request in self.receiver.requests("/callback")]

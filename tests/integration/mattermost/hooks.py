"""Incoming webhooks of the flavours `mattermost` and `slack`, as the tests make them and post to them."""

from dataclasses import dataclass
from typing import Any

from tests.integration.conftest import Workspace
from tests.support.world import Answer


@dataclass
class Hook:
    by: Workspace
    chat: str
    path: str
    id: str

    def post(self, sent: Any = None, **options: Any) -> Answer:
        """POST a JSON value, or `body=` with its own content type."""
        return self.by.world.call("POST", self.path, json_body=sent, **options)

    def said(self, sent: Any = None, **options: Any) -> dict[str, Any]:
        """The message that a post becomes."""
        answer = self.post(sent, **options)
        assert (answer.status, answer.body) == (200, b"ok"), answer.body
        assert answer.headers["content-type"].startswith("text/plain")
        return self.messages()[0]

    def messages(self, chat: str | None = None) -> list[dict[str, Any]]:
        """The newest first."""
        found: list[dict[str, Any]] = self.by.call("GET", f"/v1/chats/{chat or self.chat}/messages").json["items"]
        return found


def hook(by: Workspace, flavour: str = "mattermost", chat: str | None = None, **fields: Any) -> Hook:
    chat = chat or by.chat()
    made = by.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI", "flavour": flavour, **fields})
    assert made["flavour"] == flavour
    return Hook(by, chat, str(made["url"]).removeprefix("https://api.test"), made["id"])

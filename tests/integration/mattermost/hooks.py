"""Creates incoming webhooks of the flavours `mattermost` and `slack` for the tests, and posts to them."""

from dataclasses import dataclass
from typing import Any

from tests.integration.conftest import Workspace
from tests.support.world import Answer

FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass
class Hook:
    by: Workspace
    chat: str
    path: str
    id: str

    def post(self, sent: Any = None, **options: Any) -> Answer:
        """POST a JSON value, or `body=` with a content type of its own."""
        return self.by.world.call("POST", self.path, json_body=sent, **options)

    def said(self, sent: Any = None, **options: Any) -> dict[str, Any]:
        """Post, check the success, and return the new message."""
        answer = self.post(sent, **options)
        assert (answer.status, answer.body) == (200, b"ok"), answer.body
        assert answer.headers["content-type"].startswith("text/plain")
        return self.messages()[0]

    def messages(self, chat: str | None = None) -> list[dict[str, Any]]:
        """The messages of the chat, newest first."""
        return self.by.messages(chat or self.chat)


def hook(by: Workspace, flavour: str = "mattermost", chat: str | None = None, **fields: Any) -> Hook:
    chat = chat or by.chat()
    made = by.make("/v1/incoming-webhooks", {"chat_id": chat, "name": "CI", "flavour": flavour, **fields})
    assert made["flavour"] == flavour
    return Hook(by, chat, str(made["url"]).removeprefix("https://api.test"), made["id"])


def multipart(**fields: str) -> dict[str, Any]:
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in fields.items()]
    body = "".join([*parts, "--b--\r\n"]).encode()
    return {"body": body, "headers": {"content-type": "multipart/form-data; boundary=b"}}

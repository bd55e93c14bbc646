"""Creates buttons of attachments for the tests, and clicks on them."""

import json
from typing import Any

from local.receiver import Answer, Receiver
from tests.integration.conftest import Workspace
from tests.support.mattermost import short

type Made = dict[str, Any]
SECRET = "a-secret-of-the-integration"


def box(receiver: Receiver, **fields: Any) -> Made:
    called = {"url": receiver.url("/actions"), "context": {"secret": SECRET, "build": 17}}
    action = {"id": "go", "name": "Deploy", "type": "button", "integration": called, **fields}
    return {"text": "Build 17 passed", "actions": [action]}


def newest(workspace: Workspace, chat: str) -> Made:
    return workspace.messages(chat)[0]


def answers(receiver: Receiver, answer: Any) -> None:
    receiver.answer("/actions", Answer(body=json.dumps(answer).encode()))


def click(workspace: Workspace, message: Made, action: str = "go", body: Any = None, **options: Any) -> Any:
    return workspace.call("POST", f"/api/v4/posts/{short(message['id'])}/actions/{action}", body, **options)

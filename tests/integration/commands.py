"""Creates commands for the tests, and sets the answers of their receivers."""

import json
from typing import Any

from local.receiver import Answer, Receiver
from tests.integration.conftest import Workspace

type Made = dict[str, Any]


def command(workspace: Workspace, receiver: Receiver, **fields: Any) -> Made:
    wanted = {"trigger": "deploy", "url": receiver.url("/commands"), **fields}
    made: Made = workspace.make("/v1/commands", wanted)
    return made


def answers(receiver: Receiver, answer: Any, path: str = "/commands") -> None:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    receiver.answer(path, Answer(body=body, headers={"Content-Type": "application/json"}))

"""Objects that the tests of the console create through the API, and requests that they wait for."""

import uuid
from typing import Any

from local.receiver import Receiver, Request
from tests.e2e.browser.visit import Person
from tests.e2e.harness import E2E

PATIENCE_SECONDS = 30


def made_chat(stack: E2E, *members: Person) -> dict[str, Any]:
    """Create a chat with these people, which no other test uses."""
    name = f"chat-{uuid.uuid4().hex[:8]}"
    ids = [person.user_id for person in members]
    return made(stack, "/v1/chats", {"name": name, "external_id": name, "member_ids": ids})


def made(stack: E2E, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = stack.api("POST", path, body)
    assert answer.status == 201, answer.body
    return dict(answer.json)


def arrived(receiver: Receiver, path: str) -> Request:
    return receiver.wait_for(lambda request: request.path == path, PATIENCE_SECONDS)[0]

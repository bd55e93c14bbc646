"""Creates outgoing webhooks of the format `mattermost` for the tests, triggers them, and reads their messages."""

from typing import Any

from local.receiver import Receiver
from tests.integration.conftest import Workspace

type Made = dict[str, Any]


def wanted(receiver: Receiver, chat: str, **fields: Any) -> Made:
    """The body that creates an outgoing webhook with a trigger word. `fields` add or replace members."""
    return {
        "url": receiver.url("/out"),
        "events": ["message.created"],
        "chat_ids": [chat],
        "format": "mattermost",
        "trigger_words": ["deploy"],
        **fields,
    }


def hook(workspace: Workspace, receiver: Receiver, chat: str, **fields: Any) -> Made:
    made: Made = workspace.make("/v1/webhooks", wanted(receiver, chat, **fields))
    return made


def say(workspace: Workspace, chat: str, text: str) -> Made:
    made: Made = workspace.make(f"/v1/chats/{chat}/messages", {"text": text})
    workspace.world.pump()
    return made


def posted(workspace: Workspace, chat: str) -> list[Made]:
    """The messages that webhooks posted in the chat, oldest first."""
    return [item for item in reversed(workspace.messages(chat)) if item["author"]["type"] == "webhook"]

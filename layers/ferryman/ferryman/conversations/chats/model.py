"""Chat: a group or private conversation with members."""

from dataclasses import dataclass
from typing import Literal

from ferryman.aws import dynamodb as store

type ChatType = Literal["group", "private"]


@dataclass(slots=True, kw_only=True)
class Chat(store.Record):
    """A group or private conversation, as an item of the table `chats`."""

    workspace_id: str
    chat_id: str
    name: str
    type: ChatType
    created_by: str
    created_at: str
    updated_at: str
    active: bool = True
    livemode: bool = True  # false if a test credential created it; only then may test credentials change it
    handle: str | None = None  # names the chat in other products' addresses; unique in the workspace
    external_id: str | None = None  # the chat's id in another system
    told_applications: list[str] | None = None  # the applications that get people's messages in this group
    application_id: str | None = None  # set on a private chat between a person and this application


@dataclass(slots=True, kw_only=True)
class Member(store.Record):
    """One user's membership in a chat, as an item of the table `chats`."""

    workspace_id: str
    chat_id: str
    user_id: str
    added_by: str
    added_at: str

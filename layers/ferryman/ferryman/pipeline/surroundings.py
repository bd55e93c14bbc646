"""Reads the names for the bodies of deliveries with trigger words: those of the workspace, the chat and the author.

The names are those of now. They take three reads for each workspace.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ferryman.conversations.chats import table as chats
from ferryman.events.model import Event
from ferryman.formats import triggers
from ferryman.formats.interface import Surroundings
from ferryman.identity.users import table as users
from ferryman.identity.workspaces import table as workspaces


@dataclass(frozen=True, slots=True)
class Names:
    """The names of an event's workspace, chat and author."""

    workspace: str
    chat: str
    author: str

    def with_token(self, event: Event, token: str) -> Surroundings:
        return Surroundings(
            workspace_id=event.workspace_id,
            workspace_name=self.workspace,
            chat_name=self.chat,
            author_name=self.author,
            token=token,
        )


def of(events: Iterable[Event]) -> dict[str, Names]:
    """The Names of these events, by event id. A chat or an author that no longer exists is named by its short id."""
    by_workspace: dict[str, list[Event]] = {}
    for event in events:
        by_workspace.setdefault(event.workspace_id, []).append(event)
    names_of: dict[str, Names] = {}
    for workspace_id, events_of_workspace in by_workspace.items():
        chats_by_id = chats.existing(workspace_id, {event.chat_id for event in events_of_workspace if event.chat_id})
        authors = {_author(event) for event in events_of_workspace} - {""}
        people = {one.user_id: one.handle for one in users.get_many(workspace_id, authors)}
        name = workspaces.get(workspace_id).name
        for event in events_of_workspace:
            chat_id, author = event.chat_id or "", _author(event)
            handle = chats_by_id[chat_id].handle if chat_id in chats_by_id else None
            names_of[event.event_id] = Names(
                name, handle or triggers.short(chat_id), people.get(author) or _other_author(event)
            )
    return names_of


def _other_author(event: Event) -> str:
    author = event.data["message"]["author"]
    return str(author.get("name") or triggers.short(author.get("id") or ""))


def _author(event: Event) -> str:
    author = event.data["message"]["author"]
    return str(author["id"]) if author["type"] == "user" else ""

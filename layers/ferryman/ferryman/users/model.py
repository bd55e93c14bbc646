"""User: a person or a bot of a workspace."""

from dataclasses import dataclass

from ferryman import scopes, store


@dataclass(slots=True, kw_only=True)
class User(store.Record):
    workspace_id: str
    user_id: str
    name: str
    role: scopes.Role
    created_at: str
    updated_at: str
    email: str | None = None
    active: bool = True

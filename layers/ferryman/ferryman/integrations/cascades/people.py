"""Applies a person's new role or activity to the person's tokens, sessions and everything that the person owns."""

from ferryman.identity.credentials.model import Caller
from ferryman.identity.sessions import service as sessions
from ferryman.identity.tokens import service as tokens
from ferryman.identity.users import service, table
from ferryman.identity.users.model import User
from ferryman.identity.users.schema import UserPatch
from ferryman.integrations import ownership
from ferryman.integrations.bots import service as bots
from ferryman.notifications import notices


def edit(caller: Caller, user_id: str, patch: UserPatch) -> User:
    """Edit a person. A changed role or activity applies at once to the person's tokens, sessions and owned objects.

    Raises as `users.service.edit` does.
    """
    user = service.edit(caller, user_id, patch, notices.notice)
    if {"role", "active"} & patch.model_fields_set:  # also when nothing changed: an earlier request may have failed
        _follow(user)
    return user


def _follow(user: User) -> None:
    while True:
        tokens.follow_user(user)
        sessions.follow_user(user)
        ownership.follow(user, bots.follow)
        newest = table.get(user.workspace_id, user.user_id)
        if (newest.role, newest.active) == (user.role, user.active):
            return
        user = newest

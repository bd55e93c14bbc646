"""The table `logins`: (workspace_id, user_id) → login. Only the functions sessions and mattermost_login can read it."""

from typing import Any

from ferryman.aws import dynamodb as store
from ferryman.identity.logins.model import Login

TABLE = "logins"


def _key(login: Login) -> store.Key:
    return {"workspace_id": login.workspace_id, "user_id": login.user_id}


def get(workspace_id: str, user_id: str) -> Login:
    """The person's login; an empty one with version 0 if nothing is stored yet."""
    item = store.get(TABLE, {"workspace_id": workspace_id, "user_id": user_id})
    return Login.from_item(item) if item else Login(workspace_id=workspace_id, user_id=user_id)


def changing(login: Login, *, refused: Exception | None = None, **changes: Any) -> store.Write:
    """The write that sets attributes of the login.

    If it changed after it was read, the commit raises `refused` (default Conflict).
    """
    condition, values = _as_read(login)
    return store.set_values(
        TABLE,
        _key(login),
        {**changes, "version": login.version + 1},
        condition=condition,
        values=values,
        refused=refused,
    )


def unchanged(login: Login, *, refused: Exception) -> store.Write:
    """The check that the login did not change after it was read; otherwise the commit raises `refused`."""
    condition, values = _as_read(login)
    return store.check(TABLE, _key(login), condition, values, refused=refused)


def _as_read(login: Login) -> tuple[str, dict[str, int]]:
    if login.version == 0:
        return "attribute_not_exists(user_id)", {}
    return "version = :read", {":read": login.version}

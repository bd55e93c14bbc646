"""The table `sessions`: (workspace_id, entry) → session, where entry is `<user_id>/<session_id>`.

It serves lists, and finds all sessions of a person. Requests are authenticated by the table `credentials` instead.
"""

from collections.abc import Iterator

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.identity.sessions.model import Session

TABLE = "sessions"


def _key(workspace_id: str, user_id: str, session_id: str) -> store.Key:
    return {"workspace_id": workspace_id, "entry": f"{user_id}/{session_id}"}


def get(workspace_id: str, user_id: str, session_id: str) -> Session:
    """A session that has not ended. Raises NotFound."""
    item = store.get(TABLE, _key(workspace_id, user_id, session_id))
    if item is None or item["expires_at"] <= clock.now_iso():
        raise NotFound("The session does not exist.")
    return Session.from_item(item)


def page(
    workspace_id: str, user_id: str, limit: int, after: store.Key | None
) -> tuple[list[Session], store.Key | None]:
    """A page of a person's unexpired sessions, newest first, and the key after which the next page begins, or None."""
    page = store.page(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": f"{user_id}/", ":now": clock.now_iso()},
        where="expires_at > :now",
        newest_first=True,
        key=("workspace_id", "entry"),
        limit=limit,
        after=after,
    )
    return [Session.from_item(item) for item in page.items], page.last_key


def of_user(workspace_id: str, user_id: str) -> Iterator[Session]:
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": f"{user_id}/"},
    )
    return (Session.from_item(item) for item in items)


def of_workspace(workspace_id: str) -> Iterator[Session]:
    items = store.query_all(TABLE, "workspace_id = :workspace", {":workspace": workspace_id})
    return (Session.from_item(item) for item in items)


def limiting(session: Session, *, enrols_only: bool) -> store.Write:
    """The write that sets whether the session can only enrol a second factor.

    If the session ended, the commit raises NotFound.
    """
    return store.set_values(
        TABLE,
        _key(session.workspace_id, session.user_id, session.session_id),
        {"enrols_only": enrols_only or None},
        condition="attribute_exists(entry)",
        refused=NotFound("The session does not exist."),
    )


def secret_hashes(workspace_id: str) -> Iterator[str]:
    """The secret hashes of all sessions of a workspace."""
    items = store.query_all(TABLE, "workspace_id = :workspace", {":workspace": workspace_id}, only=("secret_hash",))
    return (item["secret_hash"] for item in items)


def creating(session: Session) -> store.Write:
    item = {**session.to_item(), **_key(session.workspace_id, session.user_id, session.session_id)}
    return store.put(TABLE, item, condition="attribute_not_exists(entry)")


def deleting(session: Session) -> store.Write:
    return store.delete(TABLE, _key(session.workspace_id, session.user_id, session.session_id))

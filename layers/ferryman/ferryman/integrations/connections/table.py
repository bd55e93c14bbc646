"""The table `connections`: (workspace_id, connection_id) → connection."""

from collections.abc import Callable

from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.integrations.connections.model import Connection

TABLE = "connections"


def _key(workspace_id: str, connection_id: str) -> store.Key:
    return {"workspace_id": workspace_id, "connection_id": connection_id}


def get(workspace_id: str, connection_id: str) -> Connection:
    item = store.get(TABLE, _key(workspace_id, connection_id))
    if item is None:
        raise NotFound("The connection does not exist.")
    return Connection.from_item(item)


def page(
    workspace_id: str, limit: int, after: store.Key | None, keep: Callable[[Connection], bool]
) -> tuple[list[Connection], store.Key | None]:
    """Those that `keep` takes, newest first."""
    found = store.page(
        TABLE,
        "workspace_id = :workspace",
        {":workspace": workspace_id},
        newest_first=True,
        key=("workspace_id", "connection_id"),
        limit=limit,
        after=after,
        keep=lambda items: [item for item in items if keep(Connection.from_item(item))],
    )
    return [Connection.from_item(item) for item in found.items], found.last_key


def creating(connection: Connection) -> store.Write:
    return store.put(TABLE, connection.to_item(), condition="attribute_not_exists(connection_id)")


def changing(connection: Connection, **changes: object) -> store.Write:
    """Set attributes; refused when somebody changed or disconnected it in between."""
    return store.set_values(
        TABLE,
        _key(connection.workspace_id, connection.connection_id),
        changes,
        condition="updated_at = :before",
        values={":before": connection.updated_at},
    )


def deleting(connection: Connection) -> store.Write:
    return store.delete(
        TABLE,
        _key(connection.workspace_id, connection.connection_id),
        condition="updated_at = :before",
        values={":before": connection.updated_at},
    )

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
    """A page of the connections that `keep` accepts, newest first, and the key after which the next one begins."""
    page = store.page(
        TABLE,
        "workspace_id = :workspace",
        {":workspace": workspace_id},
        newest_first=True,
        key=("workspace_id", "connection_id"),
        limit=limit,
        after=after,
        keep=lambda items: [item for item in items if keep(Connection.from_item(item))],
    )
    return [Connection.from_item(item) for item in page.items], page.last_key


def creating(connection: Connection) -> store.Write:
    return store.put(TABLE, connection.to_item(), condition="attribute_not_exists(connection_id)")


def changing(connection: Connection, **changes: object) -> store.Write:
    """The write that sets attributes. Refused with Conflict if the row changed after `connection` was read."""
    return store.set_values(
        TABLE,
        _key(connection.workspace_id, connection.connection_id),
        changes,
        condition="updated_at = :before",
        values={":before": connection.updated_at},
    )


def consuming_approval(connection: Connection, state_hash: str, refused: Exception) -> store.Write:
    """The write that removes the open approval, so that its state works once.

    Refused with `refused` if the open approval has another state.
    """
    return store.update(
        TABLE,
        _key(connection.workspace_id, connection.connection_id),
        "REMOVE #approval",
        {":hash": state_hash},
        condition="#approval.state_hash = :hash",
        names={"#approval": "approval"},
        refused=refused,
    )


def keeping_tokens(connection: Connection, **changes: object) -> store.Write:
    """The write that stores the first tokens after an approval.

    Refused with Conflict if the client or the tokens changed after `connection` was read.
    """
    return store.set_values(
        TABLE,
        _key(connection.workspace_id, connection.connection_id),
        changes,
        condition="client_id = :client AND tokens_number = :number",
        values={":client": connection.client_id, ":number": connection.tokens_number},
    )


def claiming_refresh(connection: Connection, now: int, until: int, refused: Exception) -> store.Write:
    """The write that claims the renewal of the tokens until `until`. Both times are in epoch seconds.

    Refused with `refused` if another caller has the claim, or the tokens changed after `connection` was read.
    """
    return store.set_values(
        TABLE,
        _key(connection.workspace_id, connection.connection_id),
        {"refreshing_until": until},
        condition="tokens_number = :number AND attribute_exists(sealed_tokens) "
        "AND (attribute_not_exists(refreshing_until) OR refreshing_until < :now)",
        values={":number": connection.tokens_number, ":now": now},
        refused=refused,
    )


def settling_refresh(connection: Connection, until: int, **changes: object) -> store.Write:
    """The write that stores the result of a renewal and ends its claim. `until` is the claim's end, in epoch seconds.

    Refused with Conflict if another caller has taken the claim or changed the tokens.
    """
    return store.set_values(
        TABLE,
        _key(connection.workspace_id, connection.connection_id),
        {"refreshing_until": None, **changes},
        condition="tokens_number = :number AND refreshing_until = :until",
        values={":number": connection.tokens_number, ":until": until},
    )


def learning(connection: Connection, metadata: dict[str, object]) -> store.Write:
    """The write that stores new metadata. Refused with Conflict if the tokens changed after `connection` was read."""
    return store.set_values(
        TABLE,
        _key(connection.workspace_id, connection.connection_id),
        {"metadata": metadata},
        condition="tokens_number = :number AND attribute_exists(sealed_tokens)",
        values={":number": connection.tokens_number},
    )


def deleting(connection: Connection) -> store.Write:
    return store.delete(
        TABLE,
        _key(connection.workspace_id, connection.connection_id),
        condition="updated_at = :before",
        values={":before": connection.updated_at},
    )

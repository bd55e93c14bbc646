"""The table `tokens`: (workspace_id, token_id) → token. What authenticates is in `credentials`."""

from collections.abc import Iterator

from ferryman import store
from ferryman.errors import NotFound
from ferryman.tokens.model import Token

TABLE = "tokens"


def _key(workspace_id: str, token_id: str) -> store.Key:
    return {"workspace_id": workspace_id, "token_id": token_id}


def get(workspace_id: str, token_id: str) -> Token:
    item = store.get(TABLE, _key(workspace_id, token_id))
    if item is None:
        raise NotFound("There is no such token.")
    return Token.from_item(item)


def page(
    workspace_id: str, user_id: str | None, limit: int, after: store.Key | None, *, live: bool
) -> tuple[list[Token], store.Key | None]:
    """Tokens, newest first; only those of `user_id` when it is given, and live ones only with `live`."""
    values = {":workspace": workspace_id}
    filters = []
    if user_id:
        values[":user"] = user_id
        filters.append("user_id = :user")
    if not live:
        values[":production"] = "production"
        filters.append("environment <> :production")
    found = store.page(
        TABLE,
        "workspace_id = :workspace",
        values,
        where=" AND ".join(filters) or None,
        newest_first=True,
        limit=limit,
        after=after,
    )
    return [Token.from_item(item) for item in found.items], found.last_key


def active_of(workspace_id: str, user_id: str) -> Iterator[Token]:
    """Every token of a user that is not revoked."""
    found = store.query_all(
        TABLE,
        "workspace_id = :workspace",
        {":workspace": workspace_id, ":user": user_id},
        where="user_id = :user AND attribute_not_exists(revoked_at)",
    )
    return (Token.from_item(item) for item in found)


def creating(token: Token) -> store.Write:
    return store.put(TABLE, token.to_item(), condition="attribute_not_exists(token_id)")


def changing(token: Token, **changes: object) -> store.Write:
    """Set attributes; refused when somebody changed or revoked the token in between."""
    return store.set_values(
        TABLE,
        _key(token.workspace_id, token.token_id),
        changes,
        condition="updated_at = :before AND attribute_not_exists(revoked_at)",
        values={":before": token.updated_at},
    )


def revoking(token: Token, at: str) -> store.Write:
    return store.set_values(
        TABLE,
        _key(token.workspace_id, token.token_id),
        {"revoked_at": at, "updated_at": at},
        condition="attribute_exists(token_id)",
        refused=NotFound("There is no such token."),
    )

"""The table `tokens`: (workspace_id, token_id) → token. Requests are authenticated by the table `credentials` instead.

Beside the token's own attributes an item has `name_folded`, to search for names in whatever case.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.identity.tokens.model import Environment, Status, Token
from ferryman.schema import folded

TABLE = "tokens"
_HAS_STATUS: dict[Status, str] = {
    "revoked": "attribute_exists(revoked_at)",
    "expired": "attribute_not_exists(revoked_at) AND expires_at <= :now",
    "disabled": "attribute_exists(disabled_at) AND attribute_not_exists(revoked_at) "
    "AND (attribute_not_exists(expires_at) OR expires_at > :now)",
    "active": "attribute_not_exists(disabled_at) AND attribute_not_exists(revoked_at) "
    "AND (attribute_not_exists(expires_at) OR expires_at > :now)",
}


def _key(workspace_id: str, token_id: str) -> store.Key:
    return {"workspace_id": workspace_id, "token_id": token_id}


def get(workspace_id: str, token_id: str) -> Token:
    item = store.get(TABLE, _key(workspace_id, token_id))
    if item is None:
        raise NotFound("The token does not exist.")
    return Token.from_item(item)


def get_many(workspace_id: str, token_ids: Iterable[str]) -> dict[str, Token]:
    """The tokens with these ids, by id; missing ones are left out."""
    items = store.get_many(TABLE, [_key(workspace_id, token_id) for token_id in token_ids])
    return {item["token_id"]: Token.from_item(item) for item in items}


def page(
    workspace_id: str,
    user_id: str | None,
    limit: int,
    after: store.Key | None,
    *,
    live: bool,
    name: str | None = None,
    prefix: str | None = None,
    status: Status | None = None,
    environment: Environment | None = None,
) -> tuple[list[Token], store.Key | None]:
    """A page of tokens, newest first, and the key after which the next page begins; None after the last page.

    If `user_id` is given, only the tokens of that user. Without `live`, live tokens are left out. `name` is searched
    anywhere in a token's name, in whatever case.
    """
    values = {":workspace": workspace_id}
    filters = []
    if user_id:
        values[":user"] = user_id
        filters.append("user_id = :user")
    if not live:
        values[":production"] = "production"
        filters.append("environment <> :production")
    if name:
        values[":name"] = folded(name)
        filters.append("contains(name_folded, :name)")
    if prefix:
        values[":prefix"] = prefix
        filters.append("begins_with(prefix, :prefix)")
    if environment:
        values[":environment"] = environment
        filters.append("environment = :environment")
    if status:
        filters.append(_HAS_STATUS[status])
        if status != "revoked":
            values[":now"] = clock.now_iso()
    page = store.page(
        TABLE,
        "workspace_id = :workspace",
        values,
        where=" AND ".join(filters) or None,
        newest_first=True,
        key=("workspace_id", "token_id"),
        limit=limit,
        after=after,
    )
    return [Token.from_item(item) for item in page.items], page.last_key


def unrevoked(workspace_id: str, user_id: str | None = None) -> Iterator[Token]:
    """The tokens that are not revoked, oldest first; if `user_id` is given, only those of that user."""
    filters, values = ["attribute_not_exists(revoked_at)"], {":workspace": workspace_id}
    if user_id is not None:
        filters.append("user_id = :user")
        values[":user"] = user_id
    items = store.query_all(TABLE, "workspace_id = :workspace", values, where=" AND ".join(filters))
    return (Token.from_item(item) for item in items)


def secret_hashes(workspace_id: str) -> Iterator[str]:
    """The secret hashes of all tokens of a workspace that are not revoked."""
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace",
        {":workspace": workspace_id},
        where="attribute_not_exists(revoked_at)",
        only=("secret_hash",),
    )
    return (item["secret_hash"] for item in items)


def creating(token: Token) -> store.Write:
    item = {**token.to_item(), "name_folded": folded(token.name)}
    return store.put(TABLE, item, condition="attribute_not_exists(token_id)")


def changing(token: Token, **changes: Any) -> store.Write:
    """The write that sets attributes.

    If the token was changed or revoked after it was read, the commit raises Conflict.
    """
    if "name" in changes:
        changes["name_folded"] = folded(changes["name"])
    return store.set_values(
        TABLE,
        _key(token.workspace_id, token.token_id),
        changes,
        condition="updated_at = :before AND attribute_not_exists(revoked_at)",
        values={":before": token.updated_at},
    )


def active_made_by(workspace_id: str, user_id: str) -> Iterator[Token]:
    """The tokens that a person created for bots and that are not revoked."""
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace",
        {":workspace": workspace_id, ":user": user_id},
        where="made_by = :user AND attribute_not_exists(revoked_at)",
    )
    return (Token.from_item(item) for item in items)


def revoking(token: Token, at: str, reason: str | None = None) -> store.Write:
    return store.set_values(
        TABLE,
        _key(token.workspace_id, token.token_id),
        {"revoked_at": at, "updated_at": at, **({"revoked_reason": reason} if reason else {})},
        condition="attribute_exists(token_id) AND attribute_not_exists(revoked_at)",
        refused=NotFound("The token does not exist, or it was already revoked."),
    )

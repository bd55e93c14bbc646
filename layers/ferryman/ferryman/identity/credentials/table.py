"""The table `credentials`: secret_hash → credential."""

from collections.abc import Iterable

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.identity.credentials.model import Credential

TABLE = "credentials"
_USED_EVERY_SECONDS = 600


def find(secret_hash: str) -> Credential | None:
    """The credential under this hash, or None. The read is consistent, so revoking takes effect at once."""
    item = store.get(TABLE, {"secret_hash": secret_hash})
    return Credential.from_item(item) if item else None


def creating(credential: Credential) -> store.Write:
    return store.put(TABLE, credential.to_item(), condition="attribute_not_exists(secret_hash)")


def changing(secret_hash: str, **changes: object) -> store.Write:
    gone = NotFound("This credential was revoked.")
    return store.set_values(
        TABLE,
        {"secret_hash": secret_hash},
        changes,
        condition="attribute_exists(secret_hash)",
        refused=gone,
    )


def used_at(secret_hashes: Iterable[str]) -> dict[str, str]:
    """The time of the last use (ISO) of these credentials by hash, exact to ten minutes; unused ones are left out."""
    items = store.get_many(TABLE, [{"secret_hash": secret_hash} for secret_hash in secret_hashes])
    return {item["secret_hash"]: item["used_at"] for item in items if "used_at" in item}


def redeeming(secret_hash: str, refused: Exception) -> store.Write:
    """The write that deletes a credential that works once. If it was deleted before, the commit raises `refused`."""
    return store.delete(TABLE, {"secret_hash": secret_hash}, condition="attribute_exists(secret_hash)", refused=refused)


def counting_use(secret_hash: str, most: int, refused: Exception) -> store.Write:
    """The write that counts one use of a credential that works `most` times.

    If it was used that often already, or was deleted, the commit raises `refused`.
    """
    return store.update(
        TABLE,
        {"secret_hash": secret_hash},
        "ADD uses :one",
        {":one": 1, ":most": most},
        condition="attribute_exists(secret_hash) AND (attribute_not_exists(uses) OR uses < :most)",
        refused=refused,
    )


def revoking(secret_hash: str) -> store.Write:
    return store.delete(TABLE, {"secret_hash": secret_hash})


def wants_used_mark(credential: Credential) -> bool:
    """Whether the credential's `used_at` is missing or at least ten minutes old, so that it should be written again."""
    if credential.used_at is None:
        return True
    return clock.now() - clock.seconds(credential.used_at) >= _USED_EVERY_SECONDS

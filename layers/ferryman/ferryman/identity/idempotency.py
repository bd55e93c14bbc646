"""Idempotency-Key: repeating a creating request under the same key does not create a second resource.

The key is written in the transaction that creates the resource, so both exist or neither does, and expires after 24
hours. The first answer is not stored, because it can contain a secret: a repeated request gets the resource as it is
now, without the secret.
"""

import hashlib
from dataclasses import dataclass

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, FerrymanError
from ferryman.identity.credentials.model import Caller

TABLE = "idempotency"
KEPT_SECONDS = 24 * 3600


class KeyTaken(FerrymanError):
    """A parallel request with the same key committed first."""

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is being carried out. Send it again in a moment.")


@dataclass(frozen=True, slots=True)
class Created:
    """The resource that an earlier request created under a key, and whether that request used the same credential."""

    resource_id: str
    by_this_credential: bool


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The Idempotency-Key of one request: it belongs to one user and one mode, and to this method, path and body."""

    workspace_id: str
    user_id: str
    livemode: bool
    key: str
    fingerprint: str
    credential_id: str  # the credential of the request; another credential of the user may repeat it
    kept_seconds: int = KEPT_SECONDS

    @classmethod
    def of(cls, caller: Caller, key: str, method: str, path: str, body: bytes) -> "IdempotencyKey":
        fingerprint = hashlib.sha256(b"\x1f".join((method.encode(), path.encode(), body))).hexdigest()
        return cls(caller.workspace_id, caller.user_id, caller.livemode, key, fingerprint, caller.credential_id)

    def _key(self) -> store.Key:
        hashed = hashlib.sha256(self.key.encode()).hexdigest()
        mode = "live" if self.livemode else "test"
        return {"workspace_id": self.workspace_id, "entry": f"{self.user_id}/{mode}/{hashed}"}

    def created(self) -> Created | None:
        """The resource that an earlier request created under this key; None if the key is new or has expired.

        Raises Conflict when the earlier request had another method, path or body.
        """
        item = store.get(TABLE, self._key())
        if item is None or item["expires_at_epoch"] <= clock.now():
            return None
        if item["fingerprint"] != self.fingerprint:
            raise Conflict("This Idempotency-Key was used for a different request. Use a new key for each request.")
        return Created(item["resource_id"], by_this_credential=item.get("credential_id") == self.credential_id)

    def writing(self, resource_id: str) -> store.Write:
        now = int(clock.now())
        return store.put(
            TABLE,
            {
                **self._key(),
                "fingerprint": self.fingerprint,
                "resource_id": resource_id,
                "credential_id": self.credential_id,
                "expires_at_epoch": now + self.kept_seconds,
            },
            # TTL deletes late, so an expired key may still be there.
            condition="attribute_not_exists(entry) OR expires_at_epoch <= :now",
            values={":now": now},
            refused=KeyTaken(),
        )


def writes(idempotency_key: IdempotencyKey | None, resource_id: str) -> list[store.Write]:
    """The write that stores the key in the transaction that creates `resource_id`; an empty list without a key."""
    return [idempotency_key.writing(resource_id)] if idempotency_key else []

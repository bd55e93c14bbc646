"""API token: its record in the table `tokens`, which lists show. The secret itself is not stored."""

from dataclasses import dataclass, field
from typing import Literal

from ferryman import clock
from ferryman.aws import dynamodb as store

type Environment = Literal["production", "staging", "development"]
type Status = Literal["active", "disabled", "expired", "revoked"]
type Revocation = Literal["revoked", "already_revoked", "not_found", "not_allowed", "conflict"]


@dataclass(slots=True, kw_only=True)
class Token(store.Record):
    """The public part of an API token, as an item of the table `tokens`."""

    workspace_id: str
    token_id: str
    user_id: str
    name: str
    environment: Environment
    prefix: str
    secret_hash: str
    created_at: str
    updated_at: str
    created_by: str  # the credential that created it
    made_by: str | None = None  # for a bot's token: the person who created it
    description: str | None = None
    scopes: list[str] = field(default_factory=list)
    expires_at: str | None = None
    last_used_at: str | None = None
    disabled_at: str | None = None  # when somebody disabled it; None: it is enabled
    revoked_at: str | None = None
    revoked_reason: str | None = None  # `owner_deactivated`, `owner_may_not` or `shown`; None: a user revoked it

    @property
    def livemode(self) -> bool:
        return self.environment == "production"

    @property
    def status(self) -> Status:
        if self.revoked_at:
            return "revoked"
        if self.expires_at and self.expires_at <= clock.now_iso():
            return "expired"
        return "disabled" if self.disabled_at else "active"

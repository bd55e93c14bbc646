"""Login: how a person proves who they are. Bots have none."""

from dataclasses import dataclass, field

from ferryman.aws import dynamodb as store


@dataclass(slots=True, kw_only=True)
class Login(store.Record):
    """How one person proves who they are: the password's hash and the sealed second factor.

    `version` counts the changes; 0 means that the login is not stored yet.
    """

    workspace_id: str
    user_id: str
    version: int = 0
    password_hash: str | None = None
    invitation_hash: str | None = None  # the hash of the open invitation, which can set the password
    totp_secret: bytes | None = None  # sealed
    totp_pending: bytes | None = None  # sealed; a secret that was enrolled and not verified yet
    totp_step: int | None = None  # the last time step whose code was accepted
    recovery_hashes: list[str] = field(default_factory=list)

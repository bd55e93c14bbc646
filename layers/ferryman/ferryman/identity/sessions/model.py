"""Session: a person who signed in. Only the hash of the bearer token is stored."""

from dataclasses import dataclass

from ferryman.aws import dynamodb as store


@dataclass(slots=True, kw_only=True)
class Session(store.Record):
    """A signed-in person's session, as an item of the table `sessions`."""

    workspace_id: str
    user_id: str
    session_id: str
    secret_hash: str
    livemode: bool
    created_at: str
    expires_at: str
    expires_at_epoch: int
    ip: str | None = None
    user_agent: str | None = None
    enrols_only: bool | None = None  # True: it can only enrol the second factor that the workspace requires

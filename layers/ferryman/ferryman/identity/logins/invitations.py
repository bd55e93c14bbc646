"""An invitation: a secret with which somebody sets their password, once and within a day."""

from ferryman import clock, ids
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials.model import Credential
from ferryman.identity.users.model import User

HOURS = 24


def prepare(user: User) -> tuple[Credential, str]:
    """The credential of a new invitation, to be stored, and its secret, to be shown once."""
    secret = secrets.new_invitation()
    ends = clock.now() + HOURS * 3600
    credential = Credential(
        secret_hash=secrets.digest(secret),
        kind="invitation",
        workspace_id=user.workspace_id,
        subject_id=ids.new(ids.INVITATION),
        user_id=user.user_id,
        role=user.role,
        expires_at=clock.iso(ends),
        expires_at_epoch=int(ends),
    )
    return credential, secret

"""Reply addresses: where a command's receiver answers later, five times within half an hour.

The secret in the address is the authentication. It is a credential with a count, and each accepted answer is one
transaction of the count and the messages, so a sixth is never posted.
"""

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.identity.credentials import secrets, table
from ferryman.identity.credentials.model import Caller, Credential
from ferryman.integrations.commands.model import Command

LIFE_SECONDS = 1800
MOST_USES = 5


class UnknownAddress(NotFound):
    """No address has this secret, or its time is over."""


class UsedUp(Conflict):
    """The address was used as often as it may be."""


def opening(caller: Caller, chat_id: str, command: Command) -> tuple[str, store.Write]:
    """The secret of a new address, and the write that opens it for half an hour."""
    secret, end = secrets.new_mattermost_secret(), clock.now() + LIFE_SECONDS
    credential = Credential(
        secret_hash=secrets.digest(secret),
        kind="response_url",
        workspace_id=caller.workspace_id,
        subject_id=command.command_id,
        user_id=caller.user_id,
        livemode=caller.livemode,
        chat_id=chat_id,
        expires_at=clock.iso(end),
        expires_at_epoch=int(end) + 1,
    )
    return secret, table.creating(credential)


def find(secret: str) -> Credential:
    """The address behind a secret. Raises UnknownAddress."""
    unknown = UnknownAddress("The address is not known, or its half hour is over.")
    if not secrets.MATTERMOST_SECRET.fullmatch(secret):
        raise unknown
    credential = table.find(secrets.digest(secret))
    if credential is None or credential.kind != "response_url" or credential.is_expired():
        raise unknown
    return credential


def using(credential: Credential) -> store.Write:
    """Count one use of the address. Refused with UsedUp for the sixth."""
    return table.counting_use(
        credential.secret_hash, MOST_USES, UsedUp(f"The address was used {MOST_USES} times before.")
    )

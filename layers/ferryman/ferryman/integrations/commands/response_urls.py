"""Reply addresses: URLs to which a command's receiver sends later answers, up to five within half an hour.

The secret in the URL authenticates the receiver. Its credential counts the answers. One transaction stores the count
and the messages of an answer, so a sixth answer is never posted.
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
    """No reply address has this secret, or the address has expired."""


class UsedUp(Conflict):
    """The reply address was used five times before."""


def opening(caller: Caller, chat_id: str, command: Command) -> tuple[str, store.Write]:
    """The secret of a new reply address for a run of `command` in the chat, and the write that stores it.

    The address expires after half an hour.
    """
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
    """The credential of the reply address with this secret. Raises UnknownAddress."""
    unknown = UnknownAddress("The address is not known, or its half hour is over.")
    if not secrets.is_mattermost_secret(secret):
        raise unknown
    credential = table.find(secrets.digest(secret))
    if credential is None or credential.kind != "response_url" or credential.is_expired():
        raise unknown
    return credential


def using(credential: Credential) -> store.Write:
    """The write that counts one use of the reply address. Refused with UsedUp for the sixth."""
    return table.counting_use(
        credential.secret_hash, MOST_USES, UsedUp(f"The address was used {MOST_USES} times before.")
    )

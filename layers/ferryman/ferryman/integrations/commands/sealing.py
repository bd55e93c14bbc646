"""Encrypts the tokens of commands, by KMS with the command's ids as encryption context.

The functions that manage commands may only encrypt. The functions that run commands may only decrypt these tokens:
their roles require the context's `purpose`.
"""

from functools import lru_cache

from ferryman import clock, settings
from ferryman.aws import kms
from ferryman.integrations.commands.model import Command

_REMEMBERED_SECONDS = 300


def _context(workspace_id: str, command_id: str, version: int) -> dict[str, str]:
    return {"purpose": "command", "workspace_id": workspace_id, "command_id": command_id, "version": str(version)}


def seal(workspace_id: str, command_id: str, version: int, token: str) -> bytes:
    context = _context(workspace_id, command_id, version)
    return kms.encrypt(settings.text("SECRETS_KEY_ID"), token.encode(), context)


def unseal(command: Command) -> str:
    """The command's token, in clear text; cached for at most five minutes. Raises ClientError when KMS refuses."""
    period = int(clock.now() // _REMEMBERED_SECONDS)
    return _unseal(command.workspace_id, command.command_id, command.token_version, command.token, period)


@lru_cache(maxsize=1024)
def _unseal(workspace_id: str, command_id: str, version: int, ciphertext: bytes, _period: int) -> str:
    context = _context(workspace_id, command_id, version)
    return kms.decrypt(settings.text("SECRETS_KEY_ID"), ciphertext, context).decode()

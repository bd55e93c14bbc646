"""Encrypts signing secrets with one KMS key, with the ids of the workspace and webhook as encryption context.

The function that creates webhooks may only encrypt; only the deliverer may decrypt.
"""

import threading
from functools import lru_cache

from ferryman import clock, settings
from ferryman.aws import kms

_REMEMBERED_SECONDS = 300
# A batch decrypts its secrets concurrently. Among callers that need the same secret, one calls KMS and the others wait.
_locks = [threading.Lock() for _ in range(64)]


def _context(workspace_id: str, webhook_id: str, version: int) -> dict[str, str]:
    return {"workspace_id": workspace_id, "webhook_id": webhook_id, "version": str(version)}


def seal(workspace_id: str, webhook_id: str, version: int, secret: str) -> bytes:
    context = _context(workspace_id, webhook_id, version)
    return kms.encrypt(settings.text("SECRETS_KEY_ID"), secret.encode(), context)


def unseal(workspace_id: str, webhook_id: str, version: int, ciphertext: bytes) -> str:
    """The signing secret, in clear text; cached for at most five minutes. Raises ClientError when KMS refuses."""
    period = int(clock.now() // _REMEMBERED_SECONDS)
    with _locks[hash(webhook_id) % len(_locks)]:
        return _unseal(workspace_id, webhook_id, version, ciphertext, period)


@lru_cache(maxsize=1024)
def _unseal(workspace_id: str, webhook_id: str, version: int, ciphertext: bytes, _period: int) -> str:
    context = _context(workspace_id, webhook_id, version)
    return kms.decrypt(settings.text("SECRETS_KEY_ID"), ciphertext, context).decode()

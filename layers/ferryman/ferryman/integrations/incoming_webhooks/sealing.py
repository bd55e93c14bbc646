"""Encrypts the secrets with which senders sign their posts, by KMS with the webhook's ids as encryption context.

The functions that manage incoming webhooks may only encrypt. The function `hooks` may only decrypt these secrets: its
role requires the context's `purpose`.
"""

from functools import lru_cache

from ferryman import clock, settings
from ferryman.aws import kms

_REMEMBERED_SECONDS = 300


def _context(workspace_id: str, incoming_webhook_id: str) -> dict[str, str]:
    return {"purpose": "sender", "workspace_id": workspace_id, "incoming_webhook_id": incoming_webhook_id}


def seal(workspace_id: str, incoming_webhook_id: str, secret: str) -> bytes:
    context = _context(workspace_id, incoming_webhook_id)
    return kms.encrypt(settings.text("SECRETS_KEY_ID"), secret.encode(), context)


def unseal(workspace_id: str, incoming_webhook_id: str, ciphertext: bytes) -> str:
    """The sender's secret, in clear text; cached for at most five minutes. Raises ClientError when KMS refuses."""
    return _unseal(workspace_id, incoming_webhook_id, ciphertext, int(clock.now() // _REMEMBERED_SECONDS))


@lru_cache(maxsize=1024)
def _unseal(workspace_id: str, incoming_webhook_id: str, ciphertext: bytes, _period: int) -> str:
    context = _context(workspace_id, incoming_webhook_id)
    return kms.decrypt(settings.text("SECRETS_KEY_ID"), ciphertext, context).decode()

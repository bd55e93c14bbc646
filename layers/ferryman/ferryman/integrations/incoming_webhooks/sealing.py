"""The secrets by which senders prove themselves, at rest: encrypted by KMS and bound to their webhook.

The functions that manage webhooks may only encrypt; `hooks` decrypts, and nothing but these secrets: its role asks for
the context's `purpose`.
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
    """The sender's secret, remembered for at most five minutes. Raises ClientError when KMS refuses."""
    return _unseal(workspace_id, incoming_webhook_id, ciphertext, int(clock.now() // _REMEMBERED_SECONDS))


@lru_cache(maxsize=1024)
def _unseal(workspace_id: str, incoming_webhook_id: str, ciphertext: bytes, _period: int) -> str:
    context = _context(workspace_id, incoming_webhook_id)
    return kms.decrypt(settings.text("SECRETS_KEY_ID"), ciphertext, context).decode()

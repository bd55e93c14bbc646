"""Secrets of second factors at rest: encrypted with a key of their own, bound to their person by the context.

Another key than that of the signing secrets, so that the function that checks codes can read nothing else.
"""

from ferryman import settings
from ferryman.aws import kms


def _context(workspace_id: str, user_id: str) -> dict[str, str]:
    return {"purpose": "totp", "workspace_id": workspace_id, "user_id": user_id}


def seal(workspace_id: str, user_id: str, secret: str) -> bytes:
    return kms.encrypt(settings.text("TOTP_KEY_ID"), secret.encode(), _context(workspace_id, user_id))


def unseal(workspace_id: str, user_id: str, ciphertext: bytes) -> str:
    """The secret of a person's second factor. Raises ClientError when KMS refuses."""
    return kms.decrypt(settings.text("TOTP_KEY_ID"), ciphertext, _context(workspace_id, user_id)).decode()

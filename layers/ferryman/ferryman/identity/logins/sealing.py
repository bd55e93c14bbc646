"""Encrypts the secrets of second factors with KMS. The encryption context binds each secret to its person.

The KMS key is not the one for signing secrets, so the function that checks codes cannot decrypt signing secrets.
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

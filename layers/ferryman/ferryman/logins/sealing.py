"""Secrets of second factors at rest: encrypted with a key of their own, bound to their person by the context.

Another key than that of the signing secrets, so that the function that checks codes can read nothing else.
"""

from ferryman import aws, settings


def _context(workspace_id: str, user_id: str) -> dict[str, str]:
    return {"purpose": "totp", "workspace_id": workspace_id, "user_id": user_id}


def seal(workspace_id: str, user_id: str, secret: str) -> bytes:
    answer = aws.kms().encrypt(
        KeyId=settings.text("TOTP_KEY_ID"),
        Plaintext=secret.encode(),
        EncryptionContext=_context(workspace_id, user_id),
    )
    return bytes(answer["CiphertextBlob"])


def unseal(workspace_id: str, user_id: str, ciphertext: bytes) -> str:
    """Raises botocore's ClientError when KMS refuses."""
    answer = aws.kms().decrypt(
        KeyId=settings.text("TOTP_KEY_ID"),
        CiphertextBlob=ciphertext,
        EncryptionContext=_context(workspace_id, user_id),
    )
    return bytes(answer["Plaintext"]).decode()

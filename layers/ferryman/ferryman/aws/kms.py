"""Encrypts secrets with KMS for storage. Decryption needs the same encryption context as encryption."""

from collections.abc import Mapping

from ferryman.aws import clients


def encrypt(key_id: str, plaintext: bytes, context: Mapping[str, str]) -> bytes:
    """The ciphertext of `plaintext`, which may have at most 4 KiB."""
    answer = clients.kms().encrypt(KeyId=key_id, Plaintext=plaintext, EncryptionContext=dict(context))
    ciphertext: bytes = answer["CiphertextBlob"]
    return ciphertext


def decrypt(key_id: str, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
    """The plaintext. Raises ClientError when KMS refuses, as it does for another key or another context."""
    answer = clients.kms().decrypt(KeyId=key_id, CiphertextBlob=ciphertext, EncryptionContext=dict(context))
    plaintext: bytes = answer["Plaintext"]
    return plaintext

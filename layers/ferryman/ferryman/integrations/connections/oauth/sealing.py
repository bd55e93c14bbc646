"""Encrypts the secrets of a connection by OAuth, by KMS with the connection's ids as encryption context.

With this key, the functions `connections` and `leaks` may decrypt these secrets only: their roles require the context's
`purpose`.
"""

from typing import Literal

from ferryman import settings
from ferryman.aws import kms
from ferryman.integrations.connections.model import Connection

type Kind = Literal["client_secret", "code_verifier", "tokens"]

_PART_BYTES = 4096  # the most that KMS encrypts in one call; a product's tokens may be longer


def _context(connection: Connection, kind: Kind) -> dict[str, str]:
    return {
        "purpose": "connection",
        "workspace_id": connection.workspace_id,
        "connection_id": connection.connection_id,
        "kind": kind,
    }


def seal(connection: Connection, kind: Kind, text: str) -> list[bytes]:
    """Encrypt `text`. Returns one ciphertext for each 4,096 bytes of it, in order."""
    key, context, plain = settings.text("SECRETS_KEY_ID"), _context(connection, kind), text.encode()
    starts = range(0, len(plain), _PART_BYTES)
    return [kms.encrypt(key, plain[start : start + _PART_BYTES], context) for start in starts]


def unseal(connection: Connection, kind: Kind, ciphertexts: list[bytes]) -> str:
    """Decrypt the result of `seal`. Raises ClientError when KMS refuses, such as for another connection or kind."""
    key, context = settings.text("SECRETS_KEY_ID"), _context(connection, kind)
    return b"".join(kms.decrypt(key, one, context) for one in ciphertexts).decode()

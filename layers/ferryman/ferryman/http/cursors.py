"""List cursors: encrypted, so that nobody can read or forge one, and bound to the workspace and the list.

A cursor contains the key of the last item that the list read, which the caller may not be allowed to see
(docs/decisions/0048-sealed-cursors.md).
"""

import base64
import json
from functools import lru_cache
from typing import TYPE_CHECKING

from ferryman.aws import dynamodb as store
from ferryman.errors import Invalid

if TYPE_CHECKING:  # the import takes 20 ms, and only lists of several pages need it
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV


def encode(key: bytes, query: str, last_key: store.Key | None) -> str | None:
    """The cursor that continues after `last_key` in the list that `query` names; None if `last_key` is None."""
    if last_key is None:
        return None
    content = json.dumps(last_key, separators=(",", ":")).encode()
    return _text(_seal(key).encrypt(content, [query.encode()]))


def decode(key: bytes, query: str, cursor: str | None) -> store.Key | None:
    """The key in a cursor; None if `cursor` is None. Raises Invalid for a changed cursor or one of another list."""
    if cursor is None:
        return None
    from cryptography.exceptions import InvalidTag

    wrong = Invalid("The cursor does not belong to this list. Start again without one.", "cursor")
    try:
        blob = base64.urlsafe_b64decode(cursor + "==")  # more padding than it needs is ignored
        content = _seal(key).decrypt(blob, [query.encode()])
    except (ValueError, InvalidTag):
        raise wrong from None
    if _text(blob) != cursor:  # the decoder skips characters outside its alphabet
        raise wrong
    last_key: store.Key = json.loads(content)
    return last_key


def _text(blob: bytes) -> str:
    return base64.urlsafe_b64encode(blob).rstrip(b"=").decode()


@lru_cache(maxsize=256)
def _seal(key: bytes) -> "AESSIV":
    """AES-256-SIV (RFC 5297), which needs no nonce: the same place of the same list has the same cursor."""
    from cryptography.hazmat.primitives.ciphers.aead import AESSIV
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return AESSIV(HKDF(SHA256(), 64, salt=None, info=b"ferryman list cursor").derive(key))

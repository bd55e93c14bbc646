"""List cursors: opaque, bound to the workspace and the query, and signed so that nobody can make one up."""

import base64
import hashlib
import hmac
import json

from ferryman.aws import dynamodb as store
from ferryman.errors import Invalid

_TAG_BYTES = 16


def encode(key: bytes, query: str, last_key: store.Key | None) -> str | None:
    """The cursor that continues after `last_key` of the list that `query` names, or None at the end."""
    if last_key is None:
        return None
    content = json.dumps(last_key, separators=(",", ":")).encode()
    return _text(_tag(key, query, content) + content)


def decode(key: bytes, query: str, cursor: str | None) -> store.Key | None:
    """The inverse of `encode`. Raises Invalid for a cursor that was changed or belongs to another list."""
    if cursor is None:
        return None
    wrong = Invalid("The cursor does not belong to this list. Start again without one.", "cursor")
    try:
        blob = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), b"-_", validate=True)
    except ValueError:
        raise wrong from None
    tag, content = blob[:_TAG_BYTES], blob[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(key, query, content)) or _text(blob) != cursor:
        raise wrong
    last_key: store.Key = json.loads(content)
    return last_key


def _text(blob: bytes) -> str:
    return base64.urlsafe_b64encode(blob).rstrip(b"=").decode()


def _tag(key: bytes, query: str, content: bytes) -> bytes:
    return hmac.digest(key, query.encode() + b"\x1f" + content, hashlib.sha256)[:_TAG_BYTES]

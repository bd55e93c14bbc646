"""Uploaded avatars: which image types are accepted.

The type is read from the first bytes, never from the file name or content type that the client sends. SVG is not
accepted, because it can contain scripts.
"""

import hashlib
import io
import re
from dataclasses import dataclass

from ferryman.errors import Invalid

MAX_BYTES = 262_144  # fits into an item of DynamoDB, beside its other attributes
MAX_PIXELS = 4096  # the most in width and height: a small file can decode to a picture that exhausts a client
_BEGINNINGS = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"(?s)RIFF....WEBPVP8", "image/webp"),
)
TYPES = tuple(media_type for _, media_type in _BEGINNINGS)


@dataclass(frozen=True, slots=True)
class AvatarImage:
    """A picture that is accepted as an avatar."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:32]


def of(content: bytes) -> AvatarImage:
    """The picture in these bytes.

    Raises Invalid unless it is a PNG, JPEG, GIF or WebP of at most 4096 pixels per side.
    """
    import imagesize  # few requests contain a picture

    media_type = next((kind for beginning, kind in _BEGINNINGS if re.match(beginning, content)), None)
    if media_type is None:
        raise Invalid("The avatar must be a PNG, JPEG, GIF or WebP picture.")
    try:
        width, height = imagesize.get(io.BytesIO(content))
    except Exception:  # the parser may raise anything, because a stranger chose the bytes
        width = height = -1
    if width < 1 or height < 1:
        raise Invalid(f"This {media_type} is damaged or cut off: it has no readable width and height.")
    if max(width, height) > MAX_PIXELS:
        raise Invalid(f"The picture has {width} × {height} pixels; at most {MAX_PIXELS} × {MAX_PIXELS} are accepted.")
    return AvatarImage(content, media_type)

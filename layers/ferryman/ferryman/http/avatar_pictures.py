"""Uploaded avatars as bodies of requests and answers, and their OpenAPI descriptions."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from ferryman.http import body
from ferryman.http.call import Call
from ferryman.identity import avatar_images
from ferryman.identity.avatar_images import AvatarImage

_CONTENT: dict[str, Any] = {
    media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in avatar_images.TYPES
}
BODY = {"requestBody": {"required": True, "content": _CONTENT}}
ANSWER: dict[int, Any] = {200: {"description": "The picture.", "content": _CONTENT}}
_HEADERS = {
    # The URL contains the content's hash, so its content never changes.
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",  # pages of other products show it, too
}


def read(call: Call) -> AvatarImage:
    """The picture in the body.

    Raises body.Unreadable for an empty or too large body and for another content type, and Invalid if the bytes are not
    an accepted picture.
    """
    media_type = body.media_type(call.event)
    if media_type not in ("", "application/octet-stream") and not media_type.startswith("image/"):
        raise body.Unreadable("Send the bytes of the picture as the body, with a type such as image/png.", 415)
    content = body.raw(call.event, avatar_images.MAX_BYTES)
    if not content:
        raise body.Unreadable("The body is empty; send the bytes of the picture.")
    return avatar_images.of(content)


def served(image: AvatarImage) -> Response[bytes]:
    return Response(200, image.media_type, image.content, _HEADERS)

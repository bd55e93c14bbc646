"""The JSON answer of a receiver that a person waits for. Pure."""

import json
from typing import Any

from ferryman.formats import triggers

ANSWER_BYTES = triggers.RESPONSE_BYTES


class NotAnAnswer(Exception):
    """The answer cannot be read, or asks for a message that cannot be posted."""


def json_object(content: bytes, *, is_whole: bool, otherwise: str = "It is not JSON.") -> dict[str, Any]:
    """The JSON object in `content`. Raises NotAnAnswer, with the text `otherwise` for content that is not JSON.

    Content that was cut off (`is_whole=False`) raises it too.
    """
    if not is_whole:
        raise NotAnAnswer(f"It did not end within {ANSWER_BYTES} bytes and the time for it.")
    try:
        sent = json.loads(content)
    except (ValueError, RecursionError):
        raise NotAnAnswer(otherwise) from None
    if not isinstance(sent, dict):
        raise NotAnAnswer("It is not a JSON object.")
    return sent

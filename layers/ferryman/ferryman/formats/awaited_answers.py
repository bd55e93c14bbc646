"""Reads the JSON with which a receiver answers a command or a click, while a person waits. Pure."""

import json
from typing import Any

from ferryman.formats import triggers

ANSWER_BYTES = triggers.RESPONSE_BYTES


class NotAnAnswer(Exception):
    """A receiver's answer cannot be read, or asks for a message that cannot be posted. The text says why."""


def json_object(content: bytes, *, is_whole: bool, otherwise: str = "It is not JSON.") -> dict[str, Any]:
    """The JSON object in `content`.

    Raises NotAnAnswer for content that was cut off (`is_whole=False`), is not JSON, or is another JSON value than an
    object. `otherwise` is the error text for content that is not JSON.
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

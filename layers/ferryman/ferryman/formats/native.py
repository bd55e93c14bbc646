"""Our own format: the body is the event, and a receiver replies with `{"text": "…"}`."""

import json
from typing import Any

from ferryman.formats.interface import Body, Event, NotAReply, Reply, Response, Webhook

MAX_REPLY_TEXT = 16_000  # characters, as of any message
# The longest text when every character is escaped as two surrogates, `\ud83d\ude00`, and some room around it.
RESPONSE_BYTES = MAX_REPLY_TEXT * 12 + 8_192


def can_render(_event: Event) -> bool:
    return True


def render(event: Event, _webhook: Webhook) -> Body:
    return Body(event.body.encode())


def schema(described: dict[str, Any]) -> dict[str, Any]:
    return described


def read_response(response: Response) -> Reply | None:
    """The reply in an answer `{"text": "…"}`. Any other answer, such as `OK` or an empty one, gives None.

    Raises NotAReply for a text that cannot be posted.
    """
    answer = json_object(response, RESPONSE_BYTES)
    text = answer.get("text") if answer else None
    if text is None:
        return None
    if not isinstance(text, str):
        raise NotAReply("its text is not a string")
    if not text.strip():
        return None
    if len(text) > MAX_REPLY_TEXT:
        raise NotAReply(f"its text has {len(text)} characters; at most {MAX_REPLY_TEXT} are accepted")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotAReply("its text has half of a surrogate pair") from None
    return Reply(text)


def json_object(response: Response, most: int) -> dict[str, Any] | None:
    """The JSON object in a response; None for any other answer.

    Raises NotAReply for a JSON object that was cut off. Its text names `most`, the limit in bytes.
    """
    if not response.is_whole:
        if response.content.lstrip()[:1] != b"{":
            return None
        raise NotAReply(f"the answer did not end within {most} bytes and the time for it")
    try:
        answer = json.loads(response.content)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None

"""Long posts as several messages, as Mattermost splits them. Pure."""

from collections.abc import Sequence
from typing import Any

from ferryman.conversations.messages import attachments as kept
from ferryman.conversations.messages.attachments import MAX_BYTES, Attachment

MAX_TEXT = 16_383  # characters of one message

type Part = tuple[str, list[Attachment]]


class PropsTooLarge(Exception):
    """The props, or one attachment without its text, are larger than a message may be."""


def parts(text: str, attachments: Sequence[Attachment], props: dict[str, Any] | None) -> list[Part]:
    """The messages into which a post is split: the text of each, and its attachments.

    Attachments go to the message with the last text. Those that do not fit there go to further messages without text.
    An attachment that is too large for any message gets a shorter text. Raises PropsTooLarge.
    """
    room = MAX_BYTES - (kept.size(props) if props else 0)
    if room < 0:
        raise PropsTooLarge
    parts: list[Part] = [(text[at : at + MAX_TEXT], []) for at in range(0, max(len(text), 1), MAX_TEXT)]
    used = 2
    for attachment in attachments:
        fitting = _cut(attachment, room)
        size = kept.size(fitting) + 1
        if parts[-1][1] and used + size > room:
            parts.append(("", []))
            used = 2
        parts[-1][1].append(fitting)
        used += size
    return parts


def _cut(attachment: Attachment, room: int) -> Attachment:
    over = kept.size(attachment) + 3 - room
    if over <= 0:
        return attachment
    text = attachment.get("text", "")
    short = text.encode()[: max(0, len(text.encode()) - over)].decode(errors="ignore")
    cut = {**attachment, "text": short}
    if kept.size(cut) + 3 > room:
        raise PropsTooLarge
    return cut

"""A notice: one event of another product in a form for people, and the post that shows it. Pure.

The message's text is one sentence in Markdown. An attachment below it shows the status as a colour, the title with its
link, and at most three facts. Texts from the payload pass `escaped`, so that they mention nobody in the sentence.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlsplit

from ferryman.characters import without_hidden
from ferryman.conversations.messages.attachments import Attachment
from ferryman.integrations.incoming_webhooks.posts import Post

type Status = Literal["good", "warning", "bad", "neutral"]
type Fact = tuple[str, str]

COLORS: dict[Status, str] = {"good": "#2e8540", "warning": "#c68a00", "bad": "#c62828", "neutral": "#5b6770"}
MAX_FACTS = 3
_MAX_SENTENCE, _MAX_TITLE, _MAX_BODY, _MAX_FACT, _MAX_LINK = 2_000, 300, 700, 300, 2_048
_MARKUP = re.compile(r"([\\`*_\[\]<>@#|~])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event for people. `text` is a sentence in Markdown; the other texts are plain, except `body`.

    `body` stays as the product wrote it.
    """

    text: str
    status: Status = "neutral"
    title: str = ""
    link: str = ""
    body: str = ""
    facts: Sequence[Fact] = ()


def plain(text: str, most: int = _MAX_TITLE) -> str:
    """`text` as one line without hidden characters, cut to `most` characters."""
    return _cut(" ".join(without_hidden(text, keep="\t\n").split()), most)


def escaped(text: str, most: int = 200) -> str:
    """A text from a payload for a sentence in Markdown: shown literally, and without mentioning anybody."""
    return _MARKUP.sub(r"\\\1", plain(text, most))


def linked(label: str, url: str, most: int = 200) -> str:
    """A link in Markdown; the label alone if `url` is not a web address."""
    address = safe_link(url)
    shown = escaped(label, most)
    return f"[{shown}]({address})" if address and shown else shown


def safe_link(url: str) -> str:
    """A web address with those characters quoted that would end it in Markdown; empty if it is too long or not one."""
    link = without_hidden(url).strip()
    if len(link) > _MAX_LINK or not link.startswith(("https://", "http://")):
        return ""
    try:
        host = urlsplit(link).hostname
    except ValueError:
        return ""
    return quote(link, safe="%/:=&?~#+!$,;'@*[]-._") if host else ""


def joined(*parts: str) -> str:
    """The parts that are not empty, joined by spaces."""
    return " ".join(filter(None, parts))


def post(notice: Notice, footer: str = "") -> Post:
    """The post that shows a notice. Its text is not empty and within the limits of a message."""
    title = plain(notice.title)  # empty if the notice's title has only hidden characters
    text = notice.text.strip()[:_MAX_SENTENCE] if plain(notice.text) else ""
    sentence = text or escaped(title) or "An event without a text arrived."
    facts = [
        {"title": plain(name, 100), "value": shown, "short": len(shown) <= 40}
        for name, value in notice.facts
        if (shown := plain(value, _MAX_FACT))
    ][:MAX_FACTS]
    box: Attachment = {
        name: value
        for name, value in {
            "title": title,
            "title_link": safe_link(notice.link),
            "text": _cut(without_hidden(notice.body, keep="\t\n").strip(), _MAX_BODY),
            "fields": facts,
            "footer": footer,
        }.items()
        if value
    }
    if not box:
        return Post(parts=[(sentence, [])])
    first = {"fallback": title or plain(sentence), "color": COLORS[notice.status]}
    return Post(parts=[(sentence, [first | box])])


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"

"""Turns Slack's notation `<!here>`, `<@id>` and `<url|label>` into Markdown. Pure.

Announcements are converted first, then people, then links, as Mattermost's clients expect.
"""

import html
import re
from collections.abc import Mapping

_ANNOUNCEMENT = re.compile(r"<!(channel|here|all|everyone)(?:\|[^<>|\n]*)?>")
_PERSON = re.compile(r"<@([a-zA-Z0-9]+)>")
_LINK = re.compile(r"<([^\n<|>]+)\|([^|\n>]+)>")
_LOOSE_LINK = re.compile(r"<([^<|]+)\|([^>]+)>")  # in attachments, where a label can have several lines


def people(text: str) -> set[str]:
    """The user ids that a text names with `<@id>`."""
    return set(_PERSON.findall(text))


def announced(text: str, names: Mapping[str, str]) -> str:
    """The text with `@here` for `<!here>` and `@handle` for `<@id>`. `names` maps the known user ids to handles."""
    if "<!" in text:
        text = _ANNOUNCEMENT.sub(lambda match: "@all" if match[1] == "everyone" else f"@{match[1]}", text)
    return named(text, names)


def named(text: str, names: Mapping[str, str]) -> str:
    """The text with `@handle` for each `<@id>` whose user id is in `names`."""
    if "<@" not in text:
        return text
    return _PERSON.sub(lambda match: f"@{names[match[1]]}" if match[1] in names else match[0], text)


def converted(text: str, names: Mapping[str, str], *, loose: bool = False, escaped: bool = False) -> str:
    """A text as Markdown. `names` maps the known user ids to handles.

    With `loose`, links may span lines. With `escaped`, as in texts from Slack, entities are decoded last.
    """
    text = announced(text, names)
    if "<" in text:
        text = (_LOOSE_LINK if loose else _LINK).sub(r"[\2](\1)", text)
    return unescaped(text) if escaped else text


def unescaped(text: str) -> str:
    """The text with Slack's entities for `&`, `<` and `>` decoded once: `&amp;lt;` becomes `&lt;`."""
    return re.sub(r"&(?:amp|lt|gt);", lambda match: html.unescape(match[0]), text)

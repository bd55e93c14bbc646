"""Renders Slack's blocks as Markdown. Pure.

A block of an unknown type gives no text, and stays in the message's props.
"""

from typing import Any

MAX_BLOCKS = 50


class InvalidBlocks(Exception):
    """The blocks are not a list of objects with a type, or there are more than 50."""


def render(blocks: Any) -> str:
    """The blocks of a message as Markdown, one paragraph for each. Raises InvalidBlocks."""
    if not isinstance(blocks, list) or len(blocks) > MAX_BLOCKS:
        raise InvalidBlocks
    return "\n\n".join(filter(None, map(_block, blocks)))


def _block(block: Any) -> str:
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        raise InvalidBlocks
    match block["type"]:
        case "header":
            return f"#### {text}" if (text := plain(block.get("text"))) else ""
        case "section":
            parts = [
                plain(block.get("text")),
                *map(plain, _list(block.get("fields"))),
                _element(block.get("accessory")),
            ]
            return "\n".join(filter(None, parts))
        case "context":
            return " ".join(filter(None, map(_element, _list(block.get("elements")))))
        case "actions":
            return " ".join(filter(None, map(_element, _list(block.get("elements")))))
        case "divider":
            return "---"
        case "image":
            return _image(block)
        case "markdown":
            return plain(block.get("text"))
        case "rich_text":
            return "\n".join(filter(None, map(_rich, _list(block.get("elements")))))
    return ""


def _element(element: Any) -> str:
    if not isinstance(element, dict):
        return ""
    match element.get("type"):
        case "image":
            return _image(element)
        case "button":
            # A button without a link calls an application in Slack, which Ferryman cannot reach.
            label, url = plain(element.get("text")), element.get("url")
            return f"[{label}]({url})" if label and isinstance(url, str) and url else ""
        case "mrkdwn" | "plain_text":
            return plain(element)
    return ""


def _image(block: dict[str, Any]) -> str:
    url, alt = block.get("image_url"), block.get("alt_text")
    return f"![{alt if isinstance(alt, str) else ''}]({url})" if isinstance(url, str) and url else ""


def _rich(element: Any) -> str:
    """The text of rich text, without its styles."""
    if not isinstance(element, dict):
        return ""
    match element.get("type"):
        case "text":
            return plain(element.get("text"))
        case "link":
            label, url = plain(element.get("text")), plain(element.get("url"))
            return f"[{label}]({url})" if label else url
        case "emoji":
            return f":{plain(element.get('name'))}:"
        case "rich_text_list":
            return "\n".join(f"- {line}" for line in map(_rich, _list(element.get("elements"))) if line)
    return "".join(map(_rich, _list(element.get("elements"))))


def plain(value: Any) -> str:
    """The text in a text object of Slack, or `value` itself if it is a text; "" for anything else."""
    if isinstance(value, dict):
        value = value.get("text")
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

"""The words of an attachment, which chat products share, and how large attachments may be. Pure."""

from typing import Any

type Attachment = dict[str, Any]

MAX_BYTES = 131_072  # of a message's attachments and props as JSON; an item of DynamoDB holds 400 KB
TEXTS = (
    "fallback",
    "color",
    "pretext",
    "author_name",
    "author_link",
    "author_icon",
    "title",
    "title_link",
    "text",
    "image_url",
    "thumb_url",
    "footer",
    "footer_icon",
)

"""Avatars: the address of a picture, checked as text. We never fetch it; whoever shows the author does."""

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from ferryman.outbound import ssrf_guard

_PUBLIC_HTTPS = ssrf_guard.AllowedTargets()


def _checked(url: str) -> str:
    """The URL, as the parser of webhooks' URLs gives it, so that no two readers see different hosts in it."""
    if not url[:8].lower() == "https://":
        raise ValueError("must begin with https://")
    try:
        return ssrf_guard.parse(url, _PUBLIC_HTTPS).url
    except ssrf_guard.TargetRefused as refused:
        raise ValueError(str(refused)) from None


type AvatarUrl = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema(
        {
            "type": "string",
            "format": "uri",
            "pattern": "^[Hh][Tt][Tt][Pp][Ss]://",
            "maxLength": ssrf_guard.MAX_URL_CHARACTERS,
            "examples": ["https://cdn.example.com/ci.png"],
        }
    ),
]

"""Avatar URLs, checked as text. Ferryman does not fetch the picture; the client that shows the author does."""

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from ferryman.outbound import ssrf_guard

_PUBLIC_HTTPS = ssrf_guard.AllowedTargets()


def _checked(url: str) -> str:
    """The URL as the parser for webhook URLs normalises it, so that all programs read the same host from it.

    Raises ValueError for a scheme other than https and for a URL that the parser refuses.
    """
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

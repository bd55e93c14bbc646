"""Ids in the form that clients of Mattermost get."""

from urllib.parse import parse_qsl


def short(id_: str) -> str:
    """The id that Mattermost's API has for one of our ids."""
    return id_.rpartition("_")[2].lower()


def form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))

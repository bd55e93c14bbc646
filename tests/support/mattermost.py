"""Ids and forms as programs of Mattermost see them."""

from urllib.parse import parse_qsl


def short(id_: str) -> str:
    """One of our ids on that surface."""
    return id_.rpartition("_")[2].lower()


def form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))

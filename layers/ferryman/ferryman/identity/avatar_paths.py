"""The paths that serve uploaded avatars."""

import re

from ferryman import ids

PATH = "/avatars/"


def path(workspace_id: str, user_id: str, digest: str) -> str:
    """The path that serves the picture. It contains the picture's digest, so nobody can guess it."""
    return f"{_before_digest(workspace_id, user_id)}{digest}"


def is_path_of(workspace_id: str, user_id: str, url: str | None) -> bool:
    """Whether an avatar's URL leads to a picture that was uploaded for this user."""
    return url is not None and _before_digest(workspace_id, user_id) in url


def _before_digest(workspace_id: str, user_id: str) -> str:
    return f"{PATH}{ids.ulid(workspace_id)}-{ids.ulid(user_id)}-"


def parse(name: str) -> tuple[str, str, str] | None:
    """The workspace's id, the user's id and the digest in the last segment of a path; None for any other text."""
    match = re.fullmatch(r"([0-9A-Z]{26})-([0-9A-Z]{26})-([0-9a-f]{32})", name)
    return (f"{ids.WORKSPACE}_{match[1]}", f"{ids.USER}_{match[2]}", match[3]) if match else None

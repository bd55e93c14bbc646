"""Lists of personal access tokens. `v4_tokens` does all the rest with them.

This module is apart because the function for posts answers the list of everybody's tokens, and must not import the
code that makes them.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ferryman.dialects.mattermost import objects, v4
from ferryman.dialects.mattermost.v4 import Asked
from ferryman.identity import permissions
from ferryman.identity.tokens import table
from ferryman.identity.tokens.model import Token


def page_of_everybody(asked: Asked) -> list[dict[str, Any]]:
    """A page of all tokens that are not revoked, oldest first. Raises PERMISSIONS for a caller without admin:*."""
    v4.require(asked.caller, permissions.ADMIN)
    return page(asked, table.unrevoked(asked.caller.workspace_id))


def page(asked: Asked, tokens: Iterator[Token]) -> list[dict[str, Any]]:
    """A page of `tokens`, oldest first, so that a new one moves no other. A test credential sees test ones only."""
    seen = (token for token in tokens if asked.caller.livemode or not token.livemode)
    start, size = asked.window()
    return [objects.token(token) for token in islice(seen, start, start + size)]

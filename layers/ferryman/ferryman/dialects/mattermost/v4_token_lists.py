"""Lists of personal access tokens. `v4_tokens` has the other routes of tokens.

The function for posts answers the list of all users' tokens, and must not import the code that creates tokens. So this
module is separate.
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
    """A page of all users' tokens that are not revoked, oldest first.

    Raises PERMISSIONS for a caller without admin:*.
    """
    v4.require(asked.caller, permissions.ADMIN)
    return page(asked, table.unrevoked(asked.caller.workspace_id))


def page(asked: Asked, tokens: Iterator[Token]) -> list[dict[str, Any]]:
    """A page of `tokens`, which come oldest first, so that a new token does not shift the pages.

    A test credential gets test tokens only.
    """
    seen = (token for token in tokens if asked.caller.livemode or not token.livemode)
    start, size = asked.window()
    return [objects.token(token) for token in islice(seen, start, start + size)]

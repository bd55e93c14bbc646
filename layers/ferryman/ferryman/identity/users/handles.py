"""Handles: the names that mentions use. ASCII and lower case, so that no two of them look the same. Pure, no AWS."""

import re

HANDLE = "[a-z0-9](?:[a-z0-9_.-]{0,30}[a-z0-9])?"

# In other products' clients, these names mention a whole chat.
RESERVED = frozenset({"all", "channel", "everyone", "here"})


def is_handle(text: str) -> bool:
    return re.fullmatch(HANDLE, text) is not None


def is_free(text: str) -> bool:
    """Whether a user may have the handle: whether it is not reserved for a whole chat."""
    return text not in RESERVED

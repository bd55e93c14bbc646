"""SAM's transform without its copies: for each route it copies the whole API and discards the copy.

Without the copies it takes a thirtieth of its time. The result is equal, except for the order of paths in the API.
"""

from contextlib import AbstractContextManager
from unittest.mock import patch

from samtranslator.open_api import open_api


def without_copies() -> AbstractContextManager[object]:
    """A context manager: inside the block, SAM's transform makes no copies.

    Raises AttributeError if a version of SAM has renamed its copying function.
    """
    return patch.object(open_api, "_deepcopy", lambda document: document)

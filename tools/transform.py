"""SAM's transform without its copies: it copies the whole API for each route, and throws the copies away.

They are all but a thirtieth of its time. The result is equal, except for the order of paths in the API's body.
"""

from contextlib import AbstractContextManager
from unittest.mock import patch

from samtranslator.open_api import open_api


def without_copies() -> AbstractContextManager[object]:
    """Inside the block, the transform works on the original. AttributeError if SAM renamed its copying."""
    return patch.object(open_api, "_deepcopy", lambda document: document)

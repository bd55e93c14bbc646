"""Caps that parallel requests cannot exceed: how many things of a kind a user may have.

A request reads the user's mark before it counts, and moves the mark on in the transaction that creates. When two count
the same, one is refused and counts again. Taking something away does not touch the mark.
"""

from collections.abc import Callable

from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict
from ferryman.identity.users import table as users

_TRIES = 5


class Counted(Conflict):
    """A parallel request created something after this one had counted."""

    def __init__(self) -> None:
        super().__init__("Others create the same at the same moment. Send the request again.")


def within[T](workspace_id: str, user_id: str, create: Callable[[store.Write], T]) -> T:
    """Call `create(write)` and return its result; again when a parallel request created something since it counted.

    `create` counts the present things, raises Conflict at the cap, and adds the write to its transaction.
    """
    for _ in range(_TRIES):
        moving = users.moving_mark(workspace_id, user_id, users.mark(workspace_id, user_id), refused=Counted())
        try:
            return create(moving)
        except Counted as error:
            counted = error
    raise counted

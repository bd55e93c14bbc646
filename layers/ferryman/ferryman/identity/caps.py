"""Caps on how many objects of one kind a user may have, which parallel requests cannot exceed.

Each user has a counter, the mark. A request reads the mark, counts the user's objects, and creates one more in a
transaction that raises the mark by one if the mark is still as it was read. If two requests run in parallel, one is
refused and counts again. Deleting an object does not change the mark.
"""

from collections.abc import Callable

from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict
from ferryman.identity.users import table as users

_TRIES = 5


class Counted(Conflict):
    """A parallel request created an object after this request had counted."""

    def __init__(self) -> None:
        super().__init__("Another request created one of these at the same moment. Send the request again.")


def within[T](workspace_id: str, user_id: str, create: Callable[[store.Write], T]) -> T:
    """Call `create(write)` and return its result. Each time a parallel request created an object first, call it again.

    `create` counts the user's objects, raises Conflict at the cap, and adds the write to its transaction. Raises
    Counted when five calls have collided with parallel requests.
    """
    for _ in range(_TRIES):
        moving = users.moving_mark(workspace_id, user_id, users.mark(workspace_id, user_id), refused=Counted())
        try:
            return create(moving)
        except Counted as error:
            counted = error
    raise counted

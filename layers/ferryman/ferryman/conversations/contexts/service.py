"""Who may see a context, and counting answers to a context before it expires."""

from collections.abc import Sequence

from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import access
from ferryman.conversations.contexts import table
from ferryman.conversations.contexts.model import Context
from ferryman.errors import Conflict, NotFound
from ferryman.identity.credentials.model import Caller


def get_visible(caller: Caller, context_id: str) -> Context:
    """A context that has not expired, if the caller may see it. Raises NotFound otherwise.

    An application sees its own contexts. A user sees those of the chats of which they are a member, and all with
    `admin:*`.
    """
    context = table.get(caller.workspace_id, context_id)
    unknown = NotFound("The context does not exist; it may have expired.")
    if context.livemode != caller.livemode:
        raise unknown
    if caller.application_id:
        if context.application_id != caller.application_id:
            raise unknown
        return context
    try:
        access.get_visible(caller, context.chat_id)
    except NotFound:
        raise unknown from None
    return context


def commit_in_time(context: Context, at: str, writes: Sequence[store.Write]) -> bool:
    """Commit `writes` together with the count of an answer to the context at `at` (ISO).

    Returns False, and commits nothing, if the context expired before `at`. Raises Conflict when others keep answering
    at the same moment.
    """
    for last in (False, False, False, True):
        try:
            store.commit([*writes, table.answering(context, at)])
            return True
        except table.Expired:
            return False
        except Conflict:  # another answer is being counted at the same moment
            if last:
                raise
    return False

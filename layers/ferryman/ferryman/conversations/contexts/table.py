"""The table `contexts`: `<workspace_id>/<context_id>` → context. Such keys spread the writes over all partitions.

The item `<workspace_id>/newest/<chat_id>` names the newest context of a person's private chat with an application; the
person's next reply belongs to it. `<workspace_id>/newest/<chat_id>/<application_id>` names the newest context of an
application in a group.
"""

from ferryman.aws import dynamodb as store
from ferryman.conversations.contexts.model import Context
from ferryman.errors import Conflict, NotFound

TABLE = "contexts"


class Expired(Conflict):
    """The context has expired."""


def _key(workspace_id: str, entry: str) -> store.Key:
    return {"context": f"{workspace_id}/{entry}"}


def get(workspace_id: str, context_id: str) -> Context:
    """The context. Raises NotFound if it does not exist or has expired, even while the table still has its item."""
    item = store.get(TABLE, _key(workspace_id, context_id))
    context = Context.from_item(item) if item and "expires_at" in item else None
    if context is None or not context.is_alive():
        raise NotFound("The context does not exist; it may have expired.")
    return context


def newest(workspace_id: str, chat_id: str, application_id: str | None = None) -> Context | None:
    """The newest context of a person's private chat or, with `application_id`, of that application in a group.

    None if there is none or it has expired.
    """
    item = store.get(TABLE, _key(workspace_id, _newest(chat_id, application_id)))
    return alive(workspace_id, item["context_id"] if item else None)


def _newest(chat_id: str, application_id: str | None) -> str:
    return f"newest/{chat_id}/{application_id}" if application_id else f"newest/{chat_id}"


def alive(workspace_id: str, context_id: str | None) -> Context | None:
    try:
        return get(workspace_id, context_id) if context_id else None
    except NotFound:
        return None


def creating(context: Context) -> store.Write:
    key = _key(context.workspace_id, context.context_id)
    return store.put(TABLE, {**context.to_item(), **key}, condition="attribute_not_exists(context)")


def make_newest(context: Context) -> None:
    """Make a stored context the newest of its private chat or, in a group, of its application there.

    This is a put of its own, because transactions of two messages at the same moment would collide.
    """
    of_group = context.application_id if not context.user_id else None
    key = _key(context.workspace_id, _newest(context.chat_id, of_group))
    names = {"context_id": context.context_id, "expires_at_epoch": context.expires_at_epoch}
    store.commit([store.put(TABLE, {**names, **key})])


def answering(context: Context, at: str) -> store.Write:
    """The write that counts an answer that comes at `at` (ISO).

    If the context expired before, the commit raises Expired.
    """
    return store.update(
        TABLE,
        _key(context.workspace_id, context.context_id),
        "SET answered_at = :at ADD answers :one",
        {":at": at, ":one": 1},
        condition="expires_at > :at",
        refused=Expired("The context has expired."),
    )

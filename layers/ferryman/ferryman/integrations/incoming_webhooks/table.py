"""The table `incoming_webhooks`: (workspace_id, incoming_webhook_id) → incoming webhook.

The secret of the webhook's URL is a row of the table `credentials`.
"""

from collections.abc import Iterator

from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.errors import Conflict, NotFound
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook, Refusal

TABLE = "incoming_webhooks"


def key(workspace_id: str, incoming_webhook_id: str) -> store.Key:
    return {"workspace_id": workspace_id, "incoming_webhook_id": incoming_webhook_id}


def get(workspace_id: str, incoming_webhook_id: str) -> IncomingWebhook:
    item = store.get(TABLE, key(workspace_id, incoming_webhook_id))
    if item is None:
        raise NotFound("The incoming webhook does not exist.")
    return IncomingWebhook.from_item(item)


def get_many(workspace_id: str, incoming_webhook_ids: list[str]) -> dict[str, IncomingWebhook]:
    """The existing incoming webhooks with these ids, by id."""
    items = store.get_many(TABLE, [key(workspace_id, one) for one in incoming_webhook_ids])
    return {item["incoming_webhook_id"]: IncomingWebhook.from_item(item) for item in items}


def page(
    workspace_id: str,
    limit: int,
    after: store.Key | None,
    *,
    livemode: bool,
    member: str | None,
    chat_id: str | None = None,
) -> tuple[list[IncomingWebhook], store.Key | None]:
    """A page of live or test incoming webhooks, newest first, and the key after which the next one begins.

    With `member` (a user's id), only webhooks of chats that this user belongs to. With `chat_id`, only those of this
    chat.
    """

    def of_joined_chats(items: list[store.Item]) -> list[store.Item]:
        if member is None or not items:
            return items
        joined = chats.memberships(workspace_id, {(item["chat_id"], member) for item in items})
        return [item for item in items if (item["chat_id"], member) in joined]

    values: dict[str, str | bool] = {":workspace": workspace_id, ":livemode": livemode}
    if chat_id:
        values[":chat"] = chat_id
    page = store.page(
        TABLE,
        "workspace_id = :workspace",
        values,
        where="livemode = :livemode AND chat_id = :chat" if chat_id else "livemode = :livemode",
        keep=of_joined_chats,
        newest_first=True,
        key=("workspace_id", "incoming_webhook_id"),
        limit=limit,
        after=after,
    )
    return [IncomingWebhook.from_item(item) for item in page.items], page.last_key


def of_chat(workspace_id: str, chat_id: str) -> Iterator[IncomingWebhook]:
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace",
        {":workspace": workspace_id, ":chat": chat_id},
        where="chat_id = :chat",
    )
    return (IncomingWebhook.from_item(item) for item in items)


def enabled_of_owner(workspace_id: str, user_id: str) -> Iterator[IncomingWebhook]:
    """Every enabled incoming webhook that the user owns, live and test."""
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace",
        {":workspace": workspace_id, ":user": user_id, ":none": None},
        where="(attribute_not_exists(disabled_reason) OR disabled_reason = :none) AND "
        "(owner_id = :user OR (attribute_not_exists(owner_id) AND created_by = :user))",
    )
    return (IncomingWebhook.from_item(item) for item in items)


def unchanged(webhook: IncomingWebhook) -> store.Write:
    """A check for a transaction that the webhook was not changed after `webhook` was read. Refused with Conflict."""
    return store.check(
        TABLE,
        key(webhook.workspace_id, webhook.incoming_webhook_id),
        _AS_READ,
        _as_read(webhook),
        refused=Conflict("changed"),
    )


def creating(webhook: IncomingWebhook) -> store.Write:
    return store.put(TABLE, webhook.to_item(), condition="attribute_not_exists(incoming_webhook_id)")


def changing(webhook: IncomingWebhook, **changes: object) -> store.Write:
    """The write that sets these attributes. Refused with Conflict if the row changed after `webhook` was read."""
    return store.set_values(
        TABLE,
        key(webhook.workspace_id, webhook.incoming_webhook_id),
        changes,
        condition=_AS_READ,
        values=_as_read(webhook),
    )


def noting_refusals(webhook: IncomingWebhook, refusals: list[Refusal]) -> store.Write:
    """The write that stores these refusals.

    Refused with Conflict if, after `webhook` was read, it was deleted, its URL was replaced, or a refusal was stored.
    """
    none = "attribute_not_exists(refusals) OR size(refusals) = :before"
    return store.set_values(
        TABLE,
        key(webhook.workspace_id, webhook.incoming_webhook_id),
        {"refusals": refusals},
        condition=f"secret_hash = :hash AND ({'refusals[0] = :before' if webhook.refusals else none})",
        values={":hash": webhook.secret_hash, ":before": webhook.refusals[0] if webhook.refusals else 0},
    )


def deleting(webhook: IncomingWebhook) -> store.Write:
    """The write that deletes the webhook. Refused with Conflict if the row changed after `webhook` was read.

    So a URL that was regenerated at the same time cannot outlive the webhook.
    """
    return store.delete(
        TABLE,
        key(webhook.workspace_id, webhook.incoming_webhook_id),
        condition=_AS_READ,
        values=_as_read(webhook),
    )


_AS_READ = "secret_hash = :hash AND (attribute_not_exists(updated_at) OR updated_at = :before)"


def _as_read(webhook: IncomingWebhook) -> dict[str, str]:
    return {":hash": webhook.secret_hash, ":before": webhook.updated_at or ""}

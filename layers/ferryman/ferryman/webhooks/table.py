"""The table `webhooks`: (workspace_id, webhook_id) → webhook; and `subscriptions`: (topic, webhook_id).

A topic is `<workspace_id>/<live|test>/<chat_id>`, or `*` for the chat where a webhook wants every chat. One row
for each chat a webhook listens to, so that finding who wants an event costs the same in a workspace of ten
webhooks and of a hundred thousand, and live and test never meet.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from ferryman import store
from ferryman.errors import Conflict, NotFound
from ferryman.webhooks.model import Webhook

TABLE = "webhooks"
SUBSCRIPTIONS = "subscriptions"
EVERY_CHAT = "*"


class NotEnabled(Conflict):
    """The webhook was disabled or deleted before."""


def topic(workspace_id: str, chat_id: str, *, livemode: bool) -> str:
    return f"{workspace_id}/{'live' if livemode else 'test'}/{chat_id}"


def topics(webhook: Webhook) -> list[str]:
    chats = [EVERY_CHAT] if webhook.chat_ids is None else webhook.chat_ids
    return [topic(webhook.workspace_id, chat_id, livemode=webhook.livemode) for chat_id in chats]


def _key(workspace_id: str, webhook_id: str) -> store.Key:
    return {"workspace_id": workspace_id, "webhook_id": webhook_id}


def get(workspace_id: str, webhook_id: str) -> Webhook:
    item = store.get(TABLE, _key(workspace_id, webhook_id))
    if item is None:
        raise NotFound("There is no such webhook.")
    return Webhook.from_item(item)


def get_many(pairs: Iterable[tuple[str, str]]) -> dict[str, Webhook]:
    """The webhooks of (workspace_id, webhook_id) pairs that exist, by webhook id."""
    found = store.get_many(TABLE, [_key(*pair) for pair in pairs])
    return {item["webhook_id"]: Webhook.from_item(item) for item in found}


def page(workspace_id: str, limit: int, after: store.Key | None) -> tuple[list[Webhook], store.Key | None]:
    """Newest first."""
    found = store.query(
        TABLE,
        "workspace_id = :workspace",
        {":workspace": workspace_id},
        newest_first=True,
        limit=limit,
        after=after,
    )
    return [Webhook.from_item(item) for item in found.items], found.last_key


def subscribed(topic_: str, event_type: str) -> Iterator[str]:
    """The ids of the webhooks that want this type on this topic, page after page."""
    found = store.query_all(
        SUBSCRIPTIONS,
        "topic = :topic",
        {":topic": topic_, ":type": event_type},
        where="contains(events, :type)",
    )
    return (item["webhook_id"] for item in found)


def _subscribing(webhook: Webhook) -> list[store.Write]:
    return [
        store.put(SUBSCRIPTIONS, {"topic": topic_, "webhook_id": webhook.webhook_id, "events": webhook.events})
        for topic_ in webhook.topics
    ]


def creating(webhook: Webhook) -> list[store.Write]:
    webhook.topics = topics(webhook)
    created = store.put(TABLE, webhook.to_item(), condition="attribute_not_exists(webhook_id)")
    return [created, *_subscribing(webhook)]


def changing(before: Webhook, after: Webhook) -> list[store.Write]:
    """Replace what a person may change; what the deliverer counts meanwhile is left alone."""
    after.topics = topics(after)
    gone = [
        store.delete(SUBSCRIPTIONS, {"topic": topic_, "webhook_id": before.webhook_id})
        for topic_ in before.topics
        if topic_ not in after.topics
    ]
    changes = {
        name: getattr(after, name)
        for name in ("url", "events", "chat_ids", "signatures", "name", "description", "updated_at", "topics")
    }
    changed = store.set_values(
        TABLE,
        _key(before.workspace_id, before.webhook_id),
        changes,
        condition="updated_at = :before",
        values={":before": before.updated_at},
    )
    return [changed, *gone, *_subscribing(after)]


def deleting(webhook: Webhook) -> list[store.Write]:
    deleted = store.delete(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        condition="updated_at = :before",
        values={":before": webhook.updated_at},
    )
    rows = [
        store.delete(SUBSCRIPTIONS, {"topic": topic_, "webhook_id": webhook.webhook_id}) for topic_ in webhook.topics
    ]
    return [deleted, *rows]


def succeeded(webhook: Webhook) -> None:
    """A receiver answered 2xx: the count of consecutive failures starts anew. Costs nothing while it is 0."""
    if webhook.consecutive_failures == 0:
        return
    reset = store.set_values(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        {"consecutive_failures": 0, "last_error": None},
        condition="attribute_exists(webhook_id)",
        refused=NotFound("The webhook was deleted meanwhile."),
    )
    with suppress(NotFound):
        store.commit([reset])


def failed(workspace_id: str, webhook_id: str, error: str) -> int:
    """Count one failed attempt. Returns the consecutive failures so far, 0 when the webhook is gone."""
    try:
        now = store.commit(
            [
                store.update(
                    TABLE,
                    _key(workspace_id, webhook_id),
                    "SET last_error = :error ADD consecutive_failures :one",
                    {":error": error, ":one": 1},
                    condition="attribute_exists(webhook_id)",
                    refused=NotFound("gone"),
                )
            ],
            return_new=True,
        )
    except NotFound:
        return 0
    return int(now["consecutive_failures"]) if now else 0


def disabling(workspace_id: str, webhook_id: str, reason: str, at: str) -> store.Write:
    """Disable a webhook, with the reason. Refused with NotEnabled when it was disabled or deleted before."""
    return store.update(
        TABLE,
        _key(workspace_id, webhook_id),
        "SET #state = :disabled, disabled_reason = :reason, disabled_at = :at",
        {":disabled": "disabled", ":enabled": "enabled", ":reason": reason, ":at": at},
        condition="#state = :enabled",
        names={"#state": "state"},
        refused=NotEnabled("The webhook is not enabled."),
    )


def rekeying(webhook: Webhook, secrets: list[dict[str, Any]], at: str) -> store.Write:
    """Replace the signing secrets; refused when somebody changed the webhook in between."""
    return store.set_values(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        {"secrets": secrets, "updated_at": at},
        condition="updated_at = :before",
        values={":before": webhook.updated_at},
    )


def enabling(webhook: Webhook, at: str) -> store.Write:
    """Back to work: the state is enabled and the failures are forgotten."""
    return store.set_values(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        {
            "state": "enabled",
            "disabled_reason": None,
            "disabled_at": None,
            "consecutive_failures": 0,
            "last_error": None,
            "updated_at": at,
        },
        condition="attribute_exists(webhook_id)",
    )

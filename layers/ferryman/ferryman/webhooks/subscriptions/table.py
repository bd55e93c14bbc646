"""The tables `webhooks`: (workspace_id, webhook_id) → webhook; and `subscriptions`: (topic, webhook_id) → event types.

`subscriptions` has one row for each topic of a webhook. So the dispatcher finds the webhooks for an event at the same
cost in a workspace of ten webhooks and of a hundred thousand. A topic begins with `<workspace_id>/<live|test>/`, so
live and test events never mix. The rest of the topic is:

- `<chat_id>`: a chat that the webhook names
- `*`: every chat
- `bot/<bot_id>`: a bot's callback
- `application/<application_id>`: an application's callback, which has the topic of its group too if it gets the group's
  messages
- `user/<user_id>`: a personal webhook

The webhooks of a group (`groups`) also have rows under `<workspace_id>/group/<group_id>`, a topic of no event.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.webhooks.subscriptions.model import Webhook

TABLE = "webhooks"
SUBSCRIPTIONS = "subscriptions"
EVERY_CHAT = "*"
OWNED = "(owner_id = :user OR (attribute_not_exists(owner_id) AND created_by = :user))"
_SINCE = "failing_since = if_not_exists(failing_since, :at)"
_ROWS_AT_ONCE = 500  # a full page of DynamoDB, a megabyte, would hold ten times as many at once


class NotEnabled(Conflict):
    """The webhook to disable is not enabled: another request disabled or deleted it first."""


def topic(workspace_id: str, chat_id: str, *, livemode: bool) -> str:
    return f"{workspace_id}/{'live' if livemode else 'test'}/{chat_id}"


def topic_of_bot(workspace_id: str, bot_id: str, *, livemode: bool) -> str:
    return topic(workspace_id, f"bot/{bot_id}", livemode=livemode)


def topic_of_application(workspace_id: str, application_id: str, *, livemode: bool) -> str:
    return topic(workspace_id, f"application/{application_id}", livemode=livemode)


def topic_of_user(workspace_id: str, user_id: str, *, livemode: bool) -> str:
    return topic(workspace_id, f"user/{user_id}", livemode=livemode)


def topic_of_group(workspace_id: str, group_id: str) -> str:
    """The topic that lists the webhooks of a group; no event has this topic."""
    return f"{workspace_id}/group/{group_id}"


def topics(webhook: Webhook) -> list[str]:
    if webhook.bot_id:
        return [topic_of_bot(webhook.workspace_id, webhook.bot_id, livemode=webhook.livemode)]
    if webhook.application_id:
        own = topic_of_application(webhook.workspace_id, webhook.application_id, livemode=webhook.livemode)
        groups = [topic(webhook.workspace_id, one, livemode=webhook.livemode) for one in webhook.chat_ids or ()]
        return [own, *groups]
    if webhook.user_id:
        return [topic_of_user(webhook.workspace_id, webhook.user_id, livemode=webhook.livemode)]
    chats = [EVERY_CHAT] if webhook.chat_ids is None else webhook.chat_ids
    topics = [topic(webhook.workspace_id, chat_id, livemode=webhook.livemode) for chat_id in chats]
    return [*topics, topic_of_group(webhook.workspace_id, webhook.group_id)] if webhook.group_id else topics


def _key(workspace_id: str, webhook_id: str) -> store.Key:
    return {"workspace_id": workspace_id, "webhook_id": webhook_id}


def get(workspace_id: str, webhook_id: str) -> Webhook:
    item = store.get(TABLE, _key(workspace_id, webhook_id))
    if item is None:
        raise NotFound("The webhook does not exist.")
    return Webhook.from_item(item)


def get_many(pairs: Iterable[tuple[str, str]], unreadable: set[str] | None = None) -> dict[str, Webhook]:
    """The existing webhooks of these (workspace_id, webhook_id) pairs, by webhook id.

    Leaves out rows that this version cannot read, and adds their webhook ids to `unreadable`.
    """
    items = store.get_many(TABLE, [_key(*pair) for pair in pairs])
    return store.read(Webhook, items, "webhook_id", unreadable)


def page(
    workspace_id: str, limit: int, after: store.Key | None, keep: Callable[[Webhook], bool]
) -> tuple[list[Webhook], store.Key | None]:
    """A page of the webhooks that `keep` accepts, newest first, and the key after which the next one begins."""
    page = store.page(
        TABLE,
        "workspace_id = :workspace",
        {":workspace": workspace_id},
        newest_first=True,
        key=("workspace_id", "webhook_id"),
        limit=limit,
        after=after,
        keep=lambda items: [item for item in items if keep(Webhook.from_item(item))],
    )
    return [Webhook.from_item(item) for item in page.items], page.last_key


def every(workspace_id: str, keep: Callable[[Webhook], bool]) -> Iterator[Webhook]:
    """The webhooks of the workspace, live and test, that `keep` accepts."""
    items = store.query_all(TABLE, "workspace_id = :workspace", {":workspace": workspace_id})
    return (webhook for item in items if keep(webhook := Webhook.from_item(item)))


def enabled_of_owner(workspace_id: str, user_id: str) -> Iterator[Webhook]:
    """Every enabled webhook that the user owns, of all kinds, live and test."""
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace",
        {":workspace": workspace_id, ":user": user_id, ":enabled": "enabled"},
        where=f"#state = :enabled AND {OWNED}",
        names={"#state": "state"},
    )
    return (Webhook.from_item(item) for item in items)


def page_of_bot(
    workspace_id: str, bot_id: str, limit: int, after: store.Key | None, *, livemode: bool
) -> tuple[list[Webhook], store.Key | None]:
    """A page of a bot's live or test callbacks, newest first, and the key after which the next one begins."""
    return _page_of(workspace_id, topic_of_bot(workspace_id, bot_id, livemode=livemode), limit, after)


def page_of_user(
    workspace_id: str, user_id: str, limit: int, after: store.Key | None, *, livemode: bool
) -> tuple[list[Webhook], store.Key | None]:
    """A page of a person's webhooks of one mode, newest first, and the key after which the next one begins."""
    return _page_of(workspace_id, topic_of_user(workspace_id, user_id, livemode=livemode), limit, after)


def of_group(workspace_id: str, group_id: str) -> list[Webhook]:
    """The webhooks that one owner manages as a group (`groups`), oldest first; an unknown group has none.

    `group_id` is the id of its first webhook.
    """
    items = store.query_all(SUBSCRIPTIONS, "topic = :topic", {":topic": topic_of_group(workspace_id, group_id)})
    webhooks = get_many((workspace_id, item["webhook_id"]) for item in items)
    return [webhooks[webhook_id] for webhook_id in sorted(webhooks)]


def _page_of(
    workspace_id: str, topic_: str, limit: int, after: store.Key | None
) -> tuple[list[Webhook], store.Key | None]:
    page = store.page(
        SUBSCRIPTIONS,
        "topic = :topic",
        {":topic": topic_},
        newest_first=True,
        key=("topic", "webhook_id"),
        limit=limit,
        after=after,
    )
    webhooks = get_many((workspace_id, item["webhook_id"]) for item in page.items)
    return [webhooks[webhook_id] for webhook_id in sorted(webhooks, reverse=True)], page.last_key


def subscribed(topic_: str, event_type: str, after: str | None = None) -> Iterator[str]:
    """The ids of the webhooks that subscribed to this event type on this topic, ascending.

    `after` is a webhook's id; only greater ids are returned. The rows are read page by page while the caller iterates.
    """
    items = store.query_all(
        SUBSCRIPTIONS,
        "topic = :topic",
        {":topic": topic_, ":type": event_type},
        where="contains(events, :type)",
        limit=_ROWS_AT_ONCE,
        after={"topic": topic_, "webhook_id": after} if after else None,
    )
    return (item["webhook_id"] for item in items)


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
    """The writes that change a webhook from `before` to `after`, and its subscriptions with it.

    The fields that the deliverer writes, such as the count of failures, stay. Refused with Conflict if the row changed
    after `before` was read.
    """
    after.topics = topics(after)
    gone = [
        store.delete(SUBSCRIPTIONS, {"topic": topic_, "webhook_id": before.webhook_id})
        for topic_ in before.topics
        if topic_ not in after.topics
    ]
    changes = {
        name: getattr(after, name)
        for name in (
            "url",
            "events",
            "chat_ids",
            "signatures",
            "max_per_second",
            "disable_after",
            "mentioned_by",
            "probe",
            "name",
            "description",
            "updated_at",
            "topics",
            "trigger_words",
            "trigger_when",
            "trigger_body",
            "reply_name",
            "reply_avatar_url",
            "group_id",
        )
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


def recovered(webhook: Webhook) -> None:
    """Reset the failures and the pause of a webhook after a success.

    Does nothing if a pause was set after `webhook` was read.
    """
    forgotten = store.set_values(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        {"consecutive_failures": 0, "paused_until": 0, "last_error": None, "failing_since": None},
        condition="paused_until = :seen",
        values={":seen": webhook.paused_until},
    )
    with suppress(Conflict):
        store.commit([forgotten])


def counted_anew(webhook: Webhook, error: str, at: str) -> int:
    """Count a failure at `at` (ISO) as the first in a row, because an attempt succeeded before it.

    Returns 1; or 0 if a pause was set after `webhook` was read, and the failure is not counted.
    """
    return _counted(
        webhook,
        "SET last_error = :error, consecutive_failures = :one, failing_since = :at",
        {":error": error, ":one": 1, ":at": at, ":seen": webhook.paused_until},
        "paused_until = :seen",
    )


def pause(webhook: Webhook, until: int) -> None:
    """Pause the webhook until `until` (epoch milliseconds). Does nothing if a longer pause is set."""
    paused = store.update(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        "SET paused_until = :until",
        {":until": until},
        condition="attribute_exists(webhook_id) AND paused_until < :until",
    )
    with suppress(Conflict):
        store.commit([paused])


def slow(webhook: Webhook, until: int) -> None:
    """Put the webhook on the slow lane until `until` (epoch milliseconds). Does nothing for a deleted webhook."""
    slowed = store.update(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        "SET slow_until = :until",
        {":until": until},
        condition="attribute_exists(webhook_id)",
        refused=NotFound("The webhook was deleted meanwhile."),
    )
    with suppress(NotFound):
        store.commit([slowed])


def probe(webhook: Webhook, until: int) -> bool:
    """Claim the one attempt that probes the receiver after a pause. Returns False if another function claimed it.

    The webhook stays paused for other attempts until `until` (epoch milliseconds).
    """
    taken = store.update(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        "SET paused_until = :until",
        {":until": until, ":over": webhook.paused_until},
        condition="paused_until = :over",
    )
    try:
        store.commit([taken])
    except Conflict:
        return False
    return True


def take_place(webhook: Webhook, second: int) -> bool:
    """Count one attempt in this second of the clock (epoch seconds). Returns False if no place is left.

    A second has `max_per_second` places. A second that is over, because an attempt was counted in a later one, has none
    left; neither has a deleted webhook. Makes one conditional update to begin a new second, and if that is refused, one
    to take a further place.
    """
    key = _key(webhook.workspace_id, webhook.webhook_id)
    first = store.update(
        TABLE,
        key,
        "SET rate_second = :second, rate_count = :one",
        {":second": second, ":one": 1},
        condition="attribute_exists(webhook_id) AND (attribute_not_exists(rate_second) OR rate_second < :second)",
    )
    one_more = store.update(
        TABLE,
        key,
        "SET rate_count = rate_count + :one",
        {":second": second, ":one": 1, ":most": webhook.max_per_second},
        condition="rate_second = :second AND rate_count < :most",
    )
    for place in (first, one_more):
        with suppress(Conflict):
            store.commit([place])
            return True
    return False


def reserve(webhook: Webhook, earliest: int, apart: int) -> int:
    """Reserve the next free place within the webhook's rate, and return it as epoch milliseconds.

    The place is `earliest` (epoch milliseconds), or `apart` milliseconds after the last reserved place if that is
    later. Returns `earliest` without a reservation if three conditional updates lose against other reservations.
    """
    key = _key(webhook.workspace_id, webhook.webhook_id)
    values = {":earliest": earliest, ":apart": apart}
    behind = store.update(
        TABLE, key, "SET next_place = next_place + :apart", values, condition="next_place >= :earliest"
    )
    first = store.update(
        TABLE,
        key,
        "SET next_place = :behind",
        {":earliest": earliest, ":behind": earliest + apart},
        condition="attribute_exists(webhook_id) AND (attribute_not_exists(next_place) OR next_place < :earliest)",
    )
    for place in (behind, first, behind):  # the third try is for a reservation that another deliverer made in between
        with suppress(Conflict):
            item = store.commit([place], return_new=True) or {}
            return int(item["next_place"]) - apart
    return earliest


def failed(webhook: Webhook, error: str, *, below: int | None = None) -> int:
    """Count one failed attempt. Returns the failures in a row, with this one; 0 if the failure is not counted.

    The failure is not counted if a pause was set after `webhook` was read, or if there are `below` failures already.
    """
    condition = "paused_until = :seen"
    values = {":seen": webhook.paused_until, ":error": error, ":one": 1, ":at": clock.now_iso()}
    if below is not None:
        condition, values = f"{condition} AND consecutive_failures < :below", {**values, ":below": below}
    expression = f"SET last_error = :error, {_SINCE} ADD consecutive_failures :one"
    return _counted(webhook, expression, values, condition)


def failed_and_paused(webhook: Webhook, error: str, until: int) -> int:
    """Count a failed attempt as `failed` does, and pause the webhook until `until` (epoch milliseconds).

    Both are one write.
    """
    return _counted(
        webhook,
        f"SET last_error = :error, paused_until = :until, {_SINCE} ADD consecutive_failures :one",
        {":error": error, ":until": until, ":one": 1, ":seen": webhook.paused_until, ":at": clock.now_iso()},
        "paused_until = :seen",
    )


def _counted(webhook: Webhook, expression: str, values: dict[str, Any], condition: str) -> int:
    key = _key(webhook.workspace_id, webhook.webhook_id)
    counting = store.update(TABLE, key, expression, values, condition=condition)
    try:
        now = store.commit([counting], return_new=True)
    except Conflict:
        return 0
    return int(now["consecutive_failures"]) if now else 0


def disabling(
    workspace_id: str,
    webhook_id: str,
    reason: str,
    at: str,
    *,
    failed_attempts: list[dict[str, Any]] | None = None,
    next_probe_at: str | None = None,
) -> store.Write:
    """The write that disables a webhook for `reason` at `at` (ISO). Refused with NotEnabled.

    If failures are the reason, `failed_attempts` are the last of them, and `next_probe_at` (ISO) is the time of the
    first probe.
    """
    return store.set_values(
        TABLE,
        _key(workspace_id, webhook_id),
        {
            "state": "disabled",
            "disabled_reason": reason,
            "disabled_at": at,
            "paused_until": 0,
            "failed_attempts": failed_attempts,
            "next_probe_at": next_probe_at,
            "probes_made": 0,
        },
        condition="#state = :enabled",
        values={":enabled": "enabled"},
        refused=NotEnabled("The webhook is not enabled."),
    )


def probing(webhook: Webhook, next_at: str | None) -> store.Write:
    """The write that claims the due probe of a disabled webhook, and plans the next one at `next_at` (ISO).

    Refused with Conflict if another function claimed the probe, or the webhook is not disabled any more.
    """
    return store.set_values(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        {"next_probe_at": next_at, "probes_made": webhook.probes_made + 1},
        condition="next_probe_at = :due AND disabled_at = :since",
        values={":due": webhook.next_probe_at, ":since": webhook.disabled_at},
        refused=Conflict("Somebody else probes the webhook."),
    )


def not_probing(webhook: Webhook, reason: str) -> store.Write:
    """The write that ends the probes of a disabled webhook, and replaces the reason why it is disabled.

    Refused with Conflict if the webhook was enabled, or disabled again, after it was read.
    """
    return store.set_values(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        {"next_probe_at": None, "disabled_reason": reason},
        condition="disabled_at = :since",
        values={":since": webhook.disabled_at},
    )


def handing_over(webhook: Webhook, user_id: str, at: str) -> store.Write:
    """The write that gives the webhook another owner. Refused with Conflict if it changed after it was read."""
    return store.set_values(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        {"owner_id": user_id, "updated_at": at},
        condition="updated_at = :before",
        values={":before": webhook.updated_at},
    )


def rekeying(webhook: Webhook, secrets: list[dict[str, Any]], at: str) -> store.Write:
    """The write that replaces the signing secrets. `secrets` are SigningSecret items, newest first.

    Refused with Conflict if the webhook changed after it was read.
    """
    return store.set_values(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        {"secrets": secrets, "updated_at": at},
        condition="updated_at = :before",
        values={":before": webhook.updated_at},
    )


def decided(webhook: Webhook) -> store.Write:
    """The write that ends the holding of missed events, because a person decided to deliver or skip them.

    Refused with Conflict if another request decided first.
    """
    return store.set_values(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        {"held_from": None, "held_until": None},
        condition="held_from = :before",
        values={":before": webhook.held_from},
    )


def enabling(webhook: Webhook, at: str, held_from: str | None = None, *, still_disabled: bool = False) -> store.Write:
    """The write that enables the webhook and resets its failures. Refused with Conflict if the webhook was deleted.

    `held_from` (ISO) is the time since which it holds missed events that nobody has decided about. With
    `still_disabled`, the write is also refused if the webhook was enabled, disabled again, or has no more probes.
    """
    return store.set_values(
        TABLE,
        _key(webhook.workspace_id, webhook.webhook_id),
        {
            "state": "enabled",
            "disabled_reason": None,
            "disabled_at": None,
            "consecutive_failures": 0,
            "paused_until": 0,
            "last_error": None,
            "failing_since": None,
            "failed_attempts": None,
            "next_probe_at": None,
            "updated_at": at,
            "held_from": held_from,
            "held_until": at if held_from else None,
        },
        condition="attribute_exists(next_probe_at) AND disabled_at = :since"
        if still_disabled
        else "attribute_exists(webhook_id)",
        values={":since": webhook.disabled_at} if still_disabled else None,
    )

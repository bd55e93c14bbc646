"""Groups: several webhooks with trigger words, one for each URL, which their owner manages as one webhook.

Each webhook of a group has its own deliveries, failures and pause, so a receiver that is down delays no other. The
webhooks share their settings and their signing secret, and so the token in their bodies. The secret is encrypted for
the group's id, so a webhook for another URL can use it too. The group's id is that of its first webhook.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, Invalid, NotFound
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials.model import Caller
from ferryman.identity.users import table as users
from ferryman.outbound import allowed_targets
from ferryman.webhooks.subscriptions import service, table
from ferryman.webhooks.subscriptions.checks import check_wanted
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import WebhookIn

MAX_URLS = 10
# Settings that can be changed, and that the webhooks of a group share.
_SHARED = (
    "chat_ids",
    "name",
    "description",
    "trigger_words",
    "trigger_when",
    "trigger_body",
    "reply_name",
    "reply_avatar_url",
)


class Twin(Conflict):
    """Another webhook for the same chats has one of the URLs and trigger words: a message would be answered twice."""


def create(caller: Caller, wanted: WebhookIn, urls: Sequence[str]) -> tuple[list[Webhook], str]:
    """A new group: a webhook for each of these URLs. Returns the webhooks and their common secret.

    Raises Twin, Invalid for no or more than ten URLs, and as `service.create` does.
    """
    checked = _checked(caller, wanted, urls)
    _refuse_twins(caller, wanted, checked, None)
    webhook_ids = ids.new_many(ids.WEBHOOK, len(checked))
    secret = secrets.new_signing_secret()
    sealed = [service.sealed(caller.workspace_id, webhook_ids[0], 1, secret, clock.now_iso()).to_item()]
    group = [
        replace(service.built(caller, wanted, webhook_id, url, sealed), group_id=webhook_ids[0])
        for webhook_id, url in zip(webhook_ids, checked, strict=True)
    ]
    writes: list[store.Write] = [users.acting(caller.workspace_id, caller.user_id, caller.role)]
    for webhook in group:
        writes += table.creating(webhook)
    writes += audit.writes(caller, "webhook.created", webhook_ids[0], {"events": group[0].events, "urls": len(group)})
    store.commit(writes)
    return group, secret


def find(caller: Caller, group_id: str) -> list[Webhook]:
    """The webhooks of a group that the caller may manage, oldest first. Raises NotFound if there are none.

    A webhook without a group is found by its own id, as a group of one.
    """
    webhooks = table.of_group(caller.workspace_id, group_id)
    if not webhooks:
        webhook = table.get(caller.workspace_id, group_id)
        webhooks = [] if webhook.group_id else [webhook]
    webhooks = [webhook for webhook in webhooks if webhook.is_triggered and service.may_manage(caller, webhook)]
    if not webhooks:
        raise NotFound("The webhook does not exist.")
    return webhooks


def all_of(caller: Caller) -> Iterator[list[Webhook]]:
    """The webhooks of every group that the caller may manage, as one list for each group, oldest first."""
    groups: dict[str, list[Webhook]] = {}
    after = None
    while True:
        page, after = table.page(caller.workspace_id, 100, after, lambda one: _is_shown(caller, one))
        for webhook in page:
            groups.setdefault(webhook.group_id or webhook.webhook_id, []).append(webhook)
        if after is None:
            break
    for _, group in sorted(groups.items()):
        yield sorted(group, key=lambda one: one.webhook_id)


def _is_shown(caller: Caller, webhook: Webhook) -> bool:
    return webhook.is_triggered and service.may_manage(caller, webhook)


def change(caller: Caller, before: Sequence[Webhook], wanted: WebhookIn, urls: Sequence[str]) -> list[Webhook]:
    """Change the settings and the URLs of a group. Returns its webhooks after the change, oldest first.

    A URL that stays keeps its webhook and its deliveries. New URLs get new webhooks, and the webhooks of other URLs are
    deleted. Raises as `create` does, and Conflict if a webhook of the group changed after it was read.
    """
    checked = _checked(caller, wanted, urls)
    group_id = before[0].group_id or before[0].webhook_id
    _refuse_twins(caller, wanted, checked, group_id)
    now = clock.now_iso()
    shared = {name: getattr(wanted, name) for name in _SHARED}
    shared |= {"trigger_when": wanted.trigger_when or "first_word", "trigger_body": wanted.trigger_body or "form"}
    left = {webhook.url: webhook for webhook in reversed(before)}
    after: list[Webhook] = []
    writes: list[store.Write] = []
    for url in checked:
        existing = left.pop(url, None)
        if existing:
            changed = replace(existing, **shared, group_id=group_id, updated_at=now)
            writes += table.changing(existing, changed)
        else:
            fresh = service.built(caller, wanted, ids.new(ids.WEBHOOK), url, before[0].secrets)
            changed = replace(fresh, group_id=group_id, format=before[0].format, signatures=before[0].signatures)
            changed.created_by, changed.owner_id = before[0].created_by, before[0].owner_id
            writes += table.creating(changed)
        after.append(changed)
    kept = {webhook.webhook_id for webhook in after}
    for webhook in before:
        if webhook.webhook_id not in kept:
            writes += table.deleting(webhook)
    writes += audit.writes(caller, "webhook.edited", group_id, {"changed": [*_SHARED, "url"]})
    store.commit(writes)
    return sorted(after, key=lambda one: one.webhook_id)


def delete(caller: Caller, group: Sequence[Webhook]) -> None:
    """Delete all webhooks of a group. The deliverer cancels their waiting deliveries later.

    Raises Conflict, and deletes none, if one of them changed after it was read.
    """
    writes = [write for webhook in group for write in table.deleting(webhook)]
    group_id = group[0].group_id or group[0].webhook_id
    store.commit([*writes, *audit.writes(caller, "webhook.deleted", group_id)])


def new_secret(caller: Caller, group: Sequence[Webhook]) -> str:
    """Replace the secret of a group, and so the token in its bodies. Returns the new one; the old one ends at once.

    Raises Conflict if a webhook of the group changed after it was read.
    """
    now = clock.now_iso()
    secret = secrets.new_signing_secret()
    version = max(one.version for webhook in group for one in webhook.signing_secrets()) + 1
    sealed = service.sealed(group[0].workspace_id, group[0].sealed_for, version, secret, now).to_item()
    group_id = group[0].group_id or group[0].webhook_id
    audited = audit.writes(caller, "webhook.rotated", group_id, {"overlap_hours": 0})
    store.commit([*(table.rekeying(webhook, [sealed], now) for webhook in group), *audited])
    return secret


def _checked(caller: Caller, wanted: WebhookIn, urls: Sequence[str]) -> list[str]:
    """The URLs, normalised and each once. Raises Invalid or NotAllowed for webhooks that the caller may not make."""
    if not urls or len(urls) > MAX_URLS:
        raise Invalid(f"One to {MAX_URLS} URLs are possible.", "/url")
    check_wanted(caller, wanted)
    return list(dict.fromkeys(allowed_targets.checked_url(url) for url in urls))


def _refuse_twins(caller: Caller, wanted: WebhookIn, urls: Sequence[str], group_id: str | None) -> None:
    words = set(wanted.trigger_words or ())
    for other in (webhook for group in all_of(caller) for webhook in group):
        if (other.group_id or other.webhook_id) == group_id or other.chat_ids != wanted.chat_ids:
            continue
        if other.url in urls and words & set(other.trigger_words or ()):
            raise Twin("Another webhook for the same chat has one of these URLs and trigger words.")

"""Outgoing webhooks: create, read, edit, hand over and delete them, and rotate their secrets.

`checks` decides which chats and events a caller may subscribe, `outbound.allowed_targets` which URL.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ferryman import clock, formats, ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.errors import Conflict, Invalid, NotFound, RetryLater
from ferryman.identity import idempotency, ownership, permissions
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.outbound import allowed_targets
from ferryman.schema import folded
from ferryman.webhooks.subscriptions import sealing, table
from ferryman.webhooks.subscriptions.checks import (
    check_callback,
    check_changed_triggers,
    check_chats,
    check_events,
    check_triggers,
)
from ferryman.webhooks.subscriptions.model import (
    BY_A_USER,
    Deletion,
    MentionedBy,
    SigningSecret,
    Webhook,
)
from ferryman.webhooks.subscriptions.schema import WebhookIn, WebhookPatch, WebhookQuery

_OWNER_ROUTE = "/v1/webhooks/{webhook_id}/owner"


def create(
    caller: Caller,
    wanted: WebhookIn,
    idempotency_key: IdempotencyKey | None = None,
    *,
    bot_id: str | None = None,
    mentioned_by: list[MentionedBy] | None = None,
    application_id: str | None = None,
    user_id: str | None = None,
    extra_writes: Callable[[Webhook], Sequence[store.Write]] = lambda _webhook: (),
) -> tuple[Webhook, str]:
    """A new webhook and its signing secret.

    With `bot_id` or `application_id`, the webhook is a callback; with `user_id`, a personal webhook. `extra_writes`
    returns writes that join the transaction. Raises NotAllowed for a subscription to every chat without the scope
    admin:*, and Invalid for a URL that may not be called, chats that the caller does not belong to, and settings that
    do not go together.
    """
    url = allowed_targets.checked_url(wanted.url)
    if not (bot_id or application_id or user_id):
        check_chats(caller, wanted.chat_ids, caller.user_id)
    check_events(wanted.events, wanted.chat_ids, wanted.format)
    check_triggers(wanted)
    webhook_id = ids.new(ids.WEBHOOK)
    secret = secrets.new_signing_secret()
    first = sealed(caller.workspace_id, webhook_id, 1, secret, clock.now_iso())
    webhook = built(caller, wanted, webhook_id, url, [first.to_item()])
    webhook.bot_id, webhook.application_id, webhook.user_id = bot_id, application_id, user_id
    webhook.mentioned_by = mentioned_by
    # For a callback, `extra_writes` contains the audit record, which names the bot.
    audited = [] if bot_id else audit.writes(caller, "webhook.created", webhook_id, {"events": webhook.events})
    acting = users.acting(caller.workspace_id, caller.user_id, caller.role)
    extra = extra_writes(webhook)
    writes = [*idempotency.writes(idempotency_key, webhook_id), *table.creating(webhook), acting, *extra, *audited]
    store.commit(writes)
    return webhook, secret


def built(caller: Caller, wanted: WebhookIn, webhook_id: str, url: str, keys: list[dict[str, Any]]) -> Webhook:
    """The webhook of a request, not stored yet. `keys` are the items of its SigningSecrets, newest first."""
    now = clock.now_iso()
    return Webhook(
        workspace_id=caller.workspace_id,
        webhook_id=webhook_id,
        url=url,
        events=list(wanted.events),
        chat_ids=wanted.chat_ids,
        format=wanted.format,
        name=wanted.name,
        description=wanted.description,
        signatures=list(wanted.signatures or [formats.signature(wanted.format)]),
        max_per_second=wanted.max_per_second,
        disable_after=wanted.disable_after,
        probe=wanted.probe,
        trigger_words=wanted.trigger_words,
        trigger_when=wanted.trigger_when or "first_word",
        trigger_body=wanted.trigger_body or "form",
        reply_name=wanted.reply_name,
        reply_avatar_url=wanted.reply_avatar_url,
        livemode=caller.livemode,
        created_by=caller.user_id,
        created_at=now,
        updated_at=now,
        secrets=keys,
    )


def get_visible(caller: Caller, webhook_id: str) -> Webhook:
    """The webhook, if the caller may manage it. Raises NotFound otherwise."""
    webhook = table.get(caller.workspace_id, webhook_id)
    if not may_manage(caller, webhook):
        raise NotFound("The webhook does not exist.")
    return webhook


def may_manage(caller: Caller, webhook: Webhook) -> bool:
    """Whether the caller may manage the webhook: its owner, or any caller with the scope admin:*.

    A test token may manage test webhooks only, a live token live ones only. A bot's callback also needs the scope
    bots:write. A webhook for every chat and an application's callback need admin:*. For a personal webhook, always
    False: its person manages it in `webhooks.personal`.
    """
    if webhook.livemode != caller.livemode or webhook.user_id:
        return False
    if webhook.bot_id and not permissions.covers(caller.scopes, "bots:write"):
        return False
    if webhook.application_id:
        return caller.is_admin
    return caller.is_admin or (webhook.owner == caller.user_id and not webhook.is_global)


def page(caller: Caller, query: WebhookQuery, after: store.Key | None) -> tuple[list[Webhook], store.Key | None]:
    """A page of the webhooks that the caller may manage and the filters of `query` match, newest first.

    Also returns the key after which the next page begins.
    """

    def keep(webhook: Webhook) -> bool:
        return may_manage(caller, webhook) and _matches(webhook, query)

    return table.page(caller.workspace_id, query.limit, after, keep)


def _matches(webhook: Webhook, query: WebhookQuery) -> bool:
    if query.name and folded(query.name) not in folded(webhook.name or ""):
        return False
    if query.url and folded(query.url) not in folded(webhook.url):
        return False
    return query.state in (None, webhook.state) and (query.event is None or query.event in webhook.events)


def edit(caller: Caller, webhook_id: str, patch: WebhookPatch) -> Webhook:
    """Change a webhook. Returns the changed webhook. Raises NotFound, and as `change` does."""
    audited = audit.writes(caller, "webhook.edited", webhook_id, {"changed": list(patch.model_fields_set)})
    return change(caller, get_visible(caller, webhook_id), patch, audited)


def change(caller: Caller, before: Webhook, patch: WebhookPatch, extra_writes: Sequence[store.Write] = ()) -> Webhook:
    """Change a webhook. Returns the changed webhook. `extra_writes` join the transaction.

    The caller of this function has checked that `caller` may manage the webhook. A new URL is checked; the signing
    secret stays. If the patch has `held`, this function only checks that the webhook holds events; `replays.service`
    delivers or skips them.

    Raises Invalid for a change that this kind of webhook does not allow, NotAllowed for every chat without the scope
    admin:*, and Conflict if the owner may not have the webhook any more, or it changed after it was read.
    """
    webhook_id = before.webhook_id
    changes = patch.model_dump(exclude_unset=True)
    for name in ("url", "events", "signatures", "state", "trigger_words", "trigger_when", "trigger_body"):
        if name in changes and changes[name] is None:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    if before.bot_id or before.application_id:
        check_callback(before, changes)
    if "url" in changes:
        changes["url"] = allowed_targets.checked_url(changes["url"])
    if "chat_ids" in changes:
        check_chats(caller, changes["chat_ids"], before.owner)
    state = changes.pop("state", None)
    held = changes.pop("held", None)
    if held and not (before.holds_from and (state or before.state) == "enabled"):
        raise Invalid(
            "The webhook holds no events, or it stays disabled. Leave held out, or send it with state: enabled.",
            "/held",
        )
    now = clock.now_iso()
    if changes:
        after = replace(before, **changes, updated_at=now)
        check_events(after.events, after.chat_ids, after.format)
        check_changed_triggers(before, after, changes)
        store.commit([*table.changing(before, after), *extra_writes])
        extra_writes = ()
    if state == "enabled" and (before.state != "enabled" or before.consecutive_failures or before.paused_until):
        writes = [table.enabling(before, now, before.holds_from)]
        if before.state != "enabled":
            writes.append(ownership.still_entitled(before.workspace_id, before.owner, before.needs, _OWNER_ROUTE))
        store.commit([*writes, *extra_writes])
    elif state == "disabled" and before.next_probe_at:
        store.commit([table.not_probing(before, BY_A_USER), *extra_writes])
    elif state == "disabled":
        with suppress(table.NotEnabled):
            store.commit([table.disabling(before.workspace_id, webhook_id, BY_A_USER, now), *extra_writes])
    return table.get(caller.workspace_id, webhook_id)


def changing_callback(before: Webhook, url: str, chat_ids: list[str] | None) -> list[store.Write]:
    """The writes that give an application's callback another URL, and other groups whose messages it gets.

    Raises Invalid for a URL that may not be called. Refused with Conflict if the callback changed after it was read.
    """
    url = url if url == before.url else allowed_targets.checked_url(url)
    return table.changing(before, replace(before, url=url, chat_ids=chat_ids, updated_at=clock.now_iso()))


def not_heard(webhook: Webhook) -> list[str]:
    """The ids of those `chat_ids` of the webhook whose events it does not get, because its owner is not a member."""
    if webhook.chat_ids is None or not webhook.follows_a_member:
        return []
    pairs = chats.memberships(webhook.workspace_id, [(chat_id, webhook.member_id) for chat_id in webhook.chat_ids])
    return [chat_id for chat_id in webhook.chat_ids if (chat_id, webhook.member_id) not in pairs]


def hand_over(caller: Caller, webhook_id: str, user_id: str) -> Webhook:
    """Give the webhook another owner. Its state stays. Returns the changed webhook.

    Raises NotFound, Invalid for a user who may not own this kind of webhook, and Conflict if the webhook or the new
    owner changed after it was read.
    """
    before = get_visible(caller, webhook_id)
    store.commit(
        [
            *handing_over(before, user_id),
            *audit.writes(caller, "webhook.handed_over", webhook_id, {"from": before.owner, "to": user_id}),
        ]
    )
    return table.get(caller.workspace_id, webhook_id)


def handing_over(before: Webhook, user_id: str) -> list[store.Write]:
    """The writes that give a webhook another owner. Raises Invalid for a user who may not own it.

    Refused with Conflict if the webhook or the new owner changed after it was read.
    """
    return [
        table.handing_over(before, user_id, clock.now_iso()),
        ownership.taking_over(before.workspace_id, user_id, before.needs),
    ]


def delete(caller: Caller, webhook_id: str) -> None:
    """Delete a webhook. The deliverer cancels its waiting deliveries later.

    Raises NotFound, and Conflict if the webhook changed after it was read.
    """
    audited = audit.writes(caller, "webhook.deleted", webhook_id)
    store.commit([*table.deleting(get_visible(caller, webhook_id)), *audited])


def delete_many(caller: Caller, webhook_ids: list[str]) -> dict[str, Deletion]:
    """Delete webhooks, each in its own transaction. Returns `deleted`, `not_found` or `conflict` for each id."""
    webhooks = table.get_many((caller.workspace_id, one) for one in webhook_ids if ids.is_id(ids.WEBHOOK, one))
    results: dict[str, Deletion] = {}
    for webhook_id in webhook_ids:
        webhook = webhooks.get(webhook_id)
        if webhook is None or not may_manage(caller, webhook):
            results[webhook_id] = "not_found"
            continue
        try:
            store.commit([*table.deleting(webhook), *audit.writes(caller, "webhook.deleted", webhook_id)], tries=3)
            results[webhook_id] = "deleted"
        except (Conflict, RetryLater):
            results[webhook_id] = "conflict"
    return results


def rotate_secret(caller: Caller, before: Webhook, overlap_hours: int) -> tuple[Webhook, str]:
    """Make a new signing secret. Returns the webhook and the secret. The old secret signs too for `overlap_hours`.

    The caller of this function has checked that `caller` may manage the webhook. Raises Conflict while the old secret
    of an earlier rotation is valid, because a third secret would replace one that is still in use; and Conflict
    if the webhook changed after `before` was read.
    """
    if before.secret_expires_at:
        raise Conflict(
            f"The old secret of the last rotation is still valid until {before.secret_expires_at}. "
            "Expire it first: POST …/expire-old-secret."
        )
    (current,) = before.signing_secrets()
    now = clock.now()
    secret = secrets.new_signing_secret()
    newest = sealed(before.workspace_id, before.sealed_for, current.version + 1, secret, clock.iso(now))
    kept = []
    if overlap_hours:
        current.expires_at = clock.iso(now + overlap_hours * 3600)
        kept = [current.to_item()]
    audited = audit.writes(caller, "webhook.rotated", before.webhook_id, {"overlap_hours": overlap_hours})
    store.commit([table.rekeying(before, [newest.to_item(), *kept], clock.iso(now)), *audited])
    return table.get(before.workspace_id, before.webhook_id), secret


def expire_old_secret(caller: Caller, before: Webhook) -> Webhook:
    """End a rotation now: from the next attempt on, only the newest secret signs. Returns the webhook.

    Raises Conflict if the webhook changed after `before` was read.
    """
    newest = before.signing_secrets()[0]
    audited = audit.writes(caller, "webhook.old_secret_expired", before.webhook_id)
    store.commit([table.rekeying(before, [newest.to_item()], clock.now_iso()), *audited])
    return table.get(before.workspace_id, before.webhook_id)


def sealed(workspace_id: str, sealed_for: str, version: int, secret: str, at: str) -> SigningSecret:
    """A SigningSecret with the encrypted `secret`. `sealed_for` is the id of the webhook or of its group."""
    ciphertext = sealing.seal(workspace_id, sealed_for, version, secret)
    return SigningSecret(version=version, ciphertext=ciphertext, created_at=at)

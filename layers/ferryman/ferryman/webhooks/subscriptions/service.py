"""Outgoing webhooks: create, read, edit, hand over and delete them, and rotate their secrets.

The functions check which events, chats and URLs a caller may subscribe.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ferryman import clock, formats, ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.errors import Conflict, Invalid, NotAllowed, NotFound, RetryLater
from ferryman.events import catalogue
from ferryman.events.model import OPERATIONAL, EventType
from ferryman.formats import Format
from ferryman.identity import idempotency, ownership, permissions
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.outbound import allowed_targets
from ferryman.schema import folded
from ferryman.webhooks.subscriptions import sealing, table
from ferryman.webhooks.subscriptions.model import (
    BOT_DEACTIVATED,
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
        _check_chats(caller, wanted.chat_ids, caller.user_id)
    _check_events(wanted.events, wanted.chat_ids, wanted.format)
    _check_triggers(wanted)
    webhook_id = ids.new(ids.WEBHOOK)
    secret = secrets.new_signing_secret()
    first = sealed(caller.workspace_id, webhook_id, 1, secret, clock.now_iso())
    webhook = built(caller, wanted, webhook_id, url, [first.to_item()])
    webhook.bot_id, webhook.application_id, webhook.user_id = bot_id, application_id, user_id
    webhook.mentioned_by = mentioned_by
    # A callback is recorded as what its bot got (`extra_writes`).
    audited = [] if bot_id else audit.writes(caller, "webhook.created", webhook_id, {"events": webhook.events})
    acting = users.acting(caller.workspace_id, caller.user_id, caller.role)
    extra = extra_writes(webhook)
    writes = [*idempotency.writes(idempotency_key, webhook_id), *table.creating(webhook), acting, *extra, *audited]
    store.commit(writes)
    return webhook, secret


def check(caller: Caller, wanted: WebhookIn) -> None:
    """Raise Invalid or NotAllowed, as `create` does, for a webhook that the caller may not make. Ignores the URL."""
    _check_chats(caller, wanted.chat_ids, caller.user_id)
    _check_events(wanted.events, wanted.chat_ids, wanted.format)
    _check_triggers(wanted)


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
        _check_callback(before, changes)
    if "url" in changes:
        changes["url"] = allowed_targets.checked_url(changes["url"])
    if "chat_ids" in changes:
        _check_chats(caller, changes["chat_ids"], before.owner)
    state = changes.pop("state", None)
    held = changes.pop("held", None)
    if held and not (before.holds_from and (state or before.state) == "enabled"):
        raise Invalid("There is nothing to decide about: no events are held, or the webhook stays disabled.", "/held")
    now = clock.now_iso()
    if changes:
        after = replace(before, **changes, updated_at=now)
        _check_events(after.events, after.chat_ids, after.format)
        _check_changed_triggers(before, after, changes)
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
            f"The secret was rotated before, and the old one signs until {before.secret_expires_at}. "
            "End that first: POST /v1/webhooks/{id}/expire-old-secret."
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


def check_format(event_types: Sequence[EventType], format_: Format, field: str) -> None:
    """Raise Invalid at `field` (a JSON pointer) if the format cannot render an event of one of these types."""
    for type_ in event_types:
        if not catalogue.can_be_rendered(format_, type_):
            raise Invalid(
                f"The format {format_} has no body for {type_}. GET /v1/event-types names those it has.", field
            )


def sealed(workspace_id: str, sealed_for: str, version: int, secret: str, at: str) -> SigningSecret:
    """A SigningSecret with the encrypted `secret`. `sealed_for` is the id of the webhook or of its group."""
    ciphertext = sealing.seal(workspace_id, sealed_for, version, secret)
    return SigningSecret(version=version, ciphertext=ciphertext, created_at=at)


def _check_callback(before: Webhook, changes: dict[str, Any]) -> None:
    for name in ("events", "chat_ids"):
        if name in changes:
            what = "A bot's callback gets the bot's mentions in the bot's chats"
            if before.application_id:
                what = "An application's callback gets what people answer to it (and group_messages of the application)"
            raise Invalid(f"{what}, and nothing else.", f"/{name}")
    if changes.get("state") == "enabled" and before.disabled_reason == BOT_DEACTIVATED:
        raise Conflict("The callback's bot is deactivated. Activate it: PATCH /v1/bots/{id} with active: true.")


def _check_events(event_types: Sequence[EventType], chat_ids: list[str] | None, format_: Format) -> None:
    check_format(event_types, format_, "/events")
    of_no_chat = [type_ for type_ in event_types if type_ in OPERATIONAL or catalogue.is_personal(type_)]
    if of_no_chat and chat_ids is not None:
        raise Invalid(
            f"{of_no_chat[0]} is not about a chat: it needs a webhook without chat_ids, "
            f"which needs {permissions.ADMIN}.",
            "/events",
        )


_TRIGGERS = ("trigger_when", "trigger_body", "reply_name", "reply_avatar_url")


def _check_triggers(wanted: WebhookIn) -> None:
    """Raise Invalid for trigger words in a format without them, and for their settings without trigger words."""
    if wanted.trigger_words is None:
        for name in _TRIGGERS:
            if getattr(wanted, name) is not None:
                raise Invalid("needs trigger_words; an empty list stands for every message.", f"/{name}")
        return
    if formats.FORMATS[wanted.format].render_triggered is None:
        able = [name for name, format_ in formats.FORMATS.items() if format_.render_triggered]
        raise Invalid(f"The format {wanted.format} has no trigger words; {' and '.join(able)} have.", "/trigger_words")
    check_triggered(wanted.events, wanted.trigger_words, wanted.chat_ids)


def check_triggered(events: Sequence[EventType], words: Sequence[str], chat_ids: list[str] | None) -> None:
    """Raise Invalid unless the only event type is `message.created`, and there are trigger words or chat ids."""
    if list(events) != ["message.created"]:
        raise Invalid("Only new messages have trigger words: events must be message.created alone.", "/events")
    if not words and chat_ids is None:
        raise Invalid("Name trigger words, or the chats whose messages all call the webhook.", "/trigger_words")


def _check_changed_triggers(before: Webhook, after: Webhook, changes: dict[str, Any]) -> None:
    if before.is_triggered:
        check_triggered(after.events, after.trigger_words or [], after.chat_ids)
        return
    for name in ("trigger_words", *_TRIGGERS):
        if name in changes:
            raise Invalid("The webhook has no trigger words, and cannot get any. Create another one.", f"/{name}")


def _check_chats(caller: Caller, chat_ids: list[str] | None, owner_id: str) -> None:
    """Raise NotAllowed or Invalid unless a webhook of this owner may have these chats, and would get their events.

    None stands for every chat, which needs the scope admin:*.
    """
    if chat_ids is None:
        if not caller.is_admin:
            raise NotAllowed(
                f"Name the chats in chat_ids; a webhook for every chat needs the scope {permissions.ADMIN}."
            )
        return
    pairs = chats.memberships(caller.workspace_id, [(chat_id, owner_id) for chat_id in chat_ids])
    unheard = [chat_id for chat_id in chat_ids if (chat_id, owner_id) not in pairs]
    visible = chats.existing(caller.workspace_id, unheard) if caller.is_admin and unheard else {}
    for chat_id in unheard:
        pointer = f"/chat_ids/{chat_ids.index(chat_id)}"
        if chat_id not in visible:
            raise Invalid("You do not belong to a chat with this id.", pointer)
        raise Invalid(
            "The webhook's owner does not belong to this chat, so the webhook would hear nothing of it. Add them with "
            f"PUT /v1/chats/{chat_id}/members/{owner_id}, or leave chat_ids out, for every chat of the workspace.",
            pointer,
        )

"""Outgoing webhooks: who may subscribe to what, and to which address."""

from dataclasses import replace

from ferryman import clock, idempotency, ids, scopes, store
from ferryman.chats import table as chats
from ferryman.credentials import secrets
from ferryman.credentials.model import Caller
from ferryman.errors import Invalid, NotAllowed, NotFound
from ferryman.idempotency import Once
from ferryman.pipeline import policy, targets
from ferryman.webhooks import sealing, table
from ferryman.webhooks.model import SigningSecret, Webhook
from ferryman.webhooks.schema import WebhookIn, WebhookPatch


def create(caller: Caller, wanted: WebhookIn, once: Once | None = None) -> tuple[Webhook, str]:
    """A new webhook and its signing secret.

    Raises NotAllowed for a subscription to every chat without admin:*, Invalid for a URL that may not be called
    or chats the caller does not belong to.
    """
    url = _checked_url(wanted.url)
    _check_chats(caller, wanted.chat_ids)
    webhook_id = ids.new(ids.WEBHOOK)
    secret = secrets.new_signing_secret()
    now = clock.now_iso()
    sealed = SigningSecret(
        version=1,
        ciphertext=sealing.seal(caller.workspace_id, webhook_id, 1, secret),
        created_at=now,
    )
    webhook = Webhook(
        workspace_id=caller.workspace_id,
        webhook_id=webhook_id,
        url=url,
        events=list(wanted.events),
        chat_ids=wanted.chat_ids,
        name=wanted.name,
        description=wanted.description,
        livemode=caller.livemode,
        created_by=caller.user_id,
        created_at=now,
        updated_at=now,
        secrets=[sealed.to_item()],
    )
    store.commit([*idempotency.writes(once, webhook_id), *table.creating(webhook)])
    return webhook, secret


def visible(caller: Caller, webhook_id: str) -> Webhook:
    """The webhook, if the caller may manage it: every one with admin:*, else only the caller's user's own."""
    webhook = table.get(caller.workspace_id, webhook_id)
    if not may_manage(caller, webhook):
        raise NotFound("There is no such webhook.")
    return webhook


def may_manage(caller: Caller, webhook: Webhook) -> bool:
    """A narrow token manages its user's webhooks; test tokens never see live ones, nor the other way round."""
    if webhook.livemode != caller.livemode:
        return False
    return caller.is_admin or (webhook.created_by == caller.user_id and not webhook.is_global)


def edit(caller: Caller, webhook_id: str, patch: WebhookPatch) -> Webhook:
    """Change a webhook. A changed URL keeps its secret and is checked again."""
    before = visible(caller, webhook_id)
    changes = patch.model_dump(exclude_unset=True)
    for name in ("url", "events", "state"):
        if name in changes and changes[name] is None:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    if "url" in changes:
        changes["url"] = _checked_url(changes["url"])
    if "chat_ids" in changes:
        _check_chats(caller, changes["chat_ids"])
    state = changes.pop("state", None)
    now = clock.now_iso()
    if changes:
        after = replace(before, **changes, updated_at=now)
        store.commit(table.changing(before, after))
    if state == "enabled" and before.state != "enabled":
        store.commit([table.enabling(before, now)])
    elif state == "disabled":
        table.disable(before.workspace_id, webhook_id, "disabled by a user", now)
    return table.get(caller.workspace_id, webhook_id)


def delete(caller: Caller, webhook_id: str) -> None:
    """Delete a webhook: deliveries that wait are cancelled when they come up."""
    store.commit(table.deleting(visible(caller, webhook_id)))


def _checked_url(url: str) -> str:
    """The URL as it will be called. Raises Invalid with the reason when it may not be."""
    try:
        return targets.parse(url, policy.of_deployment()).url
    except targets.TargetRefused as refused:
        raise Invalid(str(refused), "/url") from None


def _check_chats(caller: Caller, chat_ids: list[str] | None) -> None:
    if chat_ids is None:
        if not caller.is_admin:
            raise NotAllowed(f"Name the chats in chat_ids; a webhook for every chat needs the scope {scopes.ADMIN}.")
        return
    if caller.is_admin:
        known = set(chats.existing(caller.workspace_id, chat_ids))
    else:
        pairs = chats.memberships(caller.workspace_id, [(chat_id, caller.user_id) for chat_id in chat_ids])
        known = {chat_id for chat_id, _ in pairs}
    for number, chat_id in enumerate(chat_ids):
        if chat_id not in known:
            raise Invalid("There is no such chat among those you belong to.", f"/chat_ids/{number}")

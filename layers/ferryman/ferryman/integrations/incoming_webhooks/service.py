"""Incoming webhooks: created and revoked by admins, posted to by whoever has the URL."""

from dataclasses import replace
from typing import TYPE_CHECKING

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import access
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.model import MAX_TEXT, Message
from ferryman.errors import Conflict, Invalid, NotAuthenticated, NotFound
from ferryman.identity import idempotency, ownership
from ferryman.identity.audit import service as audit
from ferryman.identity.audit.model import Action
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials import service as credentials_service
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller, Credential
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.integrations.incoming_webhooks import table
from ferryman.integrations.incoming_webhooks.model import BY_A_USER, NEEDS, IncomingWebhook
from ferryman.webhooks import loop_prevention

if TYPE_CHECKING:  # posting, the busiest of all, needs no models
    from ferryman.integrations.incoming_webhooks.schema import IncomingWebhookIn, IncomingWebhookPatch

_ROUNDS = 5
_OWNER_ROUTE = "/v1/incoming-webhooks/{incoming_webhook_id}/owner"
_UNKNOWN = "The incoming webhook does not exist. Check the URL; it may have been revoked."


def create(
    caller: Caller, wanted: "IncomingWebhookIn", idempotency_key: IdempotencyKey | None = None
) -> tuple[IncomingWebhook, str]:
    """A new incoming webhook for a chat the caller belongs to, and the secret of its URL."""
    try:
        access.get_visible(caller, wanted.chat_id)
    except NotFound:
        raise Invalid("You do not belong to a chat with this id.", "/chat_id") from None
    secret = secrets.new_hook_secret()
    now = clock.now_iso()
    webhook = IncomingWebhook(
        workspace_id=caller.workspace_id,
        incoming_webhook_id=ids.new(ids.INCOMING_WEBHOOK),
        chat_id=wanted.chat_id,
        name=wanted.name,
        avatar_url=wanted.avatar_url,
        secret_hash=secrets.digest(secret),
        livemode=caller.livemode,
        created_by=caller.user_id,
        created_at=now,
        updated_at=now,
    )
    store.commit(
        [
            *idempotency.writes(idempotency_key, webhook.incoming_webhook_id),
            table.creating(webhook),
            credentials.creating(_credential(webhook, active=True)),
            chats.open_now(caller.workspace_id, wanted.chat_id),
            users.acting(caller.workspace_id, caller.user_id, caller.role),
            *_audited(caller, "incoming_webhook.created", webhook),
        ]
    )
    return webhook, secret


def _credential(webhook: IncomingWebhook, *, active: bool) -> Credential:
    """All that posting to the URL needs, in one item."""
    return Credential(
        secret_hash=webhook.secret_hash,
        kind="incoming_webhook",
        workspace_id=webhook.workspace_id,
        subject_id=webhook.incoming_webhook_id,
        user_id=webhook.owner,
        active=active,
        livemode=webhook.livemode,
        chat_id=webhook.chat_id,
        name=webhook.name,
        avatar_url=webhook.avatar_url,
    )


def _audited(
    caller: Caller, action: Action, webhook: IncomingWebhook, changed: list[str] | None = None
) -> list[store.Write]:
    details = {"chat_id": webhook.chat_id, **({"changed": changed} if changed else {})}
    return audit.writes(caller, action, webhook.incoming_webhook_id, details)


def get_visible(caller: Caller, incoming_webhook_id: str) -> IncomingWebhook:
    """The incoming webhook, if the caller belongs to its chat or holds admin:*.

    Test tokens never see live ones, nor the other way round.
    """
    webhook = table.get(caller.workspace_id, incoming_webhook_id)
    if webhook.livemode != caller.livemode:
        raise NotFound("The incoming webhook does not exist.")
    try:
        access.get_visible(caller, webhook.chat_id)
    except NotFound:
        raise NotFound("The incoming webhook does not exist.") from None
    return webhook


def page(
    caller: Caller, limit: int, after: store.Key | None, chat_id: str | None = None
) -> tuple[list[IncomingWebhook], store.Key | None]:
    """The incoming webhooks that the caller may manage, newest first; only those of `chat_id`, when given."""
    return table.page(
        caller.workspace_id,
        limit,
        after,
        livemode=caller.livemode,
        member=None if caller.is_admin else caller.user_id,
        chat_id=chat_id,
    )


def edit(caller: Caller, incoming_webhook_id: str, patch: "IncomingWebhookPatch") -> IncomingWebhook:
    """Change the author of the messages to come, or whether the URL accepts them.

    The record and what the URL posts with change in one transaction.
    """
    before = get_visible(caller, incoming_webhook_id)
    changes = {
        name: value for name, value in patch.model_dump(exclude_unset=True).items() if value != getattr(before, name)
    }
    for name in ("name", "state"):
        if name in changes and changes[name] is None:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    if not changes:
        return before
    changed = list(changes)
    state = changes.pop("state", None)
    writes = []
    of_url = dict(changes)
    if state == "enabled":
        chat = access.get_visible(caller, before.chat_id)
        of_url |= {"active": chat.active}
        writes = [
            chats.activity_unchanged(chat),
            ownership.still_entitled(before.workspace_id, before.owner, NEEDS, _OWNER_ROUTE),
        ]
        changes |= {"disabled_reason": None, "disabled_at": None}
    elif state == "disabled":
        of_url |= {"active": False}
        changes |= {"disabled_reason": BY_A_USER, "disabled_at": clock.now_iso()}
    now = clock.now_iso()
    store.commit(
        [
            table.changing(before, **changes, updated_at=now),
            credentials.changing(before.secret_hash, **of_url),
            *writes,
            *_audited(caller, "incoming_webhook.edited", before, changed),
        ],
        tries=3,  # a post may be marking its use at the same moment
    )
    return replace(before, **changes, updated_at=now)


def disabling(webhook: IncomingWebhook, reason: str) -> list[store.Write]:
    """The writes that close the URL, with the reason; refused when somebody changed the webhook in between."""
    now = clock.now_iso()
    return [
        table.changing(webhook, disabled_reason=reason, disabled_at=now, updated_at=now),
        credentials.changing(webhook.secret_hash, active=False),
    ]


def hand_over(caller: Caller, incoming_webhook_id: str, user_id: str) -> IncomingWebhook:
    """Give it another owner, who must be able to have it. Its URL stays, and a disabled one stays disabled."""
    before = get_visible(caller, incoming_webhook_id)
    now = clock.now_iso()
    details = {"from": before.owner, "to": user_id}
    store.commit(
        [
            table.changing(before, owner_id=user_id, updated_at=now),
            credentials.changing(before.secret_hash, user_id=user_id),
            ownership.taking_over(before.workspace_id, user_id, NEEDS),
            *audit.writes(caller, "incoming_webhook.handed_over", incoming_webhook_id, details),
        ],
        tries=3,
    )
    return replace(before, owner_id=user_id, updated_at=now)


def regenerate(caller: Caller, incoming_webhook_id: str) -> tuple[IncomingWebhook, str]:
    """A new secret for the URL. The old URL is refused from the moment in which the new one works."""
    before = get_visible(caller, incoming_webhook_id)
    chat = access.get_visible(caller, before.chat_id)
    secret = secrets.new_hook_secret()
    after = replace(before, secret_hash=secrets.digest(secret), updated_at=clock.now_iso())
    store.commit(
        [
            table.changing(before, secret_hash=after.secret_hash, updated_at=after.updated_at),
            credentials.revoking(before.secret_hash),
            credentials.creating(_credential(after, active=chat.active and after.state == "enabled")),
            chats.activity_unchanged(chat),
            *_audited(caller, "incoming_webhook.regenerated", before),
        ],
        tries=3,
    )
    return after, secret


def revoke(caller: Caller, incoming_webhook_id: str) -> None:
    """Delete an incoming webhook: when this returns, its URL accepts nothing any more."""
    webhook = get_visible(caller, incoming_webhook_id)
    store.commit(
        [
            table.deleting(webhook),
            credentials.revoking(webhook.secret_hash),
            *_audited(caller, "incoming_webhook.revoked", webhook),
        ],
        tries=3,
    )


def follow_chat(chat: Chat) -> None:
    """Open or close the URLs of a chat that was opened or closed.

    Called after the chat is written; an incoming webhook that is created meanwhile checks the chat itself.
    """
    for webhook in table.of_chat(chat.workspace_id, chat.chat_id):
        for _ in range(_ROUNDS):
            active = chat.active and webhook.state == "enabled"
            try:
                store.commit([credentials.changing(webhook.secret_hash, active=active), table.unchanged(webhook)])
                break
            except NotFound:
                break  # revoked in between, or regenerated: that has looked at the chat as it is now
            except Conflict:  # somebody disabled or enabled it at the same moment
                webhook = table.get(webhook.workspace_id, webhook.incoming_webhook_id)


def accept(secret: str, text: object, answers: str | None = None) -> Message:
    """Post what an external system sent to a secret URL. `answers` is the id of the delivery that led to it.

    One consistent read and one put; the read is never cached, so a revoked URL refuses the next request. Raises
    NotFound for an unknown URL, Conflict for a closed chat, Invalid for a text that cannot be posted.
    """
    credential = credentials.find(secrets.digest(secret)) if secrets.HOOK_SECRET.fullmatch(secret) else None
    if credential is None or credential.kind != "incoming_webhook" or credential.chat_id is None:
        raise NotFound(_UNKNOWN)
    if not credential.active:
        raise Conflict("This webhook is disabled, or its chat is not active.")
    try:
        credentials_service.mark_used(
            credential, table.TABLE, table.key(credential.workspace_id, credential.subject_id)
        )
    except NotAuthenticated:
        raise NotFound(_UNKNOWN) from None
    message = Message(
        workspace_id=credential.workspace_id,
        chat_id=credential.chat_id,
        message_id=ids.new(ids.MESSAGE),
        text=_postable(text),
        origin="incoming_webhook",
        origin_id=credential.subject_id,
        author_name=credential.name,
        author_avatar_url=credential.avatar_url,
        created_at=clock.now_iso(),
        livemode=credential.livemode,
        chain=loop_prevention.of_reply(credential.workspace_id, answers),
    )
    store.commit([messages.creating(message)])
    messages.created(message)
    return message


def _postable(text: object) -> str:
    if not isinstance(text, str):
        raise Invalid('The body needs a "text" with the message, for example {"text": "Build passed"}.', "/text")
    if not text.strip():
        raise Invalid("The text is empty.", "/text")
    if len(text) > MAX_TEXT:
        raise Invalid(f"The text has {len(text)} characters; at most {MAX_TEXT} are accepted.", "/text")
    return text

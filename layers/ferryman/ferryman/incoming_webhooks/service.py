"""Incoming webhooks: created and revoked by admins, posted to by whoever has the URL."""

from ferryman import clock, idempotency, ids, log, store
from ferryman.chats import access
from ferryman.chats import table as chats
from ferryman.chats.model import Chat
from ferryman.credentials import secrets
from ferryman.credentials import service as credentials_service
from ferryman.credentials import table as credentials
from ferryman.credentials.model import Caller, Credential
from ferryman.errors import Conflict, Invalid, NotAuthenticated, NotFound
from ferryman.idempotency import Once
from ferryman.incoming_webhooks import table
from ferryman.incoming_webhooks.model import IncomingWebhook
from ferryman.messages import chains
from ferryman.messages import table as messages
from ferryman.messages.model import MAX_TEXT, Message

_UNKNOWN = "There is no such incoming webhook. Check the URL; it may have been revoked."


def create(caller: Caller, chat_id: str, name: str, once: Once | None = None) -> tuple[IncomingWebhook, str]:
    """A new incoming webhook for a chat the caller belongs to, and the secret of its URL."""
    try:
        access.visible(caller, chat_id)
    except NotFound:
        raise Invalid("There is no such chat among those you belong to.", "/chat_id") from None
    secret = secrets.new_hook_secret()
    webhook = IncomingWebhook(
        workspace_id=caller.workspace_id,
        incoming_webhook_id=ids.new(ids.INCOMING_WEBHOOK),
        chat_id=chat_id,
        name=name,
        secret_hash=secrets.digest(secret),
        livemode=caller.livemode,
        created_by=caller.user_id,
        created_at=clock.now_iso(),
    )
    credential = Credential(
        secret_hash=webhook.secret_hash,
        kind="incoming_webhook",
        workspace_id=webhook.workspace_id,
        subject_id=webhook.incoming_webhook_id,
        user_id=caller.user_id,
        livemode=webhook.livemode,
        chat_id=chat_id,
        name=name,
    )
    store.commit(
        [
            *idempotency.writes(once, webhook.incoming_webhook_id),
            table.creating(webhook),
            credentials.creating(credential),
            chats.open_now(caller.workspace_id, chat_id),
        ]
    )
    return webhook, secret


def visible(caller: Caller, incoming_webhook_id: str) -> IncomingWebhook:
    """The incoming webhook, if the caller belongs to its chat or holds admin:*.

    Test tokens never see live ones, nor the other way round.
    """
    webhook = table.get(caller.workspace_id, incoming_webhook_id)
    if webhook.livemode != caller.livemode:
        raise NotFound("There is no such incoming webhook.")
    try:
        access.visible(caller, webhook.chat_id)
    except NotFound:
        raise NotFound("There is no such incoming webhook.") from None
    return webhook


def page(caller: Caller, limit: int, after: store.Key | None) -> tuple[list[IncomingWebhook], store.Key | None]:
    """The incoming webhooks that are `visible` to the caller, newest first."""
    return table.page(
        caller.workspace_id,
        limit,
        after,
        livemode=caller.livemode,
        member=None if caller.is_admin else caller.user_id,
    )


def revoke(caller: Caller, incoming_webhook_id: str) -> None:
    """Delete an incoming webhook: when this returns, its URL accepts nothing any more."""
    webhook = visible(caller, incoming_webhook_id)
    store.commit([table.deleting(webhook), credentials.revoking(webhook.secret_hash)])


def follow_chat(chat: Chat) -> None:
    """Open or close the URLs of a chat that was opened or closed.

    Called after the chat is written; an incoming webhook that is created meanwhile checks the chat itself.
    """
    for webhook in table.of_chat(chat.workspace_id, chat.chat_id):
        try:
            store.commit([credentials.changing(webhook.secret_hash, active=chat.active)])
        except NotFound:
            continue  # revoked in between


def accept(secret: str, text: object, answers: str | None = None) -> Message:
    """Post what an external system sent to a secret URL. `answers` is the id of the delivery that led to it.

    One consistent read and one put; the read is never cached, so a revoked URL refuses the next request. Raises
    NotFound for an unknown URL, Conflict for a closed chat, Invalid for a text that cannot be posted.
    """
    credential = credentials.find(secrets.digest(secret)) if secrets.HOOK_SECRET.fullmatch(secret) else None
    if credential is None or credential.kind != "incoming_webhook" or credential.chat_id is None:
        raise NotFound(_UNKNOWN)
    if not credential.active:
        raise Conflict("The chat of this webhook is not active.")
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
        created_at=clock.now_iso(),
        livemode=credential.livemode,
        chain=chains.of_reply(credential.workspace_id, answers),
    )
    store.commit([messages.creating(message)])
    log.event(
        "message.accepted",
        workspace_id=message.workspace_id,
        message_id=message.message_id,
        chat_id=message.chat_id,
        origin="incoming_webhook",
        origin_id=message.origin_id,
    )
    return message


def _postable(text: object) -> str:
    if not isinstance(text, str):
        raise Invalid('The body needs a "text" with the message, for example {"text": "Build passed"}.', "/text")
    if not text.strip():
        raise Invalid("The text is empty.", "/text")
    if len(text) > MAX_TEXT:
        raise Invalid(f"The text has {len(text)} characters; at most {MAX_TEXT} are accepted.", "/text")
    return text

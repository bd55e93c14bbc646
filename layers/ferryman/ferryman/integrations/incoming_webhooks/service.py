"""Incoming webhooks: users create, edit and revoke them for their chats, and any sender with the URL posts to them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import access, direct
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat
from ferryman.conversations.messages import attachments
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.model import MAX_TEXT, Message
from ferryman.errors import Conflict, FerrymanError, Invalid, NotAuthenticated, NotFound
from ferryman.identity import idempotency, ownership, rates
from ferryman.identity.audit import service as audit
from ferryman.identity.audit.model import Action
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials import service as credentials_service
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller, Credential
from ferryman.identity.idempotency import IdempotencyKey, KeyTaken
from ferryman.identity.users import table as users
from ferryman.identity.workspaces import table as workspaces
from ferryman.integrations.incoming_webhooks import table
from ferryman.integrations.incoming_webhooks.model import (
    ALWAYS_SIGNED,
    NEEDS,
    NEVER_SIGNED,
    Flavour,
    IncomingWebhook,
    Source,
)
from ferryman.integrations.incoming_webhooks.posts import (
    ChatClosed,
    ChatLocked,
    ChatUnknown,
    HookDisabled,
    OwnerGone,
    OwnerNotInChat,
    PersonUnknown,
    Post,
    UnknownHook,
)
from ferryman.integrations.owned import BY_A_USER
from ferryman.webhooks import loop_prevention

if TYPE_CHECKING:  # posting, the busiest call, does not need the models
    from ferryman.integrations.incoming_webhooks.schema import IncomingWebhookIn, IncomingWebhookPatch

_ROUNDS = 5
_OWNER_ROUTE = "/v1/incoming-webhooks/{incoming_webhook_id}/owner"
# The fields that can be edited, and the names of their copies in the credential.
_COPIES = {
    "name": "name",
    "avatar_url": "avatar_url",
    "title": "title",
    "chat_locked": "chat_locked",
    "allows_overrides": "refuses_overrides",
    "translation": "translation",
    "sealed_sender_secret": "sealed_sender_secret",
}
_REMOVABLE = {"avatar_url", "title", "description", "translation", "sender_secret"}  # null removes them
_UNKNOWN = "The incoming webhook does not exist. Check the URL; it may have been revoked."


def create(
    caller: Caller,
    wanted: "IncomingWebhookIn",
    idempotency_key: IdempotencyKey | None = None,
    *,
    extra_writes: Callable[[IncomingWebhook], Sequence[store.Write]] = lambda _webhook: (),
) -> tuple[IncomingWebhook, str]:
    """A new incoming webhook for a chat that the caller belongs to, and the secret of its URL.

    `extra_writes(webhook)` returns writes that join the transaction. Raises Invalid for a chat that the caller does not
    belong to, and for a `source`, `translation` or `sender_secret` that do not go together; Conflict for a closed chat.
    """
    try:
        access.get_visible(caller, wanted.chat_id)
    except NotFound:
        raise Invalid("You do not belong to a chat with this id.", "/chat_id") from None
    if wanted.source is not None and wanted.flavour != "ferryman":
        raise Invalid(
            "With a source, the flavour must be ferryman: the source decides the format of posts.", "/flavour"
        )
    _check_source(wanted.source, wanted.translation, wanted.sender_secret)
    secret, incoming_webhook_id = _new_secret(wanted.flavour), ids.new(ids.INCOMING_WEBHOOK)
    now = clock.now_iso()
    webhook = IncomingWebhook(
        workspace_id=caller.workspace_id,
        incoming_webhook_id=incoming_webhook_id,
        chat_id=wanted.chat_id,
        name=wanted.name,
        avatar_url=wanted.avatar_url,
        title=wanted.title,
        description=wanted.description,
        flavour=wanted.flavour,
        chat_locked=wanted.chat_locked,
        allows_overrides=wanted.allows_overrides,
        source=wanted.source,
        translation=wanted.translation,
        sealed_sender_secret=_sealed(caller.workspace_id, incoming_webhook_id, wanted.sender_secret),
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
            *extra_writes(webhook),
        ]
    )
    return webhook, secret


def _check_source(source: Source | None, translation: str | None, sender_secret: str | None) -> None:
    """Raise Invalid for an invalid translation, a secret that the source cannot use, and either without a source."""
    if translation is not None:
        from ferryman.integrations.incoming_webhooks.translation import TranslationFailed, parse

        if source is None:
            raise Invalid("A translation needs a source. `generic` takes any JSON.", "/translation")
        try:
            parse(translation)
        except TranslationFailed as failed:
            raise Invalid(str(failed), "/translation") from None
    if sender_secret is None:
        return
    if source is None:
        raise Invalid("A sender_secret needs a source. Name the source, or leave sender_secret out.", "/sender_secret")
    if source == NEVER_SIGNED:
        raise Invalid("Jenkins cannot send a secret. Leave sender_secret out.", "/sender_secret")
    if source == ALWAYS_SIGNED:
        raise Invalid(
            "Amazon SNS signs with its own key, which is always checked. Leave sender_secret out.", "/sender_secret"
        )


def _sealed(workspace_id: str, incoming_webhook_id: str, sender_secret: str | None) -> bytes | None:
    if sender_secret is None:
        return None
    from ferryman.integrations.incoming_webhooks import sealing  # posting to a webhook without a secret needs no KMS

    return sealing.seal(workspace_id, incoming_webhook_id, sender_secret)


def _new_secret(flavour: Flavour) -> str:
    return secrets.new_mattermost_secret() if flavour == "mattermost" else secrets.new_hook_secret()


def _credential(webhook: IncomingWebhook, *, active: bool) -> Credential:
    """The credential of the webhook's URL, with a copy of every field that a post needs, so a post makes one read."""
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
        title=webhook.title,
        flavour=None if webhook.flavour == "ferryman" else webhook.flavour,
        chat_locked=webhook.chat_locked or None,
        refuses_overrides=not webhook.allows_overrides or None,
        source=webhook.source,
        translation=webhook.translation,
        sealed_sender_secret=webhook.sealed_sender_secret,
    )


def _audited(
    caller: Caller, action: Action, webhook: IncomingWebhook, changed: list[str] | None = None
) -> list[store.Write]:
    details = {"chat_id": webhook.chat_id, **({"changed": changed} if changed else {})}
    return audit.writes(caller, action, webhook.incoming_webhook_id, details)


def get_visible(caller: Caller, incoming_webhook_id: str) -> IncomingWebhook:
    """The incoming webhook, if the caller belongs to its chat or has the scope admin:*. Raises NotFound otherwise.

    A test token finds test webhooks only, a live token live ones only.
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
    """A page of the incoming webhooks that the caller may manage, and the key after which the next one begins.

    The newest webhook comes first. With `chat_id`, only webhooks of this chat.
    """
    return table.page(
        caller.workspace_id,
        limit,
        after,
        livemode=caller.livemode,
        member=None if caller.is_admin else caller.user_id,
        chat_id=chat_id,
    )


def edit(caller: Caller, incoming_webhook_id: str, patch: "IncomingWebhookPatch") -> IncomingWebhook:
    """Change an incoming webhook, or enable or disable its URL. Returns the changed webhook.

    The webhook and its URL's credential change in one transaction. Earlier messages keep their author. Raises NotFound,
    Invalid as `create` does, and Conflict for a webhook that changed in between, and when enabling one whose owner may
    not have incoming webhooks any more.
    """
    before = get_visible(caller, incoming_webhook_id)
    sent = patch.model_dump(exclude_unset=True)
    for name, value in sent.items():
        if value is None and name not in _REMOVABLE:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    _check_source(before.source, sent.get("translation"), sent.get("sender_secret"))
    changes = {name: value for name, value in sent.items() if name == "sender_secret" or value != getattr(before, name)}
    if not changes:
        return before
    changed = list(changes)
    if "sender_secret" in changes:
        wanted = changes.pop("sender_secret")
        changes["sealed_sender_secret"] = _sealed(before.workspace_id, before.incoming_webhook_id, wanted)
    state = changes.pop("state", None)
    writes = []
    kept = _credential(replace(before, **changes), active=True)
    of_url = {_COPIES[name]: getattr(kept, _COPIES[name]) for name in changes if name in _COPIES}
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
            *([credentials.changing(before.secret_hash, **of_url)] if of_url else []),
            *writes,
            *_audited(caller, "incoming_webhook.edited", before, changed),
        ],
        tries=3,  # a post may be marking its use at the same moment
    )
    return replace(before, **changes, updated_at=now)


def disabling(webhook: IncomingWebhook, reason: str) -> list[store.Write]:
    """The writes that disable the webhook and its URL. Refused with Conflict if it changed after `webhook` was read."""
    now = clock.now_iso()
    return [
        table.changing(webhook, disabled_reason=reason, disabled_at=now, updated_at=now),
        credentials.changing(webhook.secret_hash, active=False),
    ]


def hand_over(caller: Caller, incoming_webhook_id: str, user_id: str) -> IncomingWebhook:
    """Give the incoming webhook another owner. Its URL and its state stay.

    Raises NotFound, Invalid for a user who may not own incoming webhooks, and Conflict if the webhook or the new owner
    changed after it was read.
    """
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
    """Replace the secret of the URL. Returns the webhook and the new secret; the old URL stops working at once.

    Raises NotFound, and Conflict if the webhook changed, or its chat was opened or closed, after it was read.
    """
    before = get_visible(caller, incoming_webhook_id)
    chat = access.get_visible(caller, before.chat_id)
    secret = _new_secret(before.flavour)
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
    """Delete an incoming webhook. From then on, its URL accepts no posts.

    Raises NotFound, and Conflict if the webhook changed after it was read.
    """
    store.commit(revoking(caller, get_visible(caller, incoming_webhook_id)), tries=3)


def revoking(caller: Caller, webhook: IncomingWebhook) -> list[store.Write]:
    """The writes that delete an incoming webhook, with their audit record.

    Refused with Conflict if the webhook changed after it was read.
    """
    return [
        table.deleting(webhook),
        credentials.revoking(webhook.secret_hash),
        *_audited(caller, "incoming_webhook.revoked", webhook),
    ]


def follow_chat(chat: Chat) -> None:
    """Activate or deactivate the URLs of the incoming webhooks of a chat that was opened or closed.

    The caller has already stored the chat. An incoming webhook that is created at the same time checks the chat in its
    own transaction. Disabled webhooks stay closed.
    """
    for webhook in table.of_chat(chat.workspace_id, chat.chat_id):
        for _ in range(_ROUNDS):
            active = chat.active and webhook.state == "enabled"
            try:
                store.commit([credentials.changing(webhook.secret_hash, active=active), table.unchanged(webhook)])
                break
            except NotFound:
                break  # revoked in between, or regenerated, which reads the chat's new state itself
            except Conflict:  # somebody disabled or enabled it at the same moment
                webhook = table.get(webhook.workspace_id, webhook.incoming_webhook_id)


def find(secret: str) -> Credential | None:
    """The credential with this secret of a URL; None for an unknown or revoked one. Makes one consistent read."""
    credential = credentials.find(secrets.digest(secret)) if secrets.is_hook_secret(secret) else None
    if credential is None or credential.kind != "incoming_webhook" or credential.chat_id is None:
        return None
    return credential


def require_open(credential: Credential | None) -> Credential:
    """`credential`, if its URL accepts posts. Raises UnknownHook for None, HookDisabled, or ChatClosed."""
    if credential is None:
        raise UnknownHook(_UNKNOWN)
    if not credential.active:
        raise _inactive(credential)
    return credential


@dataclass(frozen=True, slots=True)
class Accepted:
    """The result of a post: its new messages, and the id of the first one.

    A post that a repeated Idempotency-Key sends again has no new messages, and the id of the earlier first message.
    `message_id` is None for an event that makes no message.
    """

    message_id: str | None
    messages: list[Message]
    is_repeated: bool = False


def accept(
    credential: Credential | None,
    post: Post | None,
    in_reply_to_delivery: str | None = None,
    idempotency_key: IdempotencyKey | None = None,
) -> Accepted:
    """Store the messages of a post to a secret URL.

    `post` is None for an event that makes no message: only the URL's last use is recorded. `in_reply_to_delivery` is
    the id of the delivery to which the sender reacts (`loop_prevention`). All parts of a post are stored in one
    transaction.

    Raises UnknownHook for an unknown URL, HookDisabled, TooManyRequests as `rates.spend_of_url` does, ChatClosed, and
    the other errors in `posts` for a post that names another chat.
    """
    credential = require_open(credential)
    rates.spend_of_url(credential.workspace_id, credential.subject_id)
    chat_id = _chat_of(credential, post.to) if post and post.to else credential.chat_id
    try:
        credentials_service.mark_used(
            credential, table.TABLE, table.key(credential.workspace_id, credential.subject_id)
        )
    except NotAuthenticated:
        raise UnknownHook(_UNKNOWN) from None
    if post is None:
        return Accepted(None, [])
    earlier = idempotency_key.created() if idempotency_key else None
    if earlier:
        return Accepted(earlier.resource_id, [], is_repeated=True)
    chain = loop_prevention.of_reply(credential.workspace_id, in_reply_to_delivery, [credential.user_id])
    now, props = clock.now_iso(), json.dumps(post.props, ensure_ascii=False) if post.props else None
    overridden = _may_override(credential, post)
    posted = [
        Message(
            workspace_id=credential.workspace_id,
            chat_id=str(chat_id),
            message_id=message_id,
            text=text,
            attachments=attachments.dump(boxes),
            props=props,
            priority=json.dumps(post.priority) if post.priority else None,
            origin="incoming_webhook",
            origin_id=credential.subject_id,
            author_name=(overridden and post.author_name) or credential.name,
            author_avatar_url=(overridden and post.author_avatar_url) or credential.avatar_url,
            author_emoji=post.author_emoji if overridden else None,
            webhook_title=credential.title or "",
            created_at=now,
            livemode=credential.livemode,
            chain=chain,
        )
        for message_id, (text, boxes) in zip(ids.new_in_chat(str(chat_id), len(post.parts)), post.parts, strict=True)
    ]

    def commit() -> None:
        once_only = idempotency.writes(idempotency_key, posted[0].message_id)
        store.commit([*(messages.creating(message) for message in posted), *once_only])

    try:
        messages.with_free_ids(posted, commit)
    except KeyTaken:  # a parallel post was first
        earlier = idempotency_key.created() if idempotency_key else None
        if earlier is None:
            raise
        return Accepted(earlier.resource_id, [], is_repeated=True)
    for message in posted:
        messages.created(message)
    return Accepted(posted[0].message_id, posted)


def _may_override(credential: Credential, post: Post) -> bool:
    """Whether a post may name its author: both the webhook and the workspace must allow it.

    False for a post that names none, without reading the workspace.
    """
    if credential.refuses_overrides or not (post.author_name or post.author_avatar_url or post.author_emoji):
        return False
    return workspaces.allows_overrides(credential.workspace_id)


def _inactive(credential: Credential) -> FerrymanError:
    """The exception that says why an inactive URL accepts no posts. Reads the webhook, which accepted posts do not."""
    try:
        webhook = table.get(credential.workspace_id, credential.subject_id)
    except NotFound:
        return UnknownHook(_UNKNOWN)
    if webhook.state == "disabled":
        return HookDisabled("This webhook is disabled, or its chat is not active.")
    return ChatClosed("This webhook is disabled, or its chat is not active.")


def _chat_of(credential: Credential, to: str) -> str:
    """The id of the chat that `to` names: the owner's private chat with `@handle`, or the chat with a handle or id.

    The webhook's owner must be a member of the chat, because only a member can make a webhook for it.
    """
    workspace_id, name = credential.workspace_id, to.removeprefix("#").lower()
    if to.startswith("@"):
        return _direct_chat(credential, to[1:].lower())
    pair = name.split("__")
    if len(pair) == 2:
        first, second = (f"{ids.USER}_{one.upper()}" for one in pair)
        if not ids.is_id(ids.USER, first) or not ids.is_id(ids.USER, second):
            raise ChatUnknown("The workspace has no such chat.")
        chat_id: str | None = direct.chat_id(first, second)
    else:
        chat_id = chats.id_of_handle(workspace_id, name)
    if chat_id is None and ids.is_id(ids.CHAT, f"{ids.CHAT}_{name.upper()}"):
        chat_id = f"{ids.CHAT}_{name.upper()}"
    if chat_id == credential.chat_id:
        return str(chat_id)
    try:
        chat, is_member = chats.get_as_member(workspace_id, chat_id or "", credential.user_id)
    except NotFound:
        raise ChatUnknown("The workspace has no such chat.") from None
    if credential.chat_locked:
        raise ChatLocked("The webhook posts to its own chat only.")
    _require_owner(credential)
    if not is_member:
        raise OwnerNotInChat("The webhook's owner does not belong to the chat.")
    if not chat.active:
        raise ChatClosed("The chat is not active.")
    return chat.chat_id


def _direct_chat(credential: Credential, handle: str) -> str:
    people = users.by_handles(credential.workspace_id, [handle])
    if not people or not people[0].active:
        raise PersonUnknown("The workspace has no such person.")
    if credential.chat_locked and direct.chat_id(credential.user_id, people[0].user_id) != credential.chat_id:
        raise ChatLocked("The webhook posts to its own chat only.")
    _require_owner(credential)
    chat = direct.open_between(
        credential.workspace_id, credential.user_id, people[0].user_id, livemode=credential.livemode
    )
    if not chat.active:
        raise ChatClosed("The chat is not active.")
    return chat.chat_id


def _require_owner(credential: Credential) -> None:
    owners = users.get_many(credential.workspace_id, [credential.user_id])
    if not owners or not owners[0].active:
        raise OwnerGone("The webhook's owner was deactivated.")


def postable(text: object) -> Post:
    """A post with this text alone. Raises Invalid at `/text` for an empty or too long text, and for another type."""
    if not isinstance(text, str):
        raise Invalid('The body needs a "text" with the message, for example {"text": "Build passed"}.', "/text")
    if not text.strip():
        raise Invalid("The text is empty.", "/text")
    if len(text) > MAX_TEXT:
        raise Invalid(f"The text has {len(text)} characters; at most {MAX_TEXT} are accepted.", "/text")
    return Post(parts=[(text, [])])


def handles(credential: Credential | None, user_ids: set[str]) -> dict[str, str]:
    """The handles of the people with these user ids in the webhook's workspace, by id; empty without a credential.

    The ids are the short ones that Mattermost and Slack use.
    """
    from ferryman.conversations.messages import named_people  # few posts name people

    return named_people.handles(credential.workspace_id, user_ids) if credential else {}

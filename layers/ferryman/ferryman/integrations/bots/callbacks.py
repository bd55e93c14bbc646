"""Bot callbacks: webhooks that belong to one bot and get the messages that mention the bot, in the bot's chats."""

from collections.abc import Iterator
from contextlib import suppress

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.identity import caps
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.integrations.bots.schema import CallbackChanges, CallbackIn, CallbackPatch
from ferryman.schema import changes
from ferryman.webhooks.subscriptions import service as webhooks
from ferryman.webhooks.subscriptions import table
from ferryman.webhooks.subscriptions.model import BOT_DEACTIVATED, Webhook
from ferryman.webhooks.subscriptions.schema import WebhookIn

MAX_CALLBACKS = 10  # callbacks of one bot, for live and test each


def create(
    caller: Caller, bot: User, wanted: CallbackIn, idempotency_key: IdempotencyKey | None = None
) -> tuple[Webhook, str]:
    """A new callback of an active bot, and its signing secret.

    Raises Conflict for a deactivated bot, and for one with ten callbacks in the token's mode (live or test) already.
    """
    chosen = changes(wanted)
    mentioned_by = chosen.pop("mentioned_by", None)
    as_webhook = WebhookIn.model_validate({"events": ["bot.mentioned"], **chosen})

    def counted(within_cap: store.Write) -> tuple[Webhook, str]:
        callbacks, _ = page(caller, bot, MAX_CALLBACKS, None)
        if len(callbacks) >= MAX_CALLBACKS:
            raise Conflict(f"The bot has {len(callbacks)} callbacks; that is the most. Delete one first.")

        def extra_writes(webhook: Webhook) -> list[store.Write]:
            acting = users.acting(bot.workspace_id, bot.user_id, bot.role, refused=deactivated())
            audited = audit.writes(caller, "callback.created", webhook.webhook_id, {"bot_id": bot.user_id})
            return [acting, within_cap, *audited]

        return webhooks.create(
            caller,
            as_webhook,
            idempotency_key,
            bot_id=bot.user_id,
            mentioned_by=mentioned_by,
            extra_writes=extra_writes,
        )

    return caps.within(bot.workspace_id, bot.user_id, counted)


def page(caller: Caller, bot: User, limit: int, after: store.Key | None) -> tuple[list[Webhook], store.Key | None]:
    """A page of the bot's callbacks, newest first, and the key after which the next one begins.

    A live token lists live callbacks, a test token test callbacks.
    """
    return table.page_of_bot(bot.workspace_id, bot.user_id, limit, after, livemode=caller.livemode)


def read(caller: Caller, bot: User, webhook_id: str) -> Webhook:
    unknown = NotFound("The bot has no such callback.")
    try:
        webhook = table.get(bot.workspace_id, webhook_id)
    except NotFound:
        raise unknown from None
    if webhook.bot_id != bot.user_id or webhook.livemode != caller.livemode:
        raise unknown
    return webhook


def edit(caller: Caller, bot: User, webhook_id: str, patch: CallbackPatch) -> Webhook:
    """Change a callback of the bot. The signing secret stays. Raises NotFound, and as `webhooks.change` does."""
    wanted = changes(patch)
    audited = audit.writes(caller, "callback.edited", webhook_id, {"bot_id": bot.user_id, "changed": list(wanted)})
    return webhooks.change(caller, read(caller, bot, webhook_id), CallbackChanges.model_validate(wanted), audited)


def delete(caller: Caller, bot: User, webhook_id: str) -> None:
    """Delete a callback of the bot. The deliverer cancels its waiting deliveries later.

    Raises NotFound, and Conflict if the callback changed after it was read.
    """
    audited = audit.writes(caller, "callback.deleted", webhook_id, {"bot_id": bot.user_id})
    store.commit([*table.deleting(read(caller, bot, webhook_id)), *audited])


def delete_all(bot: User) -> None:
    """Delete a bot's live and test callbacks, one after the other.

    Raises Conflict at one that changed after it was read. A second call deletes the rest.
    """
    for webhook in list(_all(bot)):
        store.commit(table.deleting(webhook))


def follow(bot: User) -> None:
    """Disable the callbacks of a deactivated bot. For an active bot, enable those that its deactivation disabled."""
    now = clock.now_iso()
    for webhook in _all(bot):
        if not bot.active:
            with suppress(table.NotEnabled):
                store.commit([table.disabling(bot.workspace_id, webhook.webhook_id, BOT_DEACTIVATED, now)])
        elif webhook.disabled_reason == BOT_DEACTIVATED:
            store.commit([table.enabling(webhook, now)])


def handing_over(bot: User, user_id: str, at: str) -> list[store.Write]:
    """The writes that give the callbacks of the bot's present owner to `user_id`. Other people's callbacks stay.

    Refused with Conflict if a callback changed after it was read.
    """
    return [table.handing_over(webhook, user_id, at) for webhook in _all(bot) if webhook.owner == bot.owner]


def any_live(bot: User) -> bool:
    return any(webhook.livemode for webhook in _all(bot))


def deactivated() -> Conflict:
    """The Conflict for requests that need an active bot."""
    return Conflict("The bot is deactivated. Activate it first: PATCH /v1/bots/{id} with active: true.")


def _all(bot: User) -> Iterator[Webhook]:
    for livemode in (True, False):
        callbacks, _ = table.page_of_bot(bot.workspace_id, bot.user_id, 100, None, livemode=livemode)
        yield from callbacks

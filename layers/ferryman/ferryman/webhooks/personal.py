"""Personal webhooks: each gets one person's notifications, and that person alone manages it."""

from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotAllowed, NotFound
from ferryman.events import catalogue
from ferryman.identity import caps
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.schema import changes
from ferryman.webhooks.personal_schema import PersonalWebhookIn, PersonalWebhookPatch
from ferryman.webhooks.subscriptions import service, table
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import WebhookIn, WebhookPatch

MAX_PERSONAL = 50  # webhooks of one person, for live and test each


def create(
    caller: Caller, wanted: PersonalWebhookIn, idempotency_key: IdempotencyKey | None = None
) -> tuple[Webhook, str]:
    """A new personal webhook of the caller, and its signing secret.

    Raises NotAllowed for a bot, and Conflict for a person who has fifty in the token's mode (live or test) already.
    """
    if caller.role == "bot":
        raise NotAllowed("Personal webhooks are for people; a bot has callbacks: POST /v1/bots/{id}/callbacks.")
    chosen = {name: value for name, value in wanted.model_dump().items() if value is not None}
    as_webhook = WebhookIn.model_validate({"events": [*catalogue.PERSONAL], **chosen})

    def counted(within_cap: store.Write) -> tuple[Webhook, str]:
        webhooks, _ = page(caller, MAX_PERSONAL, None)
        if len(webhooks) >= MAX_PERSONAL:
            raise Conflict(f"You have {len(webhooks)} personal webhooks; that is the most. Delete one first.")
        user_id = caller.user_id
        return service.create(caller, as_webhook, idempotency_key, user_id=user_id, extra_writes=lambda _: [within_cap])

    return caps.within(caller.workspace_id, caller.user_id, counted)


def page(caller: Caller, limit: int, after: store.Key | None) -> tuple[list[Webhook], store.Key | None]:
    """A page of the caller's personal webhooks, newest first, and the key after which the next one begins.

    A live token lists live webhooks, a test token test webhooks.
    """
    return table.page_of_user(caller.workspace_id, caller.user_id, limit, after, livemode=caller.livemode)


def read(caller: Caller, webhook_id: str) -> Webhook:
    unknown = NotFound("You have no such personal webhook.")
    try:
        webhook = table.get(caller.workspace_id, webhook_id)
    except NotFound:
        raise unknown from None
    if webhook.user_id != caller.user_id or webhook.livemode != caller.livemode:
        raise unknown
    return webhook


def edit(caller: Caller, webhook_id: str, patch: PersonalWebhookPatch) -> Webhook:
    """Change a personal webhook of the caller; its secret stays. Raises NotFound, and as `service.change` does."""
    wanted = changes(patch)
    audited = audit.writes(caller, "webhook.edited", webhook_id, {"changed": list(wanted)})
    return service.change(caller, read(caller, webhook_id), WebhookPatch.model_validate(wanted), audited)


def delete(caller: Caller, webhook_id: str) -> None:
    """Delete a personal webhook of the caller. The deliverer cancels its waiting deliveries later.

    Raises NotFound, and Conflict if the webhook changed after it was read.
    """
    audited = audit.writes(caller, "webhook.deleted", webhook_id)
    store.commit([*table.deleting(read(caller, webhook_id)), *audited])

"""The workspace's own webhooks: /v1/webhooks."""

from ferryman.http.webhook_owners import Management, Owner
from ferryman.identity import plans
from ferryman.webhooks.subscriptions import service
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import TestIn, WebhookIn, WebhookOut, WebhookPatch, WebhookQuery


def _shown(webhooks: list[Webhook]) -> list[WebhookOut]:
    """The webhooks, each with the ids of the chats of which it gets no events because its owner left them."""
    shown = [WebhookOut.of(webhook) for webhook in webhooks]
    for webhook, out in zip(webhooks, shown, strict=True):
        out.not_heard_chat_ids = service.not_heard(webhook)
    return shown


OWNER = Owner(
    webhooks="/v1/webhooks",
    webhook="/v1/webhooks/<webhook_id>",
    delivery="/v1/deliveries/<delivery_id>",
    replay="replay_id",
    noun="webhook",
    log_noun="",
    title="an outgoing webhook",
    reads="webhooks:read",
    writes="webhooks:write",
    plan=plans.OF_INTEGRATIONS,
    read=lambda call, webhook_id: service.get_visible(call.caller, webhook_id),
)

MANAGEMENT = Management(
    owner=OWNER,
    created="Without admin:*, chat_ids is required. Created with a live token, the webhook gets live events; with a "
    "test token, test events.",
    listed="Without admin:*, only your own webhooks.",
    takes=WebhookIn,
    changes=WebhookPatch,
    test=TestIn,
    create=lambda call, wanted: service.create(call.caller, wanted, call.idempotency_key),
    query=WebhookQuery,
    page=lambda call, query, after: service.page(call.caller, query, after),
    edit=lambda call, webhook_id, patch: service.edit(call.caller, webhook_id, patch),
    shown=_shown,
    delete=lambda call, webhook_id: service.delete(call.caller, webhook_id),
)

"""A person's own webhooks: /v1/me/webhooks."""

from ferryman.http.webhook_owners import Management, Owner
from ferryman.webhooks import personal
from ferryman.webhooks.personal_schema import PersonalTestIn, PersonalWebhookIn, PersonalWebhookPatch

OWNER = Owner(
    webhooks="/v1/me/webhooks",
    webhook="/v1/me/webhooks/<personal_webhook_id>",
    delivery="/v1/me/webhooks/<personal_webhook_id>/deliveries/<personal_delivery_id>",
    replay="personal_replay_id",
    noun="personal_webhook",
    log_noun="personal_webhook_",
    title="a personal webhook",
    reads="me:webhooks",
    writes="me:webhooks",
    read=lambda call, webhook_id: personal.read(call.caller, webhook_id),
)

MANAGEMENT = Management(
    owner=OWNER,
    created="The webhook gets your own notifications, and only you see it. Created with a live token, it gets live "
    "notifications; with a test token, test notifications.",
    listed="Only your own webhooks.",
    takes=PersonalWebhookIn,
    changes=PersonalWebhookPatch,
    test=PersonalTestIn,
    create=lambda call, wanted: personal.create(call.caller, wanted, call.idempotency_key),
    page=lambda call, query, after: personal.page(call.caller, query.limit, after),
    edit=lambda call, webhook_id, patch: personal.edit(call.caller, webhook_id, patch),
    delete=lambda call, webhook_id: personal.delete(call.caller, webhook_id),
)

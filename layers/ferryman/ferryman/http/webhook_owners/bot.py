"""A bot's callbacks: /v1/bots/{bot_id}/callbacks."""

from ferryman.http.call import Call
from ferryman.http.webhook_owners import Management, Owner
from ferryman.identity.users.model import User
from ferryman.integrations.bots import callbacks, service
from ferryman.integrations.bots.schema import CallbackIn, CallbackPatch
from ferryman.webhooks.subscriptions.schema import TestIn


def _bot(call: Call) -> User:
    return service.get_visible(call.caller, call.id("bot_id"))


OWNER = Owner(
    webhooks="/v1/bots/<bot_id>/callbacks",
    webhook="/v1/bots/<bot_id>/callbacks/<callback_id>",
    delivery="/v1/bots/<bot_id>/callbacks/<callback_id>/deliveries/<callback_delivery_id>",
    replay="callback_replay_id",
    noun="callback",
    log_noun="callback_",
    title="a bot callback",
    reads="bots:read",
    writes="bots:write",
    read=lambda call, callback_id: callbacks.read(call.caller, _bot(call), callback_id),
)

MANAGEMENT = Management(
    owner=OWNER,
    created="The receiver gets `bot.mentioned` when a new message mentions the bot with @handle in a chat to which "
    "the bot belongs then; not for the bot's own messages, and not for mentions added by an edit. Deliveries are "
    'signed, retried and logged like those of any webhook. If the receiver answers with a 2xx status and `{"text": '
    '"…"}`, the bot posts this text in the chat.',
    listed="A live token sees live callbacks, a test token sees test callbacks.",
    takes=CallbackIn,
    changes=CallbackPatch,
    test=TestIn,
    create=lambda call, wanted: callbacks.create(call.caller, _bot(call), wanted, call.idempotency_key),
    page=lambda call, query, after: callbacks.page(call.caller, _bot(call), query.limit, after),
    edit=lambda call, callback_id, patch: callbacks.edit(call.caller, _bot(call), callback_id, patch),
    delete=lambda call, callback_id: callbacks.delete(call.caller, _bot(call), callback_id),
)

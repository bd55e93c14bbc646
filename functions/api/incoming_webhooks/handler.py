"""Incoming webhooks, as their owners manage them: /v1/incoming-webhooks."""

from ferryman import settings
from ferryman.http.api import Api, Call
from ferryman.integrations.incoming_webhooks import service, table
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook
from ferryman.integrations.incoming_webhooks.schema import (
    IncomingWebhookCreated,
    IncomingWebhookIn,
    IncomingWebhookOut,
    IncomingWebhookPatch,
    IncomingWebhookQuery,
)
from ferryman.schema import Listing

api = Api("Incoming webhooks", "Secret URLs that let external systems post to one chat.")
handler = api


def _replay(call: Call, incoming_webhook_id: str) -> IncomingWebhookCreated:
    return IncomingWebhookCreated.of(table.get(call.caller.workspace_id, incoming_webhook_id))


@api.post(
    "/v1/incoming-webhooks",
    scope="webhooks:write",
    summary="Create an incoming webhook",
    description="The URL is a secret: whoever has it can post to the chat.",
    takes=IncomingWebhookIn,
    gives=IncomingWebhookCreated,
    status=201,
    replay=_replay,
    errors=(409,),
)
def create_incoming_webhook(call: Call, data: IncomingWebhookIn) -> IncomingWebhookCreated:
    return _with_url(call, *service.create(call.caller, data, call.idempotency_key))


def _with_url(call: Call, webhook: IncomingWebhook, secret: str) -> IncomingWebhookCreated:
    shown = IncomingWebhookCreated.of(webhook)
    shown.url = f"{settings.optional('PUBLIC_URL') or call.origin()}/hooks/{secret}"
    return shown


@api.get(
    "/v1/incoming-webhooks",
    scope="webhooks:read",
    summary="List incoming webhooks",
    description="Newest first. Without admin:*, only those of chats you belong to.",
    query=IncomingWebhookQuery,
    gives=Listing[IncomingWebhookOut],
)
def list_incoming_webhooks(call: Call, query: IncomingWebhookQuery) -> Listing[IncomingWebhookOut]:
    found, last = service.page(call.caller, query.limit, call.page_start(query), query.chat_id)
    items = [IncomingWebhookOut.of(webhook) for webhook in found]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@api.get(
    "/v1/incoming-webhooks/{incoming_webhook_id}",
    scope="webhooks:read",
    summary="Read an incoming webhook",
    gives=IncomingWebhookOut,
)
def read_incoming_webhook(call: Call, incoming_webhook_id: str) -> IncomingWebhookOut:
    return IncomingWebhookOut.of(service.get_visible(call.caller, incoming_webhook_id))


@api.patch(
    "/v1/incoming-webhooks/{incoming_webhook_id}",
    scope="webhooks:write",
    summary="Edit an incoming webhook",
    description="The next message has the new author; its URL stays.",
    takes=IncomingWebhookPatch,
    gives=IncomingWebhookOut,
    errors=(409,),
)
def edit_incoming_webhook(call: Call, incoming_webhook_id: str, data: IncomingWebhookPatch) -> IncomingWebhookOut:
    return IncomingWebhookOut.of(service.edit(call.caller, incoming_webhook_id, data))


@api.post(
    "/v1/incoming-webhooks/{incoming_webhook_id}/regenerate",
    scope="webhooks:write",
    summary="Give an incoming webhook a new URL",
    description="The new URL is shown this once; the old one accepts nothing any more.",
    gives=IncomingWebhookCreated,
    errors=(409,),
)
def regenerate_incoming_webhook(call: Call, incoming_webhook_id: str) -> IncomingWebhookCreated:
    return _with_url(call, *service.regenerate(call.caller, incoming_webhook_id))


@api.delete(
    "/v1/incoming-webhooks/{incoming_webhook_id}",
    scope="webhooks:write",
    summary="Revoke an incoming webhook",
    description="When the answer arrives, the URL accepts nothing any more.",
    status=204,
    errors=(409,),
)
def revoke_incoming_webhook(call: Call, incoming_webhook_id: str) -> None:
    service.revoke(call.caller, incoming_webhook_id)

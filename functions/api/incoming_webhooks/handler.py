"""Incoming webhooks, as their owners manage them: /v1/incoming-webhooks."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http.api import Api, Call, Id, Idempotent, ThisCall, errors, needs
from ferryman.http.call import OwnerIn
from ferryman.http.hook_urls import url_of
from ferryman.integrations.incoming_webhooks import service
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook
from ferryman.integrations.incoming_webhooks.schema import (
    IncomingWebhookCreated,
    IncomingWebhookIn,
    IncomingWebhookOut,
    IncomingWebhookPatch,
    IncomingWebhookQuery,
    PreviewIn,
    PreviewOut,
)
from ferryman.schema import Listing

app = Api("Incoming webhooks", "Secret URLs that let external systems post to a chat.")
handler = app


def _again(call: Call, incoming_webhook_id: str) -> IncomingWebhookCreated:
    return IncomingWebhookCreated.of(service.get_visible(call.caller, incoming_webhook_id))


@app.post(
    "/v1/incoming-webhooks",
    summary="Create an incoming webhook",
    description="The URL is a secret: everybody who knows it can post to the chat.",
    status_code=201,
    responses=errors(409),
    middlewares=[Idempotent(_again)],
)
@needs("webhooks:write")
def create_incoming_webhook(call: ThisCall, data: Annotated[IncomingWebhookIn, Body()]) -> IncomingWebhookCreated:
    return _with_url(call, *service.create(call.caller, data, call.idempotency_key))


def _with_url(call: Call, webhook: IncomingWebhook, secret: str) -> IncomingWebhookCreated:
    shown = IncomingWebhookCreated.of(webhook)
    shown.url = url_of(call, webhook, secret)
    return shown


@app.get(
    "/v1/incoming-webhooks",
    summary="List incoming webhooks",
    description="Newest first. Without admin:*, only those of chats that you belong to.",
)
@needs("webhooks:read")
def list_incoming_webhooks(
    call: ThisCall, query: Annotated[IncomingWebhookQuery, Query()]
) -> Listing[IncomingWebhookOut]:
    webhooks, last = service.page(call.caller, query.limit, call.page_start(query), query.chat_id)
    items = [IncomingWebhookOut.of(webhook) for webhook in webhooks]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@app.post(
    "/v1/incoming-webhooks/preview",
    summary="Try a source or a translation",
    description="Shows the message that a payload would become. Nothing is posted or stored, and no signature is "
    "checked.",
)
@needs("webhooks:write")
def preview_incoming_webhook(call: ThisCall, data: Annotated[PreviewIn, Body()]) -> PreviewOut:
    from ferryman.dialects import sources  # only this route needs it

    headers = {name.lower(): value for name, value in data.headers.items()}
    return PreviewOut.of(sources.preview(data.source, data.translation, data.payload, headers))


@app.get("/v1/incoming-webhooks/<incoming_webhook_id>", summary="Read an incoming webhook")
@needs("webhooks:read")
def read_incoming_webhook(call: ThisCall, incoming_webhook_id: Id) -> IncomingWebhookOut:
    return IncomingWebhookOut.of(service.get_visible(call.caller, incoming_webhook_id))


@app.patch(
    "/v1/incoming-webhooks/<incoming_webhook_id>",
    summary="Edit an incoming webhook",
    description="A new name and picture apply from the next message on. The URL stays. state: disabled closes the "
    "URL; enabling needs an owner whose role may own incoming webhooks.",
    responses=errors(409),
)
@needs("webhooks:write")
def edit_incoming_webhook(
    call: ThisCall, incoming_webhook_id: Id, data: Annotated[IncomingWebhookPatch, Body()]
) -> IncomingWebhookOut:
    return IncomingWebhookOut.of(service.edit(call.caller, incoming_webhook_id, data))


@app.put(
    "/v1/incoming-webhooks/<incoming_webhook_id>/owner",
    summary="Hand an incoming webhook over",
    description="The new owner must be an active person whose role may own incoming webhooks. The URL stays valid: "
    "regenerate it if the previous owner must not use it. A disabled webhook stays disabled.",
    responses=errors(409),
)
@needs("admin:*")
def hand_over_incoming_webhook(
    call: ThisCall, incoming_webhook_id: Id, data: Annotated[OwnerIn, Body()]
) -> IncomingWebhookOut:
    return IncomingWebhookOut.of(service.hand_over(call.caller, incoming_webhook_id, data.user_id))


@app.post(
    "/v1/incoming-webhooks/<incoming_webhook_id>/regenerate",
    summary="Give an incoming webhook a new URL",
    description="The new URL is shown only once; the old one stops working at once.",
    responses=errors(409),
)
@needs("webhooks:write")
def regenerate_incoming_webhook(call: ThisCall, incoming_webhook_id: Id) -> IncomingWebhookCreated:
    return _with_url(call, *service.regenerate(call.caller, incoming_webhook_id))


@app.delete(
    "/v1/incoming-webhooks/<incoming_webhook_id>",
    summary="Revoke an incoming webhook",
    description="The URL refuses posts from the moment of the answer.",
    status_code=204,
    responses=errors(409),
)
@needs("webhooks:write")
def revoke_incoming_webhook(call: ThisCall, incoming_webhook_id: Id) -> None:
    service.revoke(call.caller, incoming_webhook_id)

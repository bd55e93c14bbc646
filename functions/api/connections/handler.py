"""Connections: the catalogue of connectors at /v1/connectors, and /v1/connections."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http.api import Api, Call, Id, Idempotent, ThisCall, errors, needs
from ferryman.http.hook_urls import callback_url, url_of
from ferryman.identity.plans import OF_INTEGRATIONS
from ferryman.integrations.connections import catalogue, service
from ferryman.integrations.connections.oauth import approvals
from ferryman.integrations.connections.schema import (
    AccessTokenOut,
    ApprovalIn,
    AuthorizationOut,
    CheckOut,
    ConnectionCreated,
    ConnectionIn,
    ConnectionOut,
    ConnectionPatch,
    ConnectionQuery,
    ConnectorOut,
    ResetIn,
)
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook
from ferryman.schema import Listing
from ferryman.webhooks.deliveries.schema import DeliveryOut

app = Api("Connections", "Connections to other products. GET /v1/connectors lists the products.")
handler = app


def _again(call: Call, connection_id: str) -> ConnectionCreated:
    return ConnectionCreated.of(*service.get_visible(call.caller, connection_id))


@app.get(
    "/v1/connectors",
    summary="List connectors",
    description="The products that can be connected, with the JSON Schema of their configuration.",
)
@needs("connections:read", plan=OF_INTEGRATIONS)
def list_connectors(call: ThisCall) -> Listing[ConnectorOut]:
    calling = callback_url(call)
    return Listing(items=[ConnectorOut.of(connector, calling) for connector in catalogue.CATALOGUE.values()])


@app.post(
    "/v1/connections",
    summary="Connect a product",
    description="Depending on the connector, creates an outgoing webhook in the product's format, or an incoming "
    "webhook whose URL is shown only once, or gives the `authorize_url` where you approve the connection by OAuth. "
    "Created with a live token, the connection is for live events; with a test token, for test events.",
    status_code=201,
    middlewares=[Idempotent(_again)],
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def connect(call: ThisCall, data: Annotated[ConnectionIn, Body()]) -> ConnectionCreated:
    connection, webhook, secret = service.connect(call.caller, data, callback_url(call), call.idempotency_key)
    created = ConnectionCreated.of(connection, webhook)
    if webhook is None:
        created.authorize_url = secret
    elif isinstance(webhook, IncomingWebhook):
        created.url = url_of(call, webhook, secret)
    else:
        created.secret = secret
    return created


@app.get(
    "/v1/connections",
    summary="List connections",
    description="Newest first. Without admin:*, only your own connections.",
)
@needs("connections:read", plan=OF_INTEGRATIONS)
def list_connections(call: ThisCall, query: Annotated[ConnectionQuery, Query()]) -> Listing[ConnectionOut]:
    connections, last = service.page(call.caller, query, call.page_start(query))
    return Listing(items=[ConnectionOut.of(*one) for one in connections], next_cursor=call.next_cursor(query, last))


@app.get("/v1/connections/<connection_id>", summary="Read a connection")
@needs("connections:read", plan=OF_INTEGRATIONS)
def read_connection(call: ThisCall, connection_id: Id) -> ConnectionOut:
    return ConnectionOut.of(*service.get_visible(call.caller, connection_id))


@app.patch(
    "/v1/connections/<connection_id>",
    summary="Enable, disable, rename or configure a connection",
    description="`enabled: true` also resets the count of failures.",
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def edit_connection(call: ThisCall, connection_id: Id, data: Annotated[ConnectionPatch, Body()]) -> ConnectionOut:
    return ConnectionOut.of(*service.edit(call.caller, connection_id, data))


@app.post(
    "/v1/connections/<connection_id>/reset",
    summary="Reset a connection",
    description="Clears `metadata`, resets the count of failures, and sets `connected_at` to now. A connection by "
    "OAuth also loses its tokens, which are revoked, and must be approved again.",
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def reset_connection(call: ThisCall, connection_id: Id, data: Annotated[ResetIn, Body()]) -> ConnectionOut:
    return ConnectionOut.of(*service.reset(call.caller, connection_id, confirmed=data.confirm))


@app.post(
    "/v1/connections/<connection_id>/test",
    summary="Send a test through a connection",
    description="Sends an example of its first event type. Read the delivery to see the product's answer. Only for "
    "connections with an outgoing webhook.",
    status_code=202,
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def test_connection(call: ThisCall, connection_id: Id) -> DeliveryOut:
    return DeliveryOut.of(*service.test(call.caller, connection_id))


@app.post(
    "/v1/connections/<connection_id>/authorize",
    summary="Begin the approval of a connection",
    description="For OAuth: gives a new URL where you approve the connection, for the first time or again. An "
    "earlier URL stops working.",
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def begin_approval(call: ThisCall, connection_id: Id) -> AuthorizationOut:
    return AuthorizationOut(authorize_url=service.begin_approval(call.caller, connection_id, callback_url(call)))


@app.post(
    "/v1/connections/callback",
    summary="Finish the approval of a connection",
    description="The console does this when the product redirects the browser to it. Without the console, send the "
    "URL to which the browser was redirected. Only the person who began the approval can finish it, once, within ten "
    "minutes.",
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def finish_approval(call: ThisCall, data: Annotated[ApprovalIn, Body()]) -> ConnectionOut:
    return ConnectionOut.of(approvals.finish(call.caller, data.callback), None)


@app.post(
    "/v1/connections/<connection_id>/check",
    summary="Check a connection",
    description="For OAuth: asks the product which accounts were approved. The access token is renewed first if it "
    "expires soon. If the product does not answer, the status is still 200, and `ok` is false.",
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def check_connection(call: ThisCall, connection_id: Id) -> CheckOut:
    return CheckOut.of(*service.check(call.caller, connection_id))


@app.post(
    "/v1/connections/<connection_id>/token",
    summary="Read the access token of a connection",
    description="For OAuth: gives a token for the product's API, renewed if it expires soon. The refresh token is "
    "never shown. The audit log records each read.",
    responses=errors(409),
)
@needs("connections:token", plan=OF_INTEGRATIONS)
def read_access_token(call: ThisCall, connection_id: Id) -> AccessTokenOut:
    return AccessTokenOut.of(service.access_token(call.caller, connection_id))


@app.delete(
    "/v1/connections/<connection_id>",
    summary="Disconnect a product",
    description="Deletes the connection and its webhook. Waiting deliveries are cancelled. Tokens are revoked at "
    "the product, if it supports that; the audit log records the result.",
    status_code=204,
    responses=errors(409),
)
@needs("connections:write")
def disconnect(call: ThisCall, connection_id: Id) -> None:
    service.disconnect(call.caller, connection_id)

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

app = Api("Connections", "Other products, connected by the connectors of a catalogue.")
handler = app


def _again(call: Call, connection_id: str) -> ConnectionCreated:
    return ConnectionCreated.of(*service.get_visible(call.caller, connection_id))


@app.get(
    "/v1/connectors",
    summary="List connectors",
    description="Every product that can be connected, with the JSON Schema of its configuration.",
)
@needs("connections:read", plan=OF_INTEGRATIONS)
def list_connectors(call: ThisCall) -> Listing[ConnectorOut]:
    calling = callback_url(call)
    return Listing(items=[ConnectorOut.of(connector, calling) for connector in catalogue.CATALOGUE.values()])


@app.post(
    "/v1/connections",
    summary="Connect a product",
    description="Makes an outgoing webhook in the product's format, or an incoming one for a product that posts here; "
    "its URL is shown this once. A product that is connected by OAuth has to be approved at `authorize_url`. A live "
    "token's connection is for live events, a test token's for test events.",
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
    description="Newest first. Without admin:*, only your own user's.",
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
    description="`enabled: true` also forgets the failures so far.",
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def edit_connection(call: ThisCall, connection_id: Id, data: Annotated[ConnectionPatch, Body()]) -> ConnectionOut:
    return ConnectionOut.of(*service.edit(call.caller, connection_id, data))


@app.post(
    "/v1/connections/<connection_id>/reset",
    summary="Reset a connection",
    description="Clears its metadata, forgets its failures and refreshes its time. It has to be confirmed. The tokens "
    "of a product that is connected by OAuth are revoked, and it waits for a new approval.",
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def reset_connection(call: ThisCall, connection_id: Id, data: Annotated[ResetIn, Body()]) -> ConnectionOut:
    return ConnectionOut.of(*service.reset(call.caller, connection_id, confirmed=data.confirm))


@app.post(
    "/v1/connections/<connection_id>/test",
    summary="Send a test through a connection",
    description="An example of its first event. Read the delivery to see how the other product answered.",
    status_code=202,
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def test_connection(call: ThisCall, connection_id: Id) -> DeliveryOut:
    return DeliveryOut.of(*service.test(call.caller, connection_id))


@app.post(
    "/v1/connections/<connection_id>/authorize",
    summary="Begin the approval of a connection",
    description="For a product that is connected by OAuth: a new address where you approve it, for the first time or "
    "again. The one before ends.",
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def begin_approval(call: ThisCall, connection_id: Id) -> AuthorizationOut:
    return AuthorizationOut(authorize_url=service.begin_approval(call.caller, connection_id, callback_url(call)))


@app.post(
    "/v1/connections/callback",
    summary="Finish the approval of a connection",
    description="The console does this when the product calls back. Without the console, hand over the address at "
    "which the browser ended. Only the person who began the approval can finish it, once, within ten minutes.",
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def finish_approval(call: ThisCall, data: Annotated[ApprovalIn, Body()]) -> ConnectionOut:
    return ConnectionOut.of(approvals.finish(call.caller, data.callback), None)


@app.post(
    "/v1/connections/<connection_id>/check",
    summary="Check a connection",
    description="For a product that is connected by OAuth: asks it which accounts were approved. The access token is "
    "renewed first if it is about to expire. If the product does not answer, the check says so, with the status 200.",
    responses=errors(409),
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def check_connection(call: ThisCall, connection_id: Id) -> CheckOut:
    return CheckOut.of(*service.check(call.caller, connection_id))


@app.post(
    "/v1/connections/<connection_id>/token",
    summary="Read the access token of a connection",
    description="For a product that is connected by OAuth: a token for its own API, renewed if it is about to expire. "
    "The refresh token is never shown. Each read is in the audit log.",
    responses=errors(409),
)
@needs("connections:token", plan=OF_INTEGRATIONS)
def read_access_token(call: ThisCall, connection_id: Id) -> AccessTokenOut:
    return AccessTokenOut.of(service.access_token(call.caller, connection_id))


@app.delete(
    "/v1/connections/<connection_id>",
    summary="Disconnect a product",
    description="Deletes the connection and its webhook. Deliveries that wait are cancelled, and tokens are revoked at "
    "a product that can do that; the audit log says whether it did.",
    status_code=204,
    responses=errors(409),
)
@needs("connections:write")
def disconnect(call: ThisCall, connection_id: Id) -> None:
    service.disconnect(call.caller, connection_id)

"""Connections: the catalogue of connectors at /v1/connectors, and /v1/connections."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http.api import Api, Call, Id, Replay, ThisCall, errors, needs
from ferryman.http.hook_urls import url_of
from ferryman.identity.plans import OF_INTEGRATIONS
from ferryman.integrations.connections import catalogue, service
from ferryman.integrations.connections.schema import (
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


def _replay(call: Call, connection_id: str) -> ConnectionCreated:
    return ConnectionCreated.of(*service.get_visible(call.caller, connection_id))


@app.get(
    "/v1/connectors",
    summary="List connectors",
    description="Every product that can be connected, with the JSON Schema of its configuration.",
)
@needs("connections:read", plan=OF_INTEGRATIONS)
def list_connectors() -> Listing[ConnectorOut]:
    return Listing(items=[ConnectorOut.of(connector) for connector in catalogue.CATALOGUE.values()])


@app.post(
    "/v1/connections",
    summary="Connect a product",
    description="Makes an outgoing webhook in the product's format, or an incoming one for a product that posts here; "
    "its URL is shown this once. A live token's connection is for live events, a test token's for test events.",
    status_code=201,
    middlewares=[Replay(_replay)],
)
@needs("connections:write", plan=OF_INTEGRATIONS)
def connect(call: ThisCall, data: Annotated[ConnectionIn, Body()]) -> ConnectionCreated:
    connection, webhook, secret = service.connect(call.caller, data, call.idempotency_key)
    created = ConnectionCreated.of(connection, webhook)
    if isinstance(webhook, IncomingWebhook):
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
    found, last = service.page(call.caller, query, call.page_start(query))
    return Listing(items=[ConnectionOut.of(*one) for one in found], next_cursor=call.next_cursor(query, last))


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
    description="Clears its metadata, forgets its failures and refreshes its time. It has to be confirmed.",
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


@app.delete(
    "/v1/connections/<connection_id>",
    summary="Disconnect a product",
    description="Deletes the connection and its webhook. Deliveries that wait are cancelled.",
    status_code=204,
    responses=errors(409),
)
@needs("connections:write")
def disconnect(call: ThisCall, connection_id: Id) -> None:
    service.disconnect(call.caller, connection_id)

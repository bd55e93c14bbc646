"""Connecting other products: each connection is a webhook of a connector's making, and a record of it."""

from typing import Any

from pydantic import ValidationError

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, Invalid, NotFound
from ferryman.identity import idempotency
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.integrations.connections import catalogue, table
from ferryman.integrations.connections.catalogue import AutomationConfiguration, ChatConfiguration, Connector
from ferryman.integrations.connections.model import Connection
from ferryman.integrations.connections.schema import ConnectionIn, ConnectionPatch, ConnectionQuery
from ferryman.redaction import redact
from ferryman.webhooks.deliveries import service as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions import service as webhooks
from ferryman.webhooks.subscriptions import table as webhooks_table
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import WebhookPatch

type Connected = tuple[Connection, Webhook | None]


def connect(
    caller: Caller, wanted: ConnectionIn, idempotency_key: IdempotencyKey | None = None
) -> tuple[Connection, Webhook, str]:
    """A new connection, its webhook and the webhook's signing secret, in one transaction.

    Raises Invalid for a connector that is not in the catalogue, and for a configuration that it does not take.
    """
    connector = catalogue.CATALOGUE.get(wanted.connector)
    if connector is None:
        raise Invalid(f"is not a connector; these are: {', '.join(catalogue.CATALOGUE)}.", "/connector")
    name, now = wanted.name or connector.name, clock.now_iso()
    made: list[Connection] = []

    def recording(webhook: Webhook) -> list[store.Write]:
        connection = Connection(
            workspace_id=caller.workspace_id,
            connection_id=ids.new(ids.CONNECTION),
            connector=connector.key,
            name=name,
            webhook_id=webhook.webhook_id,
            livemode=caller.livemode,
            created_by=caller.user_id,
            created_at=now,
            updated_at=now,
            connected_at=now,
        )
        made.append(connection)
        return [
            *idempotency.writes(idempotency_key, connection.connection_id),
            table.creating(connection),
            *audit.writes(caller, "connection.created", connection.connection_id, {"connector": connector.key}),
        ]

    configuration = _configured(connector, wanted.configuration)
    try:
        webhook, secret = webhooks.create(caller, connector.webhook(configuration, name), extra_writes=recording)
    except Invalid as invalid:
        raise _of_configuration(invalid) from None
    return made[0], webhook, secret


def _configured(connector: Connector, configuration: dict[str, Any]) -> ChatConfiguration | AutomationConfiguration:
    try:
        return connector.configuration.model_validate(configuration)
    except ValidationError as error:
        places = [
            ("/configuration" + "".join(f"/{part}" for part in one["loc"]), one["msg"].removeprefix("Value error, "))
            for one in error.errors(include_url=False, include_context=False, include_input=False)[:20]
        ]
        # The names of fields are the caller's own words, and may be long.
        places = [(redact(pointer)[:120], message) for pointer, message in places]
        raise Invalid(f"{places[0][0]}: {places[0][1]}", errors=places) from None


def _of_configuration(invalid: Invalid) -> Invalid:
    """The refusal of a webhook, with the place in the connection's configuration."""
    return Invalid(str(invalid), errors=[(f"/configuration{pointer or ''}", text) for pointer, text in invalid.errors])


def page(caller: Caller, query: ConnectionQuery, after: store.Key | None) -> tuple[list[Connected], store.Key | None]:
    """The connections that the caller may see, newest first, each with its webhook."""

    def keep(connection: Connection) -> bool:
        return _may_see(caller, connection) and query.connector in (None, connection.connector)

    found, last = table.page(caller.workspace_id, query.limit, after, keep)
    behind = webhooks_table.get_many((caller.workspace_id, connection.webhook_id) for connection in found)
    return [(connection, behind.get(connection.webhook_id)) for connection in found], last


def _may_see(caller: Caller, connection: Connection) -> bool:
    """With admin:* every one, else only the caller's own; test tokens never see live ones, nor the other way round."""
    return connection.livemode == caller.livemode and (caller.is_admin or connection.created_by == caller.user_id)


def get_visible(caller: Caller, connection_id: str) -> Connected:
    """A connection that the caller may see, and its webhook unless that was deleted. Raises NotFound."""
    connection = table.get(caller.workspace_id, connection_id)
    if not _may_see(caller, connection):
        raise NotFound("The connection does not exist.")
    try:
        return connection, webhooks_table.get(caller.workspace_id, connection.webhook_id)
    except NotFound:
        return connection, None


def _get_whole(caller: Caller, connection_id: str) -> tuple[Connection, Webhook]:
    connection, webhook = get_visible(caller, connection_id)
    if webhook is None:
        raise Conflict("The connection's webhook was deleted. Disconnect it, and connect again.")
    return connection, webhook


def edit(caller: Caller, connection_id: str, patch: ConnectionPatch) -> Connected:
    """Enable, disable, rename or configure a connection."""
    connection, webhook = _get_whole(caller, connection_id)
    changes = patch.model_dump(exclude_unset=True)
    for name, value in changes.items():
        if value is None:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    wanted: dict[str, Any] = {}
    if "configuration" in changes:
        configuration = _configured(catalogue.CATALOGUE[connection.connector], changes["configuration"])
        wanted = {
            "url": configuration.url,
            "events": catalogue.events_of(configuration),
            "chat_ids": configuration.chat_ids,
        }
    if "enabled" in changes:
        wanted["state"] = "enabled" if changes["enabled"] else "disabled"
    if "name" in changes:
        wanted["name"] = changes["name"]
    if wanted:
        try:
            webhook = webhooks.change(caller, webhook, WebhookPatch.model_validate(wanted))
        except Invalid as invalid:
            raise _of_configuration(invalid) from None
        named = {"name": changes["name"]} if "name" in changes else {}
        audited = audit.writes(caller, "connection.edited", connection_id, {"changed": list(changes)})
        store.commit([table.changing(connection, updated_at=clock.now_iso(), **named), *audited])
    return table.get(caller.workspace_id, connection_id), webhook


def reset(caller: Caller, connection_id: str, *, confirmed: bool) -> Connected:
    """Forget what was learned of a connection and what failed, and begin its time anew."""
    if not confirmed:
        raise Invalid("must be true: a reset forgets what was learned of the connection.", "/confirm")
    connection, webhook = _get_whole(caller, connection_id)
    now = clock.now_iso()
    if webhook.state == "enabled":
        webhook = webhooks.change(caller, webhook, WebhookPatch(state="enabled"))
    audited = audit.writes(caller, "connection.reset", connection_id)
    store.commit([table.changing(connection, metadata={}, connected_at=now, updated_at=now), *audited])
    return table.get(caller.workspace_id, connection_id), webhook


def test(caller: Caller, connection_id: str) -> tuple[Delivery, Webhook]:
    """Send the example of the connection's first event, as a delivery whose outcome is in the log."""
    connection, webhook = _get_whole(caller, connection_id)
    delivery = deliveries.send_test(webhook, None)
    now = clock.now_iso()
    learned = {**connection.metadata, "tested_at": now, "test_delivery_id": delivery.delivery_id}
    store.commit([table.changing(connection, metadata=learned, updated_at=now)])
    return delivery, webhook


def disconnect(caller: Caller, connection_id: str) -> None:
    """Delete a connection and its webhook: deliveries that wait are cancelled when they come up."""
    connection, webhook = get_visible(caller, connection_id)
    audited = audit.writes(caller, "connection.deleted", connection_id, {"connector": connection.connector})
    of_webhook = webhooks_table.deleting(webhook) if webhook else []
    store.commit([table.deleting(connection), *of_webhook, *audited])

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
from ferryman.integrations.connections.catalogue import Connector, Outgoing, PostingConfiguration
from ferryman.integrations.connections.model import Connection
from ferryman.integrations.connections.schema import ConnectionIn, ConnectionPatch, ConnectionQuery
from ferryman.integrations.incoming_webhooks import service as incoming_webhooks
from ferryman.integrations.incoming_webhooks import table as incoming_table
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook
from ferryman.integrations.incoming_webhooks.schema import IncomingWebhookPatch
from ferryman.redaction import redact
from ferryman.webhooks.deliveries import service as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions import service as webhooks
from ferryman.webhooks.subscriptions import table as webhooks_table
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import WebhookPatch

type Behind = Webhook | IncomingWebhook
type Connected = tuple[Connection, Behind | None]


def connect(
    caller: Caller, wanted: ConnectionIn, idempotency_key: IdempotencyKey | None = None
) -> tuple[Connection, Behind, str]:
    """A new connection and the webhook behind it, in one transaction, and the secret of its signature or of its URL.

    Raises Invalid for a connector that is not in the catalogue, and for a configuration that it does not take.
    """
    connector = catalogue.CATALOGUE.get(wanted.connector)
    if connector is None:
        raise Invalid(f"is not a connector; these are: {', '.join(catalogue.CATALOGUE)}.", "/connector")
    name, now = wanted.name or connector.name, clock.now_iso()
    made: list[Connection] = []

    def recording(webhook: Behind) -> list[store.Write]:
        connection = Connection(
            workspace_id=caller.workspace_id,
            connection_id=ids.new(ids.CONNECTION),
            connector=connector.key,
            name=name,
            webhook_id=webhook.webhook_id if isinstance(webhook, Webhook) else None,
            incoming_webhook_id=webhook.incoming_webhook_id if isinstance(webhook, IncomingWebhook) else None,
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
    webhook: Behind
    try:
        if isinstance(configuration, PostingConfiguration):
            incoming = connector.incoming_webhook(configuration, name)
            webhook, secret = incoming_webhooks.create(caller, incoming, extra_writes=recording)
        else:
            webhook, secret = webhooks.create(caller, connector.webhook(configuration, name), extra_writes=recording)
    except Invalid as invalid:
        raise _of_configuration(invalid) from None
    return made[0], webhook, secret


def _configured(connector: Connector, configuration: dict[str, Any]) -> Outgoing | PostingConfiguration:
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
    behind: dict[str, Behind] = {}
    behind |= webhooks_table.get_many((one.workspace_id, one.webhook_id) for one in found if one.webhook_id)
    behind |= incoming_table.get_many(
        caller.workspace_id, [one.incoming_webhook_id for one in found if one.incoming_webhook_id]
    )
    return [(one, behind.get(one.webhook_id or str(one.incoming_webhook_id))) for one in found], last


def _may_see(caller: Caller, connection: Connection) -> bool:
    """With admin:* every one, else only the caller's own; test tokens never see live ones, nor the other way round."""
    return connection.livemode == caller.livemode and (caller.is_admin or connection.created_by == caller.user_id)


def get_visible(caller: Caller, connection_id: str) -> Connected:
    """A connection that the caller may see, and its webhook unless that was deleted. Raises NotFound."""
    connection = table.get(caller.workspace_id, connection_id)
    if not _may_see(caller, connection):
        raise NotFound("The connection does not exist.")
    try:
        if connection.incoming_webhook_id:
            return connection, incoming_table.get(caller.workspace_id, connection.incoming_webhook_id)
        return connection, webhooks_table.get(caller.workspace_id, str(connection.webhook_id))
    except NotFound:
        return connection, None


def _get_whole(caller: Caller, connection_id: str) -> tuple[Connection, Behind]:
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
    wanted = {"name": changes["name"]} if "name" in changes else {}
    if "configuration" in changes:
        configuration = _configured(catalogue.CATALOGUE[connection.connector], changes["configuration"])
        wanted |= _changes_of(configuration, webhook)
    if "enabled" in changes:
        wanted["state"] = "enabled" if changes["enabled"] else "disabled"
    if changes:
        try:
            webhook = _changed(caller, webhook, wanted)
        except Invalid as invalid:
            raise _of_configuration(invalid) from None
        named = {"name": changes["name"]} if "name" in changes else {}
        audited = audit.writes(caller, "connection.edited", connection_id, {"changed": list(changes)})
        store.commit([table.changing(connection, updated_at=clock.now_iso(), **named), *audited])
    return table.get(caller.workspace_id, connection_id), webhook


def _changes_of(configuration: Outgoing | PostingConfiguration, webhook: Behind) -> dict[str, Any]:
    """The changes of a webhook that make it do what the configuration says."""
    if isinstance(configuration, PostingConfiguration):
        if configuration.chat_id != getattr(webhook, "chat_id", None):
            text = "An incoming webhook stays with its chat. Connect again for another one, and disconnect this."
            raise Invalid(text, "/configuration/chat_id")
        return configuration.model_dump(include={"sender_secret"}, exclude_unset=True)
    events = catalogue.events_of(configuration)
    return {"url": configuration.url, "events": events, "chat_ids": configuration.chat_ids}


def _changed(caller: Caller, webhook: Behind, wanted: dict[str, Any]) -> Behind:
    if isinstance(webhook, IncomingWebhook):
        patch = IncomingWebhookPatch.model_validate(wanted)
        return incoming_webhooks.edit(caller, webhook.incoming_webhook_id, patch)
    return webhooks.change(caller, webhook, WebhookPatch.model_validate(wanted))


def reset(caller: Caller, connection_id: str, *, confirmed: bool) -> Connected:
    """Forget what was learned of a connection and what failed, and begin its time anew."""
    if not confirmed:
        raise Invalid("must be true: a reset forgets what was learned of the connection.", "/confirm")
    connection, webhook = _get_whole(caller, connection_id)
    now = clock.now_iso()
    if webhook.state == "enabled":
        webhook = _changed(caller, webhook, {"state": "enabled"})
    audited = audit.writes(caller, "connection.reset", connection_id)
    store.commit([table.changing(connection, metadata={}, connected_at=now, updated_at=now), *audited])
    return table.get(caller.workspace_id, connection_id), webhook


def test(caller: Caller, connection_id: str) -> tuple[Delivery, Webhook]:
    """Send the example of the connection's first event, as a delivery whose outcome is in the log."""
    connection, webhook = _get_whole(caller, connection_id)
    if isinstance(webhook, IncomingWebhook):
        raise Conflict("This product posts here. Let it send a test: the connector's steps say how.")
    delivery = deliveries.send_test(caller, webhook, None)
    now = clock.now_iso()
    learned = {**connection.metadata, "tested_at": now, "test_delivery_id": delivery.delivery_id}
    audited = audit.writes(caller, "connection.tested", connection_id)
    store.commit([table.changing(connection, metadata=learned, updated_at=now), *audited])
    return delivery, webhook


def disconnect(caller: Caller, connection_id: str) -> None:
    """Delete a connection and its webhook: deliveries that wait are cancelled when they come up."""
    connection, webhook = get_visible(caller, connection_id)
    audited = audit.writes(caller, "connection.deleted", connection_id, {"connector": connection.connector})
    of_webhook: list[store.Write] = []
    if isinstance(webhook, IncomingWebhook):
        of_webhook = incoming_webhooks.revoking(caller, webhook)
    elif webhook is not None:
        of_webhook = webhooks_table.deleting(webhook)
    # A post to its URL may be marking its use at the same moment.
    store.commit([table.deleting(connection), *of_webhook, *audited], tries=3)

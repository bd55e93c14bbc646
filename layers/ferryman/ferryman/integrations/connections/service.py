"""Connects other products. A connection is a row and a webhook that the connector defines.

A connection by OAuth has no webhook; its row contains encrypted tokens (`oauth`).
"""

from typing import Any

from pydantic import ValidationError

from ferryman import clock, ids, mistakes
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, Invalid, NotFound
from ferryman.identity import idempotency
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.integrations.connections import catalogue, table
from ferryman.integrations.connections.catalogue import (
    Connector,
    OAuthConfiguration,
    Outgoing,
    PostingConfiguration,
)
from ferryman.integrations.connections.model import Connection
from ferryman.integrations.connections.oauth import approvals, sealing, tokens
from ferryman.integrations.connections.oauth.client import Failed, Tokens
from ferryman.integrations.connections.schema import ConnectionIn, ConnectionPatch, ConnectionQuery
from ferryman.integrations.incoming_webhooks import service as incoming_webhooks
from ferryman.integrations.incoming_webhooks import table as incoming_table
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook
from ferryman.integrations.incoming_webhooks.schema import IncomingWebhookPatch
from ferryman.webhooks.deliveries import service as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions import service as webhooks
from ferryman.webhooks.subscriptions import table as webhooks_table
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import WebhookPatch

type Behind = Webhook | IncomingWebhook
type Connected = tuple[Connection, Behind | None]


def connect(
    caller: Caller, wanted: ConnectionIn, callback_url: str, idempotency_key: IdempotencyKey | None = None
) -> tuple[Connection, Behind | None, str]:
    """A new connection, its webhook and a text, stored in one transaction.

    The text is the signing secret of an outgoing webhook, or the secret of an incoming webhook's URL. For a connection
    by OAuth, the webhook is None, and the text is the URL where the caller approves the connection; the product then
    redirects the caller to `callback_url`. Raises Invalid for a connector that is not in the catalogue, and for a
    configuration that the connector does not accept.
    """
    connector = catalogue.CATALOGUE.get(wanted.connector)
    if connector is None:
        raise Invalid(f"is not a connector; these are: {', '.join(catalogue.CATALOGUE)}.", "/connector")
    name, now = wanted.name or connector.name, clock.now_iso()
    made: list[Connection] = []

    def recorded(**by: Any) -> Connection:
        return Connection(
            workspace_id=caller.workspace_id,
            connection_id=ids.new(ids.CONNECTION),
            connector=connector.key,
            name=name,
            livemode=caller.livemode,
            created_by=caller.user_id,
            created_at=now,
            updated_at=now,
            connected_at=now,
            **by,
        )

    def keeping(connection: Connection) -> list[store.Write]:
        return [
            *idempotency.writes(idempotency_key, connection.connection_id),
            table.creating(connection),
            *audit.writes(caller, "connection.created", connection.connection_id, {"connector": connector.key}),
        ]

    def recording(webhook: Behind) -> list[store.Write]:
        made.append(
            recorded(
                webhook_id=webhook.webhook_id if isinstance(webhook, Webhook) else None,
                incoming_webhook_id=webhook.incoming_webhook_id if isinstance(webhook, IncomingWebhook) else None,
            )
        )
        return keeping(made[0])

    configuration = _configured(connector, wanted.configuration)
    if isinstance(configuration, OAuthConfiguration):
        connection = recorded(client_id=configuration.client_id)
        if configuration.client_secret is None:
            raise Invalid(f"is needed: {connector.name} asks for it.", "/configuration/client_secret")
        connection.scopes = configuration.scopes
        connection.sealed_client_secret = sealing.seal(connection, "client_secret", configuration.client_secret)
        connection.approval, url = approvals.begin(caller, connection, callback_url)
        store.commit(keeping(connection))
        return connection, None, url
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


def _configured(
    connector: Connector, configuration: dict[str, Any]
) -> Outgoing | PostingConfiguration | OAuthConfiguration:
    try:
        return connector.configuration.model_validate(configuration)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        raise mistakes.of_pydantic(errors, lambda place: mistakes.pointer(("configuration", *place))) from None


def _of_configuration(invalid: Invalid) -> Invalid:
    """The webhook's Invalid with pointers into the connection's request: each begins with `/configuration`."""
    return Invalid(str(invalid), errors=[(f"/configuration{pointer or ''}", text) for pointer, text in invalid.errors])


def page(caller: Caller, query: ConnectionQuery, after: store.Key | None) -> tuple[list[Connected], store.Key | None]:
    """A page of the connections that the caller may see, newest first, and the key after which the next one begins.

    Each connection comes with its webhook, or None.
    """

    def keep(connection: Connection) -> bool:
        return _may_see(caller, connection) and query.connector in (None, connection.connector)

    connections, last = table.page(caller.workspace_id, query.limit, after, keep)
    behind: dict[str, Behind] = {}
    behind |= webhooks_table.get_many((one.workspace_id, one.webhook_id) for one in connections if one.webhook_id)
    behind |= incoming_table.get_many(
        caller.workspace_id, [one.incoming_webhook_id for one in connections if one.incoming_webhook_id]
    )
    return [(one, behind.get(str(one.webhook_id or one.incoming_webhook_id))) for one in connections], last


def _may_see(caller: Caller, connection: Connection) -> bool:
    """Whether the caller may see a connection: the user who created it, or any caller with the scope admin:*.

    A test token sees test connections only, a live token live ones only.
    """
    return connection.livemode == caller.livemode and (caller.is_admin or connection.created_by == caller.user_id)


def get_visible(caller: Caller, connection_id: str) -> Connected:
    """A connection that the caller may see, and its webhook, outgoing or incoming.

    The webhook is None for a connection by OAuth, and None after it was deleted. Raises NotFound for the connection.
    """
    connection = table.get(caller.workspace_id, connection_id)
    if not _may_see(caller, connection):
        raise NotFound("The connection does not exist.")
    if connection.uses_oauth:
        return connection, None
    try:
        if connection.incoming_webhook_id:
            return connection, incoming_table.get(caller.workspace_id, connection.incoming_webhook_id)
        return connection, webhooks_table.get(caller.workspace_id, str(connection.webhook_id))
    except NotFound:
        return connection, None


def _deleted() -> Conflict:
    return Conflict("The connection's webhook was deleted. Disconnect it, and connect again.")


def edit(caller: Caller, connection_id: str, patch: ConnectionPatch) -> Connected:
    """Enable, disable, rename or configure a connection. Returns the changed connection and its webhook.

    Raises NotFound, Invalid for a configuration that the connector does not accept, and Conflict if the connection's
    webhook was deleted, or either changed in between.
    """
    connection, webhook = get_visible(caller, connection_id)
    changes = patch.model_dump(exclude_unset=True)
    for name, value in changes.items():
        if value is None:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    if connection.uses_oauth:
        return _edit_oauth(caller, connection, changes), None
    if webhook is None:
        raise _deleted()
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


def _edit_oauth(caller: Caller, connection: Connection, changes: dict[str, Any]) -> Connection:
    new: dict[str, Any] = {"name": changes["name"]} if "name" in changes else {}
    if "enabled" in changes:
        new["disabled"] = not changes["enabled"]
    if "configuration" in changes:
        configuration = _configured(catalogue.CATALOGUE[connection.connector], changes["configuration"])
        assert isinstance(configuration, OAuthConfiguration)  # noqa: S101 - a connector is connected in one way
        if configuration.client_secret is not None:
            secret = sealing.seal(connection, "client_secret", configuration.client_secret)
            # A secret that was rotated needs no new approval.
            new |= {"sealed_client_secret": secret, "reconnect_reason": None}
        if (configuration.client_id, configuration.scopes) != (connection.client_id, connection.scopes):
            new |= {"client_id": configuration.client_id, "scopes": configuration.scopes, "metadata": {}}
            new |= tokens.FORGOTTEN
            if configuration.client_id != connection.client_id and configuration.client_secret is None:
                raise Invalid("must be sent when the client id changes.", "/configuration/client_secret")
    if changes:
        revoked = tokens.revoked(connection) if "sealed_tokens" in new else None
        details = {"changed": list(changes)} | ({} if revoked is None else {"revoked_at_product": revoked})
        audited = audit.writes(caller, "connection.edited", connection.connection_id, details)
        store.commit([table.changing(connection, updated_at=clock.now_iso(), **new), *audited])
    return table.get(caller.workspace_id, connection.connection_id)


def _changes_of(configuration: Outgoing | PostingConfiguration | OAuthConfiguration, webhook: Behind) -> dict[str, Any]:
    """The fields to change in a connection's webhook for a new configuration. Raises Invalid for another chat."""
    assert not isinstance(configuration, OAuthConfiguration)  # noqa: S101 - a connector is connected in one way
    if isinstance(configuration, PostingConfiguration):
        if configuration.chat_id != getattr(webhook, "chat_id", None):
            text = "A connection's chat cannot be changed. Disconnect the product and connect it again."
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
    """Delete the metadata of a connection and reset its webhook's failures; `connected_at` becomes now.

    The tokens of a connection by OAuth are revoked at the product and deleted, so the connection waits for a new
    approval. Raises Invalid unless `confirmed`, NotFound, and Conflict if the connection's webhook was deleted.
    """
    if not confirmed:
        raise Invalid("must be true, because a reset deletes the connection's metadata and its tokens.", "/confirm")
    connection, webhook = get_visible(caller, connection_id)
    now = clock.now_iso()
    if connection.uses_oauth:
        _forget(caller, connection, now)
        return table.get(caller.workspace_id, connection_id), None
    if webhook is None:
        raise _deleted()
    if webhook.state == "enabled":
        webhook = _changed(caller, webhook, {"state": "enabled"})
    audited = audit.writes(caller, "connection.reset", connection_id)
    store.commit([table.changing(connection, metadata={}, connected_at=now, updated_at=now), *audited])
    return table.get(caller.workspace_id, connection_id), webhook


def _forget(caller: Caller, connection: Connection, now: str) -> None:
    revoked = tokens.revoked(connection)
    details = {} if revoked is None else {"revoked_at_product": revoked}
    audited = audit.writes(caller, "connection.reset", connection.connection_id, details)
    changing = table.changing(connection, metadata={}, connected_at=now, updated_at=now, **tokens.FORGOTTEN)
    store.commit([changing, *audited])


def begin_approval(caller: Caller, connection_id: str, callback_url: str) -> str:
    """Begin an approval of a connection by OAuth, the first or a later one. Returns the URL for the caller's browser.

    The product then redirects the caller to `callback_url`. Raises NotFound, and Conflict for a connection by webhook.
    """
    connection, _ = get_visible(caller, connection_id)
    approval, url = approvals.begin(caller, connection, callback_url)
    audited = audit.writes(caller, "connection.approval_begun", connection_id, {"connector": connection.connector})
    store.commit([table.changing(connection, approval=approval), *audited])
    return url


def check(caller: Caller, connection_id: str) -> tuple[Connection, list[dict[str, str]] | Failed]:
    """Ask the product which accounts a connection by OAuth gives access to.

    Returns the connection and the accounts, or Failed with the reason. Raises NotFound, Conflict for a connection by
    webhook, and Conflict as `tokens.accounts` does.
    """
    return tokens.accounts(caller, _by_oauth(caller, connection_id))


def access_token(caller: Caller, connection_id: str) -> Tokens:
    """The tokens of a connection by OAuth, renewed if the access token expires within two minutes and if possible.

    Raises NotFound, and Conflict with the reason if the product gives no token, or for a connection by webhook.
    """
    connection, outcome = tokens.fresh(caller, _by_oauth(caller, connection_id))
    if isinstance(outcome, Failed):
        raise Conflict(outcome.reason)
    details = {"connector": connection.connector}
    store.commit(audit.writes(caller, "connection.token_read", connection_id, details))
    return outcome


def _by_oauth(caller: Caller, connection_id: str) -> Connection:
    connection, _ = get_visible(caller, connection_id)
    if not connection.uses_oauth:
        raise Conflict(
            "This connection uses a webhook, not OAuth, so it has no account or access token. Test it instead."
        )
    return connection


def test(caller: Caller, connection_id: str) -> tuple[Delivery, Webhook]:
    """Send an example of the connection's first event type. The outcome is later in the returned delivery.

    Raises NotFound, and Conflict for a connection by OAuth, by an incoming webhook, or whose webhook was deleted.
    """
    connection, webhook = get_visible(caller, connection_id)
    if connection.uses_oauth:
        raise Conflict(
            "Ferryman sends no events through OAuth. Check this connection instead: POST /v1/connections/{id}/check."
        )
    if webhook is None:
        raise _deleted()
    if isinstance(webhook, IncomingWebhook):
        raise Conflict(
            "This product posts to Ferryman. Send a test from the product, as the connector's steps describe."
        )
    delivery = deliveries.send_test(caller, webhook, None)
    now = clock.now_iso()
    learned = {**connection.metadata, "tested_at": now, "test_delivery_id": delivery.delivery_id}
    audited = audit.writes(caller, "connection.tested", connection_id)
    store.commit([table.changing(connection, metadata=learned, updated_at=now), *audited])
    return delivery, webhook


def disconnect(caller: Caller, connection_id: str) -> None:
    """Delete a connection and its webhook. The deliverer cancels waiting deliveries later.

    Tokens are revoked at the product, if it has a revocation URL; the audit record says whether that worked. Raises
    NotFound, and Conflict if the connection or its webhook changed after it was read; the tokens are revoked then.
    """
    connection, webhook = get_visible(caller, connection_id)
    details: dict[str, Any] = {"connector": connection.connector}
    revoked = tokens.revoked(connection)
    if revoked is not None:
        details["revoked_at_product"] = revoked
    audited = audit.writes(caller, "connection.deleted", connection_id, details)
    of_webhook: list[store.Write] = []
    if isinstance(webhook, IncomingWebhook):
        of_webhook = incoming_webhooks.revoking(caller, webhook)
    elif webhook is not None:
        of_webhook = webhooks_table.deleting(webhook)
    # A post to its URL may be marking its use at the same moment.
    store.commit([table.deleting(connection), *of_webhook, *audited], tries=3)

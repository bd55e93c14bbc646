"""The bodies that the API takes and gives for connectors and connections."""

from typing import Any, Self

from pydantic import Field

from ferryman import ids
from ferryman.integrations.connections import catalogue
from ferryman.integrations.connections.catalogue import Category, Connector
from ferryman.integrations.connections.model import Connection, ConnectionState
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook
from ferryman.schema import Input, ListQuery, Name, Output, Time
from ferryman.webhooks.subscriptions.model import Webhook

_CONFIGURATION = "As the connector's configuration_schema describes it (GET /v1/connectors)."


class ConnectorOut(Output):
    """A product that a workspace can connect."""

    key: str = Field(examples=["slack"])
    name: str = Field(examples=["Slack"])
    category: Category
    description: str
    configuration_schema: dict[str, Any] = Field(description="The JSON Schema of a connection's configuration.")
    steps: list[str] = Field(description="The steps in the other product, before connecting.")
    documentation_url: str = Field(description="The other product's own page.")

    @classmethod
    def of(cls, connector: Connector) -> Self:
        return cls(
            key=connector.key,
            name=connector.name,
            category=connector.category,
            description=connector.description,
            configuration_schema=catalogue.schema(connector),
            steps=list(connector.steps),
            documentation_url=connector.documentation,
        )


class ConnectionIn(Input):
    """A new connection."""

    connector: str = Field(min_length=1, max_length=40, description="The key of a connector.", examples=["slack"])
    name: Name | None = Field(None, description="Left out: the connector's name.")
    configuration: dict[str, Any] = Field(description=_CONFIGURATION)


class ConnectionPatch(Input):
    """The changes; fields that are left out stay as they are."""

    name: Name | None = None
    enabled: bool | None = Field(None, description="false: nothing is sent until it is enabled again.")
    configuration: dict[str, Any] | None = Field(None, description=f"Replaces the whole. {_CONFIGURATION}")


class ResetIn(Input):
    """The confirmation of a reset."""

    confirm: bool = Field(description="Must be true.", examples=[True])


class ConnectionQuery(ListQuery):
    """Filters of the list of connections."""

    connector: str | None = Field(None, min_length=1, max_length=40, description="Only those of this connector.")


class ConnectionOut(Output):
    """A connected product."""

    id: str = Field(pattern=ids.pattern(ids.CONNECTION))
    connector: str
    name: str
    state: ConnectionState = Field(description="`broken`: its webhook was deleted; disconnect it.")
    reason: str | None = Field(description="Why it is disabled or broken.")
    configuration: dict[str, Any]
    metadata: dict[str, Any] = Field(description="Facts learned since it was connected; a reset clears them.")
    webhook_id: str | None = Field(description="The outgoing webhook behind it, with its delivery log.")
    incoming_webhook_id: str | None = Field(description="The incoming webhook behind it, if the product posts here.")
    livemode: bool
    created_by: str
    created_at: Time
    updated_at: Time
    connected_at: Time = Field(description="When it was connected, or reset.")

    @classmethod
    def of(cls, connection: Connection, webhook: Webhook | IncomingWebhook | None) -> Self:
        configuration: dict[str, Any] = {}
        if webhook is not None:
            fields = catalogue.CATALOGUE[connection.connector].configuration.model_fields
            configuration = {name: getattr(webhook, name) for name in fields if name != "sender_secret"}
        return cls(
            id=connection.connection_id,
            state=webhook.state if webhook else "broken",
            reason=webhook.disabled_reason if webhook else "its webhook was deleted",
            configuration=configuration,
            **{name: getattr(connection, name) for name in _COPIED},
        )


_COPIED = (
    "connector",
    "name",
    "metadata",
    "webhook_id",
    "incoming_webhook_id",
    "livemode",
    "created_by",
    "created_at",
    "updated_at",
    "connected_at",
)


class ConnectionCreated(ConnectionOut):
    """A new connection. Its deliveries are signed with a secret, which is shown this once."""

    secret: str | None = Field(
        None,
        description="The key of the signature, for receivers that verify it. Null when a repeated Idempotency-Key "
        "found the connection already made, and for a product that posts here.",
    )
    url: str | None = Field(
        None, description="The secret URL to give to a product that posts here. It is shown this once."
    )

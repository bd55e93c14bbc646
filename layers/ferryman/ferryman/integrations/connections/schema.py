"""The bodies that the API takes and gives for connectors and connections."""

from typing import Any, Literal, Self

from pydantic import Field

from ferryman import clock, ids
from ferryman.integrations.connections import catalogue
from ferryman.integrations.connections.catalogue import Category, Connector
from ferryman.integrations.connections.model import Connection, ConnectionState
from ferryman.integrations.connections.oauth.client import Failed, Tokens
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook
from ferryman.schema import Input, ListQuery, Name, Output, Time
from ferryman.webhooks.subscriptions.model import Webhook

_STATE = (
    "`broken`: its webhook was deleted; disconnect it. `waiting`: somebody has to approve it in the product. "
    "`needs_reconnecting`: the product gives no tokens any more until somebody approves it again."
)
_REPLACES = "Replaces the whole, but a secret that is left out stays; null takes a sender_secret away."
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
    callback_url: str | None = Field(
        description="The address to register with the app there, for a product that is connected by OAuth."
    )

    @classmethod
    def of(cls, connector: Connector, callback_url: str) -> Self:
        return cls(
            key=connector.key,
            name=connector.name,
            category=connector.category,
            description=connector.description,
            configuration_schema=catalogue.schema(connector),
            steps=list(connector.steps),
            documentation_url=connector.documentation,
            callback_url=callback_url if connector.provider else None,
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
    configuration: dict[str, Any] | None = Field(None, description=f"{_REPLACES} {_CONFIGURATION}")


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
    state: ConnectionState = Field(description=_STATE)
    reason: str | None = Field(description="Why it is not enabled.")
    configuration: dict[str, Any]
    metadata: dict[str, Any] = Field(description="Facts learned since it was connected; a reset clears them.")
    webhook_id: str | None = Field(description="The outgoing webhook behind it, if it has one, with its delivery log.")
    incoming_webhook_id: str | None = Field(description="The incoming webhook behind it, if the product posts here.")
    livemode: bool
    created_by: str
    created_at: Time
    updated_at: Time
    connected_at: Time = Field(description="When it was connected, or reset.")

    @classmethod
    def of(cls, connection: Connection, webhook: Webhook | IncomingWebhook | None) -> Self:
        configuration: dict[str, Any] = {}
        state, reason = (webhook.state, webhook.disabled_reason) if webhook else ("broken", "its webhook was deleted")
        if connection.uses_oauth:
            state, reason = connection.oauth_state
            configuration = {"client_id": connection.client_id, "scopes": connection.scopes}
        elif webhook is not None:
            fields = catalogue.CATALOGUE[connection.connector].configuration.model_fields
            configuration = {name: getattr(webhook, name) for name in fields if name != "sender_secret"}
        return cls(
            id=connection.connection_id,
            state=state,
            reason=reason,
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
    """A new connection, with the secret or URLs that are shown this once."""

    secret: str | None = Field(
        None,
        description="The key of the signature, for receivers that verify it. Null when a repeated Idempotency-Key "
        "found the connection already made, and for a product that posts here.",
    )
    url: str | None = Field(
        None, description="The secret URL to give to a product that posts here. It is shown this once."
    )
    authorize_url: str | None = Field(
        None,
        description="Where the caller approves the connection in the product, within ten minutes, if it is connected "
        "by OAuth. Null when a repeated Idempotency-Key found the connection already made.",
    )


class AuthorizationOut(Output):
    """The URL to approve a connection by OAuth."""

    authorize_url: str = Field(description="Open it in a browser within ten minutes. It is good for the caller alone.")


class ApprovalIn(Input):
    """The product's callback after an approval."""

    callback: str = Field(
        min_length=1,
        max_length=8192,
        description="The query with which the product called the callback URL, or the whole address, as it is.",
        examples=["state=con_01ARZ3NDEKTSV4RRFFQ69G5FAV.c3RhdGU&code=Y29kZQ"],
    )


class CheckOut(Output):
    """The result of checking a connection by OAuth."""

    ok: bool = Field(description="Whether it answered, and takes the access token.")
    detail: str | None = Field(description="Why not, if it did not.")
    accounts: list[dict[str, str]] = Field(
        description="The accounts that were approved, with the product's own ids and names.",
        examples=[[{"id": "1324a887", "name": "Example", "url": "https://example.atlassian.net"}]],
    )
    state: ConnectionState
    checked_at: Time

    @classmethod
    def of(cls, connection: Connection, accounts: list[dict[str, str]] | Failed) -> Self:
        return cls(
            ok=not isinstance(accounts, Failed),
            detail=accounts.reason if isinstance(accounts, Failed) else None,
            accounts=[] if isinstance(accounts, Failed) else accounts,
            state=connection.oauth_state[0],
            checked_at=clock.now_iso(),
        )


class AccessTokenOut(Output):
    """The access token of a connection, to be used as `Authorization: Bearer …` with the product's own API."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - a word of RFC 6750
    expires_at: Time | None = Field(description="When to ask again; null if the product did not say.")

    @classmethod
    def of(cls, tokens: Tokens) -> Self:
        expires_at = None if tokens.expires_at is None else clock.iso(tokens.expires_at)
        return cls(access_token=tokens.access_token, expires_at=expires_at)

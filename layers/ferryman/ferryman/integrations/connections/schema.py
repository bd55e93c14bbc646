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
    "`broken`: its webhook was deleted; disconnect it. `waiting`: it must be approved in the product. "
    "`needs_reconnecting`: the product issues no more tokens; approve it again."
)
_REPLACES = "Replaces the whole configuration, but a secret that is left out stays. `sender_secret: null` removes it."
_CONFIGURATION = "The connector's `configuration_schema` describes it (GET /v1/connectors)."


class ConnectorOut(Output):
    """A product that a workspace can connect."""

    key: str = Field(examples=["slack"])
    name: str = Field(examples=["Slack"])
    category: Category
    description: str
    configuration_schema: dict[str, Any] = Field(description="The JSON Schema of a connection's configuration.")
    steps: list[str] = Field(description="The steps to take in the other product before connecting.")
    documentation_url: str = Field(description="The other product's documentation.")
    callback_url: str | None = Field(
        description="For OAuth: the redirect URL to register in the other product. Otherwise null."
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

    connector: str = Field(min_length=1, max_length=40, description="The connector's `key`.", examples=["slack"])
    name: Name | None = Field(None, description="Left out: the connector's name.")
    configuration: dict[str, Any] = Field(description=_CONFIGURATION)


class ConnectionPatch(Input):
    """The changes; fields that are left out stay as they are."""

    name: Name | None = None
    enabled: bool | None = Field(None, description="false disables the connection until it is enabled again.")
    configuration: dict[str, Any] | None = Field(None, description=f"{_REPLACES} {_CONFIGURATION}")


class ResetIn(Input):
    """The confirmation of a reset."""

    confirm: bool = Field(description="Must be true.", examples=[True])


class ConnectionQuery(ListQuery):
    """Filters of the list of connections."""

    connector: str | None = Field(None, min_length=1, max_length=40)


class ConnectionOut(Output):
    """A connected product."""

    id: str = Field(pattern=ids.pattern(ids.CONNECTION))
    connector: str
    name: str
    state: ConnectionState = Field(description=_STATE)
    reason: str | None = Field(description="Why it is not enabled.")
    configuration: dict[str, Any]
    metadata: dict[str, Any] = Field(
        description="Facts from the product, such as the approved accounts. A reset clears them."
    )
    webhook_id: str | None = Field(
        description="The outgoing webhook of the connection, which has a delivery log; null: it has none."
    )
    incoming_webhook_id: str | None = Field(
        description="The incoming webhook of the connection, if the product posts to Ferryman."
    )
    livemode: bool
    created_by: str
    created_at: Time
    updated_at: Time
    connected_at: Time = Field(description="When it was connected or last reset.")

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
    """A new connection, with the secret or URL that is shown only once."""

    secret: str | None = Field(
        None,
        description="For an outgoing webhook: the signing secret, for receivers that verify signatures. Null in the "
        "answer to a repeated Idempotency-Key.",
    )
    url: str | None = Field(None, description="The secret URL to which the product must post, if it posts to Ferryman.")
    authorize_url: str | None = Field(
        None,
        description="For OAuth: the URL where you approve the connection within ten minutes. Null in the answer to "
        "a repeated Idempotency-Key.",
    )


class AuthorizationOut(Output):
    """The URL to approve a connection by OAuth."""

    authorize_url: str = Field(description="Open it in a browser within ten minutes. Only you can use it.")


class ApprovalIn(Input):
    """The product's callback after an approval."""

    callback: str = Field(
        min_length=1,
        max_length=8192,
        description="The query string that the product added to the callback URL, or the whole URL, unchanged.",
        examples=["state=con_01ARZ3NDEKTSV4RRFFQ69G5FAV.c3RhdGU&code=Y29kZQ"],
    )


class CheckOut(Output):
    """The result of checking a connection by OAuth."""

    ok: bool = Field(description="Whether the product answered and accepted the access token.")
    detail: str | None = Field(description="The error if `ok` is false.")
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
    expires_at: Time | None = Field(description="When the token expires; null: the product did not say.")

    @classmethod
    def of(cls, tokens: Tokens) -> Self:
        expires_at = None if tokens.expires_at is None else clock.iso(tokens.expires_at)
        return cls(access_token=tokens.access_token, expires_at=expires_at)

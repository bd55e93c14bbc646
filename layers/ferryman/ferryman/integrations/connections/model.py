"""Connection: another product that a workspace connected, by a connector of the catalogue.

Connecting a product creates an outgoing or an incoming webhook, which stores the connection's configuration. A product
that is connected by OAuth has no webhook: the connection stores the client and the encrypted tokens (`oauth.sealing`).
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from ferryman.aws import dynamodb as store

type ConnectionState = Literal["enabled", "disabled", "broken", "waiting", "needs_reconnecting"]


@dataclass(slots=True, kw_only=True)
class Connection(store.Record):
    """A connected product and its configuration, as an item of the table `connections`."""

    workspace_id: str
    connection_id: str
    connector: str  # the connector's key in the catalogue
    name: str
    webhook_id: str | None = None  # the outgoing webhook of the connection
    incoming_webhook_id: str | None = None  # the incoming webhook of the connection
    livemode: bool
    created_by: str
    created_at: str
    updated_at: str
    connected_at: str  # when it was connected or last reset
    metadata: dict[str, Any] = field(default_factory=dict)  # facts from the product; a reset clears them
    # By OAuth:
    client_id: str | None = None  # the id of the app that the workspace registered with the product
    sealed_client_secret: list[bytes] | None = None
    scopes: list[str] | None = None  # the scopes to request, instead of the connector's own
    approval: dict[str, Any] | None = None  # the approval that was begun: see `oauth.approvals`
    sealed_tokens: list[bytes] | None = None
    tokens_number: int = 0  # the number of token pairs so far, so that the same refresh token is not used twice
    tokens_expire_at: int | None = None  # epoch seconds; when the access token expires
    refreshing_until: int | None = None  # epoch seconds; until then, one request renews the tokens, and others wait
    disabled: bool = False
    reconnect_reason: str | None = None  # why a person must approve the connection again

    @property
    def uses_oauth(self) -> bool:
        return self.client_id is not None

    @property
    def oauth_state(self) -> tuple[ConnectionState, str | None]:
        """The state of a connection by OAuth, and the reason for the state; None if the connection is enabled."""
        if self.disabled:
            return "disabled", "disabled by a user"
        if self.reconnect_reason is not None:
            return "needs_reconnecting", self.reconnect_reason
        if self.sealed_tokens is None:
            return "waiting", "nobody has approved it in the product yet"
        return "enabled", None

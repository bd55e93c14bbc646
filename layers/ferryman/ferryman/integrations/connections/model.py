"""Connection: another product that a workspace connected, by a connector of the catalogue.

The webhook that it made, an outgoing or an incoming one, holds its configuration.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from ferryman.aws import dynamodb as store

type ConnectionState = Literal["enabled", "disabled", "broken"]


@dataclass(slots=True, kw_only=True)
class Connection(store.Record):
    workspace_id: str
    connection_id: str
    connector: str  # its key in the catalogue
    name: str
    webhook_id: str | None = None  # the outgoing webhook behind it
    incoming_webhook_id: str | None = None  # or the incoming one
    livemode: bool
    created_by: str
    created_at: str
    updated_at: str
    connected_at: str  # when it was made, or reset
    metadata: dict[str, Any] = field(default_factory=dict)  # what was learned of it since; a reset clears it

"""Context: the link between an application's message and a person's answers to it, for a limited time."""

import json
from dataclasses import dataclass
from typing import Any

from ferryman import clock
from ferryman.aws import dynamodb as store


@dataclass(slots=True, kw_only=True)
class Context(store.Record):
    """The link from an application's message to the answers, as an item of the table `contexts`."""

    workspace_id: str
    context_id: str
    application_id: str
    chat_id: str
    message_id: str
    user_id: str  # who got the message; "" in a group, because earlier releases need the attribute
    livemode: bool
    created_at: str
    expires_at: str
    expires_at_epoch: int  # when DynamoDB may delete the item; readers compare `expires_at`
    parameters_json: str | None = None  # JSON text of the application: a DynamoDB number would change 1.0 to 1
    answers: int = 0  # replies and clicks before `expires_at`
    answered_at: str | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The values that the application gave with its message."""
        parameters: dict[str, Any] = json.loads(self.parameters_json or "{}")
        return parameters

    def is_alive(self) -> bool:
        return clock.now_iso() < self.expires_at

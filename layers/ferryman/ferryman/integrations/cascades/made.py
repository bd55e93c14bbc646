"""A thing that a token made, and how its end went."""

from dataclasses import dataclass
from typing import Literal

type Kind = Literal[
    "token",
    "bot",
    "callback",
    "webhook",
    "incoming_webhook",
    "application",
    "application_token",
    "connection",
    "command",
    "notification",
    "user",
    "invitation",
]
type Ending = Literal["ended", "gone", "not_allowed", "conflict", "invite_again"]


@dataclass(frozen=True, slots=True)
class Made:
    """A thing that the token made, or one that was made with a token of its making."""

    kind: Kind
    id: str
    made_by: str  # the credential
    made_at: str
    audit_id: str

"""An object that a token made, and the result of ending it."""

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
    """An object that the token made, or that was made with a token or application that the token made."""

    kind: Kind
    id: str
    made_by: str  # the id of the credential that created it
    made_at: str
    audit_id: str

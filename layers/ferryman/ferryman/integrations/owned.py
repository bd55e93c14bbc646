"""The owner and the state of applications, commands and incoming webhooks."""

from typing import Literal

type State = Literal["enabled", "disabled"]
BY_A_USER = "disabled by a user"


class Owned:
    """Derives `owner` and `state` from the fields below, which each subclass declares itself as a dataclass."""

    __slots__ = ()
    created_by: str
    owner_id: str | None  # the person to whom it was handed over; None: the creator owns it
    disabled_reason: str | None

    @property
    def owner(self) -> str:
        return self.owner_id or self.created_by

    @property
    def state(self) -> State:
        return "disabled" if self.disabled_reason else "enabled"

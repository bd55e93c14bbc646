"""Owned: an application, a command or an incoming webhook has an owner, and a reason while it is disabled."""

from typing import Literal

type State = Literal["enabled", "disabled"]
BY_A_USER = "disabled by a user"


class Owned:
    """The rule of ownership, which the stored things inherit. Each has these fields itself."""

    __slots__ = ()
    created_by: str
    owner_id: str | None  # to whom it was handed over
    disabled_reason: str | None

    @property
    def owner(self) -> str:
        return self.owner_id or self.created_by

    @property
    def state(self) -> State:
        return "disabled" if self.disabled_reason else "enabled"

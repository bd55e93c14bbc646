"""What the API takes and gives for users."""

from typing import Literal, Self

from pydantic import Field

from ferryman import ids
from ferryman.schema import Email, Input, Name, Output, Time
from ferryman.scopes import Role, Scope
from ferryman.users.model import User

type PersonRole = Literal["owner", "admin", "manager", "staff"]


class UserIn(Input):
    """A new person of the workspace."""

    name: Name = Field(examples=["Ada Lovelace"])
    email: Email
    role: PersonRole = "staff"


class UserPatch(Input):
    """What to change; fields that are left out stay as they are."""

    name: Name | None = None
    email: Email | None = None
    role: PersonRole | None = None
    active: bool | None = Field(None, description="false stops every token of the user at once.")


class UserOut(Output):
    """A person or a bot."""

    id: str = Field(pattern=ids.pattern(ids.USER))
    name: str
    email: str | None
    role: Role
    active: bool
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            id=user.user_id,
            name=user.name,
            email=user.email,
            role=user.role,
            active=user.active,
            created_at=user.created_at,
            updated_at=user.updated_at,
        )


class MeOut(Output):
    """Who the token acts as, and what it may do."""

    user: UserOut
    workspace_id: str = Field(pattern=ids.pattern(ids.WORKSPACE))
    token_id: str
    scopes: list[Scope] = Field(description="What is left of the token's scopes under the user's role.")
    livemode: bool

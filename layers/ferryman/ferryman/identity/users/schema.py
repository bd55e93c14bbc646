"""Requests and responses of the API about users."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema

from ferryman import clock, ids
from ferryman.identity.avatar_urls import AvatarUrl
from ferryman.identity.credentials.model import Caller
from ferryman.identity.permissions import Role, Scope
from ferryman.identity.plans import Plan
from ferryman.identity.users.handles import HANDLE, is_free, is_handle
from ferryman.identity.users.model import User
from ferryman.schema import Description, Email, Input, ListQuery, Name, Output, Time


def _handle(text: str) -> str:
    if not is_handle(text):
        raise ValueError(
            "must be 1 to 32 lower-case letters, digits, dots, hyphens or underscores, "
            "with a letter or digit at both ends and without the @"
        )
    if not is_free(text):
        raise ValueError("is reserved: it means a whole chat; choose another")
    return text


type PersonRole = Literal["owner", "admin", "manager", "hr_admin", "staff"]
type Handle = Annotated[
    str,
    AfterValidator(_handle),
    WithJsonSchema({"type": "string", "pattern": f"^{HANDLE}$", "examples": ["deploy-bot"]}),
]
_HANDLE = "The name in mentions, without the @. Unique in the workspace."
_ABOUT = "The text of the profile card."


class UserIn(Input):
    """A new person of the workspace."""

    name: Name = Field(examples=["Ada Lovelace"])
    email: Email
    role: PersonRole = "staff"
    handle: Handle | None = Field(None, description=_HANDLE)
    avatar_url: AvatarUrl | None = None
    about: Description | None = Field(None, description=_ABOUT)


class UserPatch(Input):
    """The fields to change; those left out stay as they are."""

    name: Name | None = None
    email: Email | None = None
    role: PersonRole | None = None
    active: bool | None = Field(None, description="false: the user's tokens and sessions are refused at once.")
    handle: Handle | None = Field(None, description=f"{_HANDLE} null removes it.")
    avatar_url: AvatarUrl | None = Field(None, description="null removes it.")
    about: Description | None = Field(None, description=f"{_ABOUT} null removes it.")


class UserQuery(ListQuery):
    """Filters of a list of users."""

    handle: Handle | None = Field(None, description="Only the user with this handle.")
    email: Email | None = Field(None, description="Only the person with this address, ignoring case.")


class SignInOut(Output):
    """Whether a person has a password, an open invitation and a second factor."""

    has_password: bool
    invited_until: Time | None = Field(description="When the open invitation expires; null: none is open.")
    second_factor: bool = Field(description="Whether signing in needs a code.")

    @classmethod
    def of(cls, user: User) -> Self:
        is_open = user.invited_until is not None and user.invited_until > clock.now_iso()
        return cls(
            has_password=user.password_set_at is not None,
            invited_until=user.invited_until if is_open else None,
            second_factor=user.second_factor_at is not None,
        )


class UserOut(Output):
    """A person or a bot."""

    id: str = Field(pattern=ids.pattern(ids.USER))
    name: str
    email: str | None
    handle: str | None = Field(description=_HANDLE)
    avatar_url: str | None
    about: str | None = Field(description=_ABOUT)
    role: Role
    active: bool
    sign_in: SignInOut | None = Field(
        None, description="How the person signs in. Null for bots, and for callers without admin:*."
    )
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, user: User, caller: Caller | None = None) -> Self:
        """The user; with `sign_in` only for a person, and only if `caller` has admin:*."""
        return cls(
            sign_in=SignInOut.of(user) if caller and caller.is_admin and user.role != "bot" else None,
            id=user.user_id,
            name=user.name,
            email=user.email,
            handle=user.handle,
            avatar_url=user.avatar_url,
            about=user.about,
            role=user.role,
            active=user.active,
            created_at=user.created_at,
            updated_at=user.updated_at,
        )


class MeOut(Output):
    """Who the token or session acts as, and what it may do."""

    user: UserOut
    workspace_id: str = Field(pattern=ids.pattern(ids.WORKSPACE))
    plan: Plan = Field(description="The workspace's plan.")
    token_id: str | None = Field(description="The id of the token; null for a session.")
    session_id: str | None = Field(description="The id of the session; null for a token.")
    scopes: list[Scope] = Field(
        description="For a token, those of its scopes that the user's role has; for a session, all scopes of the role."
    )
    livemode: bool
    must_enrol: bool = Field(
        description="true: the workspace requires a second factor, and the session can only enrol one. Other routes "
        "answer 403 until then."
    )

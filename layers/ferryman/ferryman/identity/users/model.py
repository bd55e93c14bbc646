"""User: a person or a bot of a workspace."""

from dataclasses import dataclass

from ferryman.aws import dynamodb as store
from ferryman.identity import permissions


@dataclass(slots=True, kw_only=True)
class User(store.Record):
    workspace_id: str
    user_id: str
    name: str
    role: permissions.Role
    created_at: str
    updated_at: str
    email: str | None = None
    active: bool = True
    handle: str | None = None  # what mentions name: @handle; unique in the workspace
    avatar_url: str | None = None
    about: str | None = None  # the text of the profile card
    password_set_at: str | None = None  # when an invitation set the first password; never for bots
    invited_until: str | None = None  # until when the open invitation can be accepted
    second_factor_at: str | None = None  # since when signing in needs a code
    created_by: str | None = None  # of bots: the user who created it
    owner_id: str | None = None  # of bots: the user to whom it was handed over
    disabled_reason: str | None = None  # of bots that are not active, when nobody chose it
    livemode: bool = True  # of bots: false when a test credential created it; then test credentials may change it

    @property
    def owner(self) -> str | None:
        """The user who manages a bot."""
        return self.owner_id or self.created_by

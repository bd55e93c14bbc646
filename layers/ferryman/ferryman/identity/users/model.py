"""User: a person or a bot of a workspace."""

from dataclasses import dataclass
from typing import Self

from ferryman.aws import dynamodb as store
from ferryman.identity import permissions


@dataclass(slots=True, kw_only=True)
class User(store.Record):
    """A person or a bot, as an item of the table `users`."""

    workspace_id: str
    user_id: str
    name: str
    role: permissions.Role
    created_at: str
    updated_at: str
    email: str | None = None
    active: bool = True
    handle: str | None = None  # the name in mentions, without the @; unique in the workspace
    avatar_url: str | None = None
    about: str | None = None  # the text of the profile card
    password_set_at: str | None = None  # when an invitation set the first password; None for bots
    invited_until: str | None = None  # when the open invitation expires
    second_factor_at: str | None = None  # when the second factor was activated; since then, signing in needs a code
    created_by: str | None = None  # of bots: the user who created it
    owner_id: str | None = None  # of bots: the person to whom it was handed over; None: the creator owns it
    disabled_reason: str | None = None  # of bots: `owner_deactivated` or `owner_may_not`; None: a user chose it
    livemode: bool = True  # of bots: False if a test credential created it, and test credentials may change it

    @property
    def owner(self) -> str | None:
        """The id of the user who owns this bot; None for a person."""
        return self.owner_id or self.created_by


@dataclass(slots=True, kw_only=True)
class Tombstone(store.Record):
    """The record that remains of a deleted bot, so that its messages still have an author."""

    workspace_id: str
    user_id: str
    name: str
    deleted_at: str
    handle: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A user as the other members of a chat see them."""

    name: str | None
    handle: str | None
    avatar_url: str | None
    is_bot: bool
    deleted: bool = False

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(name=user.name, handle=user.handle, avatar_url=user.avatar_url, is_bot=user.role == "bot")

    @classmethod
    def of_deleted(cls, tombstone: Tombstone | None) -> Self:
        """The profile of a deleted bot. A bot that an earlier release deleted has no tombstone, and so no name."""
        if tombstone is None:
            return cls(name=None, handle=None, avatar_url=None, is_bot=True, deleted=True)
        return cls(name=tombstone.name, handle=tombstone.handle, avatar_url=None, is_bot=True, deleted=True)

"""Requests and responses of the API about chats and their members."""

from dataclasses import asdict
from typing import Annotated, Self

from pydantic import Field

from ferryman import ids
from ferryman.conversations.chats.model import Chat, ChatType, Member
from ferryman.conversations.chats.table import MAX_MEMBERS_AT_CREATION
from ferryman.identity.users.model import Profile
from ferryman.schema import Input, ListQuery, Name, Output, Time

type ChatHandle = Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9_.-]{0,62}[a-z0-9])?$")]
_HANDLE = "The chat's short name, like `builds` in `#builds`. Unique in the workspace."
type ExternalId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:@-]{1,128}$")]
_EXTERNAL_ID = "The chat's id in another system, such as an application's."


class ChatIn(Input):
    """A new chat. You are its first member."""

    name: Name = Field(examples=["Builds"])
    type: ChatType = "group"
    member_ids: list[Annotated[str, Field(pattern=ids.pattern(ids.USER))]] = Field(
        default_factory=list,
        max_length=MAX_MEMBERS_AT_CREATION,
        description="The ids of further members.",
    )
    handle: ChatHandle | None = Field(
        None, description=f"{_HANDLE} Left out: derived from the name, or null if another chat has that handle."
    )
    external_id: ExternalId | None = Field(None, description=_EXTERNAL_ID)


class ChatPatch(Input):
    """The fields to change; those left out stay as they are."""

    name: Name | None = None
    active: bool | None = Field(None, description="false closes the chat: it accepts no messages.")
    handle: ChatHandle | None = Field(None, description=f"{_HANDLE} null removes it.")
    external_id: ExternalId | None = Field(None, description=f"{_EXTERNAL_ID} null removes it.")


class ChatQuery(ListQuery):
    """Filters of a list of chats."""

    user_id: str | None = Field(
        None, pattern=ids.pattern(ids.USER), description="Only chats that this person or bot belongs to."
    )


class ChatOut(Output):
    """A chat."""

    id: str = Field(pattern=ids.pattern(ids.CHAT))
    name: str
    type: ChatType
    active: bool
    handle: str | None = Field(description=_HANDLE)
    external_id: str | None = Field(description=_EXTERNAL_ID)
    application_id: str | None = Field(description="In a private chat of a person and an application: the application.")
    livemode: bool = Field(
        description="true: a live credential created it. Test credentials can change only test chats."
    )
    created_by: str
    created_at: Time
    updated_at: Time

    @classmethod
    def of(cls, chat: Chat) -> Self:
        return cls(
            id=chat.chat_id,
            name=chat.name,
            type=chat.type,
            active=chat.active,
            handle=chat.handle,
            external_id=chat.external_id,
            application_id=chat.application_id,
            livemode=chat.livemode,
            created_by=chat.created_by,
            created_at=chat.created_at,
            updated_at=chat.updated_at,
        )


class MemberOut(Output):
    """A member of a chat."""

    user_id: str = Field(pattern=ids.pattern(ids.USER))
    name: str | None
    handle: str | None = Field(description="The name in mentions, without the @.")
    avatar_url: str | None
    is_bot: bool
    deleted: bool = Field(description="true while the bot is being deleted.")
    added_by: str
    added_at: Time

    @classmethod
    def of(cls, member: Member, profile: Profile) -> Self:
        return cls(user_id=member.user_id, added_by=member.added_by, added_at=member.added_at, **asdict(profile))

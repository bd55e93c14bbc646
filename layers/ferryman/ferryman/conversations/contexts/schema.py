"""Responses of the API about contexts."""

from typing import Any, Self

from pydantic import Field

from ferryman import ids
from ferryman.conversations.contexts.model import Context
from ferryman.schema import Output, Time


class ContextOut(Output):
    """The link between an application's message and people's answers to it, for a limited time."""

    id: str = Field(pattern=ids.pattern(ids.CONTEXT))
    application_id: str = Field(pattern=ids.pattern(ids.APPLICATION))
    chat_id: str = Field(pattern=ids.pattern(ids.CHAT))
    message_id: str = Field(pattern=ids.pattern(ids.MESSAGE), description="The application's message.")
    user_id: str | None = Field(
        pattern=ids.pattern(ids.USER), description="The recipient of the message; null: it went to a group."
    )
    parameters: dict[str, Any] = Field(description="The values that the application gave with its message.")
    answers: int = Field(
        description="How many replies and clicks came before `expires_at`. Answers in a group are not counted."
    )
    answered_at: Time | None = Field(description="The time of the last answer.")
    created_at: Time
    expires_at: Time = Field(description="Answers from this time on are delivered without the context.")

    @classmethod
    def of(cls, context: Context) -> Self:
        names = set(ContextOut.model_fields) - {"id", "user_id"}
        own = {"id": context.context_id, "user_id": context.user_id or None}
        return cls.model_validate(own | {name: getattr(context, name) for name in names})

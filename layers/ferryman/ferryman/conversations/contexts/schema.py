"""Responses of the API about contexts."""

from typing import Any, Self

from pydantic import Field

from ferryman import ids
from ferryman.conversations.contexts.model import Context
from ferryman.schema import Output, Time


class ContextOut(Output):
    """A context that has not expired."""

    id: str = Field(pattern=ids.pattern(ids.CONTEXT))
    application_id: str = Field(pattern=ids.pattern(ids.APPLICATION))
    chat_id: str = Field(pattern=ids.pattern(ids.CHAT))
    message_id: str = Field(pattern=ids.pattern(ids.MESSAGE), description="The application's message.")
    user_id: str | None = Field(
        pattern=ids.pattern(ids.USER), description="The person it was sent to; null for a message to a group."
    )
    parameters: dict[str, Any] = Field(description="The values that the application gave with its message.")
    answers: int = Field(description="Replies and clicks that came in time; those of a group are not counted.")
    answered_at: Time | None = Field(description="When the last of them came.")
    created_at: Time
    expires_at: Time = Field(description="From this moment on, answers go through without it.")

    @classmethod
    def of(cls, context: Context) -> Self:
        names = set(ContextOut.model_fields) - {"id", "user_id"}
        own = {"id": context.context_id, "user_id": context.user_id or None}
        return cls.model_validate(own | {name: getattr(context, name) for name in names})

"""Responses of the API about clicks on buttons and menus of attachments."""

from typing import Literal

from pydantic import Field

from ferryman import ids
from ferryman.conversations.messages.schema import MessageOut
from ferryman.schema import Output


class ActionClickOut(Output):
    """A click on a button or menu of an attachment, and its outcome."""

    message_id: str = Field(pattern=ids.pattern(ids.MESSAGE))
    action_id: str | None
    outcome: Literal["answered", "failed", "repeated"] = Field(
        description="`failed`: `detail` says why; `repeated`: this Idempotency-Key clicked before."
    )
    detail: str | None
    trigger_id: str | None = Field(description="The id of this click, which the integration got too.")
    message: MessageOut = Field(description="The message as it is now.")
    reply: MessageOut | None = Field(description="The message of the integration to you alone.")

"""Responses of the API about clicks on buttons and menus of attachments."""

from typing import Literal

from pydantic import Field

from ferryman import ids
from ferryman.conversations.messages.schema import MessageOut
from ferryman.schema import Output


class ActionClickOut(Output):
    """The outcome of a click on a button or menu of an attachment."""

    message_id: str = Field(pattern=ids.pattern(ids.MESSAGE))
    action_id: str | None
    outcome: Literal["answered", "failed", "repeated"] = Field(
        description="`failed`: `detail` says why. `repeated`: an earlier request with this Idempotency-Key clicked."
    )
    detail: str | None
    trigger_id: str | None = Field(description="The id of the click, which the integration got, too.")
    message: MessageOut = Field(description="The message after the click.")
    reply: MessageOut | None = Field(description="The integration's message that only you see.")

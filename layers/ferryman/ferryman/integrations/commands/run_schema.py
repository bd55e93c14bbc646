"""The answer to a message that ran a command."""

from typing import Literal

from pydantic import Field

from ferryman import ids
from ferryman.conversations.messages.schema import MessageOut
from ferryman.schema import Output


class CommandRunOut(Output):
    """The outcome of a message that ran a command and was not posted."""

    command_id: str = Field(pattern=ids.pattern(ids.COMMAND))
    outcome: Literal["answered", "failed", "repeated"] = Field(
        description="`failed`: `detail` says why. `repeated`: an earlier request with this Idempotency-Key ran it."
    )
    detail: str | None
    messages: list[MessageOut] = Field(
        description="The messages posted from the receiver's answer. Some may be visible to you only."
    )
    goto_location: str | None = Field(description="A URL that the receiver asks the client to open.")
    trigger_id: str | None = Field(description="The id of the run, which the receiver got, too.")

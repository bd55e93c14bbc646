"""The answer to a message that ran a command."""

from typing import Literal

from pydantic import Field

from ferryman import ids
from ferryman.conversations.messages.schema import MessageOut
from ferryman.schema import Output


class CommandRunOut(Output):
    """A command that was run instead of being posted, and its outcome."""

    command_id: str = Field(pattern=ids.pattern(ids.COMMAND))
    outcome: Literal["answered", "failed", "repeated"] = Field(
        description="`failed`: `detail` says why; `repeated`: this Idempotency-Key ran it before."
    )
    detail: str | None
    messages: list[MessageOut] = Field(description="The messages that the answer asked for; only you see some of them.")
    goto_location: str | None = Field(description="An address that the answer asks to open.")
    trigger_id: str | None = Field(description="The id of this run, which the receiver got too.")

"""Requests and responses of the API about a receiver's URL: whether it may be called, and whether it answers."""

from typing import Self

from pydantic import Field

from ferryman.outbound.outcomes import Delivered, ErrorClass, Outcome
from ferryman.schema import Input, Output


class SentOut(Output):
    """The answer of a receiver to the connectivity check."""

    ok: bool = Field(description="Whether it answered with a status from 200 to 299.")
    status: int | None = Field(description="The HTTP status of its answer; null when there was none.")
    error: ErrorClass | None = Field(description="Why there was no answer.")
    detail: str | None = Field(description="The same in words.")
    duration_ms: int
    excerpt: str | None = Field(description="The first kilobyte of its answer, as text.")

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        fields = dict.fromkeys(("status", "error", "detail", "excerpt"))
        values = vars(outcome) | {"ok": isinstance(outcome, Delivered)}
        return cls.model_validate(fields | {name: values[name] for name in cls.model_fields if name in values})


class ReceiverUrlIn(Input):
    """A URL that somebody is typing."""

    url: str = Field(description="As far as it is typed.", examples=["https://ci.example.com/ferryman"])


class ReceiverUrlOut(Output):
    """Whether a URL may be that of a webhook, a command, an application or a connection of this deployment."""

    ok: bool
    url: str | None = Field(description="As it would be stored and called; null when it may not be.")
    detail: str | None = Field(description="Why it may not be, and how to mend it; null when it may.")

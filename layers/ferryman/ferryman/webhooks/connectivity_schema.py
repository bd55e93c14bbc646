"""Requests and responses of the API about a receiver's URL: whether it may be called, and whether it answers."""

from typing import TYPE_CHECKING, Self

from pydantic import Field

from ferryman.outbound.error_class import ErrorClass
from ferryman.schema import Input, Output

if TYPE_CHECKING:  # only the check itself meets outcomes
    from ferryman.outbound.outcomes import Outcome


class SentOut(Output):
    """The answer of a receiver to the connectivity check."""

    ok: bool = Field(description="Whether it answered with a status from 200 to 299.")
    status: int | None = Field(description="The HTTP status of its answer; null when there was none.")
    error: ErrorClass | None = Field(description="Why there was no answer.")
    detail: str | None = Field(description="The same in words.")
    duration_ms: int
    excerpt: str | None = Field(description="The first kilobyte of its answer, as text.")

    @classmethod
    def of(cls, outcome: "Outcome") -> Self:
        status: int | None = getattr(outcome, "status", None)
        return cls(
            ok=status is not None and status < 300,
            status=status,
            error=getattr(outcome, "error", None),
            detail=getattr(outcome, "detail", None),
            duration_ms=outcome.duration_ms,
            excerpt=getattr(outcome, "excerpt", None),
        )


class ReceiverUrlIn(Input):
    """A URL that somebody is typing."""

    url: str = Field(description="As far as it is typed.", examples=["https://ci.example.com/ferryman"])


class ReceiverUrlOut(Output):
    """Whether a URL may be that of a webhook, a command, an application or a connection of this deployment."""

    ok: bool
    url: str | None = Field(description="As it would be stored and called; null when it may not be.")
    detail: str | None = Field(description="Why it may not be, and how to mend it; null when it may.")

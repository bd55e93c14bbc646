"""Requests and responses of the API about a receiver's URL: whether it may be called, and whether it answers."""

from typing import TYPE_CHECKING, Self

from pydantic import Field

from ferryman.outbound.error_class import ErrorClass
from ferryman.schema import Input, Output

if TYPE_CHECKING:  # only the check itself needs outcomes at run time
    from ferryman.outbound.outcomes import Outcome


class SentOut(Output):
    """The answer of a receiver to the connectivity check."""

    ok: bool = Field(description="Whether the receiver answered with a 2xx status.")
    status: int | None = Field(description="The HTTP status; null: no answer.")
    error: ErrorClass | None = Field(description="The kind of error; null: the receiver answered.")
    detail: str | None = Field(description="The error in words.")
    duration_ms: int
    excerpt: str | None = Field(description="The first 1,024 bytes of the answer's body, as text.")

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
    """A URL to check."""

    url: str = Field(description="It may be incomplete.", examples=["https://ci.example.com/ferryman"])


class ReceiverUrlOut(Output):
    """Whether this deployment accepts the URL for webhooks, commands, applications and connections."""

    ok: bool
    url: str | None = Field(description="The URL as it would be stored; null: it is refused.")
    detail: str | None = Field(description="Why the URL is refused, and how to correct it.")

"""Responses of the API about what a leaked token made."""

from typing import Self

from pydantic import Field

from ferryman.integrations.cascades.made import Ending, Kind, Made
from ferryman.schema import Output, Time

_KIND = (
    "`application_token`: the token of an application that was there before, made anew. `invitation`: the id is the "
    "person's."
)


class MadeOut(Output):
    """An object made with the token, or with a token or application made with it."""

    kind: Kind = Field(description=_KIND)
    id: str
    made_by: str = Field(description="The token, or the application, that made it.")
    made_at: Time
    is_there: bool = Field(description="False when it was deleted, revoked, deactivated, or sent since.")
    name: str | None = Field(description="Null when `is_there` is false, and for a webhook without a name.")

    @classmethod
    def of(cls, made: Made, *, is_there: bool, name: str | None) -> Self:
        return cls(kind=made.kind, id=made.id, made_by=made.made_by, made_at=made.made_at, is_there=is_there, name=name)


class EndingOut(Output):
    """The result of ending one object."""

    kind: Kind = Field(description=_KIND)
    id: str
    result: Ending = Field(
        description="`gone`: it had ended before; `not_allowed`: it stands above you; `conflict`: it was being changed "
        "at the same moment, so send the request again; `invite_again`: an invitation ends when the person is "
        "invited anew, or after a day."
    )


class EndingsOut(Output):
    """The results of ending all that a token made."""

    results: list[EndingOut]
    complete: bool = Field(description="False when there is more: send the request again.")

    @classmethod
    def of(cls, results: list[tuple[Made, Ending]], *, complete: bool) -> Self:
        shown = [EndingOut(kind=made.kind, id=made.id, result=result) for made, result in results]
        return cls(results=shown, complete=complete)

"""Responses of the API about what a leaked token made."""

from typing import Self

from pydantic import Field

from ferryman.integrations.cascades.made import Ending, Kind, Made
from ferryman.schema import Output, Time

_KIND = (
    "`application_token`: a new token of an existing application; `id` is the application's. `invitation`: `id` is "
    "the invited person's."
)


class MadeOut(Output):
    """An object that was created with the token, or with a token or application that the token created."""

    kind: Kind = Field(description=_KIND)
    id: str
    made_by: str = Field(description="The id of the token or application that created it.")
    made_at: Time
    is_there: bool = Field(description="false: it was deleted, revoked or deactivated, or the notification was sent.")
    name: str | None = Field(description="Null if `is_there` is false, and for a webhook without a name.")

    @classmethod
    def of(cls, made: Made, *, is_there: bool, name: str | None) -> Self:
        return cls(kind=made.kind, id=made.id, made_by=made.made_by, made_at=made.made_at, is_there=is_there, name=name)


class EndingOut(Output):
    """The result of ending one object."""

    kind: Kind = Field(description=_KIND)
    id: str
    result: Ending = Field(
        description="`gone`: it had ended before. `not_allowed`: you may not end it. `conflict`: another request "
        "was changing it; send the request again. `invite_again`: an invitation cannot be revoked; it ends after 24 "
        "hours, or when you invite the person again."
    )


class EndingsOut(Output):
    """The results of ending all that a token made."""

    results: list[EndingOut]
    complete: bool = Field(description="false: there are more objects; send the request again.")

    @classmethod
    def of(cls, results: list[tuple[Made, Ending]], *, complete: bool) -> Self:
        shown = [EndingOut(kind=made.kind, id=made.id, result=result) for made, result in results]
        return cls(results=shown, complete=complete)

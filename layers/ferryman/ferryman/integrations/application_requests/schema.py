"""Responses of the API about the log of an application's requests."""

from typing import Self

from pydantic import Field

from ferryman import ids
from ferryman.integrations.application_requests.model import ApplicationRequest, Endpoint, RequestOutcome
from ferryman.schema import Output, Time


class ApplicationRequestOut(Output):
    """One request that an application sent, without its token and text."""

    id: str = Field(pattern=ids.pattern(ids.APPLICATION_REQUEST))
    at: Time
    endpoint: Endpoint = Field(description="`group`: a post to the application's group; `person`: to one person.")
    outcome: RequestOutcome
    status: int = Field(description="The HTTP status of the answer.")
    error: str | None = Field(description="The error text of the answer; null: the request was accepted.")
    message_id: str | None
    context_id: str | None
    request_id: str | None = Field(description="The X-Request-Id of the answer.")

    @classmethod
    def of(cls, request: ApplicationRequest) -> Self:
        names = set(ApplicationRequestOut.model_fields) - {"id"}
        return cls.model_validate(
            {"id": request.application_request_id, **{name: getattr(request, name) for name in names}}
        )

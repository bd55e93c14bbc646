"""Application request: a log entry about one request of an application, with the outcome and without the content."""

from dataclasses import dataclass
from typing import Literal

from ferryman.aws import dynamodb as store

type Endpoint = Literal["group", "person"]
type RequestOutcome = Literal["accepted", "refused", "failed"]


@dataclass(slots=True, kw_only=True)
class ApplicationRequest(store.Record):
    """One request of an application, as an item of the table `application_requests`."""

    workspace_id: str
    application_id: str
    application_request_id: str
    at: str
    endpoint: Endpoint
    outcome: RequestOutcome
    status: int
    expires_at_epoch: int
    error: str | None = None
    message_id: str | None = None
    context_id: str | None = None
    request_id: str | None = None

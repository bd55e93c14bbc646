"""Writes an application's request into its log when the request ends."""

from dataclasses import dataclass

from ferryman import clock, ids, log, settings
from ferryman.integrations.application_requests import table as requests
from ferryman.integrations.application_requests.model import ApplicationRequest, Endpoint, RequestOutcome
from ferryman.integrations.applications.model import Application

_DAY_SECONDS = 86_400


@dataclass(slots=True)
class RequestLog:
    """Collects the fields of a request's entry in the application's log while the request is carried out."""

    endpoint: Endpoint
    request_id: str
    application: Application | None = None
    message_id: str | None = None
    chat_id: str | None = None
    context_id: str | None = None

    def end(self, status: int, error: str | None = None) -> None:
        """Store the entry, with the HTTP `status` of the answer and the error text, None for an accepted request.

        Does nothing if the application is unknown. A failure to store the entry is logged and raises nothing.
        """
        if self.application is None:
            return
        now = clock.now()
        outcome: RequestOutcome = "accepted" if error is None else "refused" if status < 500 else "failed"
        request = ApplicationRequest(
            workspace_id=self.application.workspace_id,
            application_id=self.application.application_id,
            application_request_id=ids.new(ids.APPLICATION_REQUEST),
            at=clock.iso(now),
            endpoint=self.endpoint,
            outcome=outcome,
            status=status,
            error=error,
            message_id=self.message_id,
            context_id=self.context_id,
            request_id=self.request_id,
            expires_at_epoch=int(now) + settings.integer("LOG_RETENTION_DAYS") * _DAY_SECONDS,
        )
        try:
            requests.keep(request)
        except Exception as failure:
            log.warning("application_request.lost", error=type(failure).__name__, request_id=self.request_id)

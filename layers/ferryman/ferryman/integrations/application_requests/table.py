"""The table `application_requests`: (application, application_request_id) → request.

`application` is `<workspace_id>/<application_id>`. A row expires with the logs (`LOG_RETENTION_DAYS`).
"""

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.integrations.application_requests.model import ApplicationRequest

TABLE = "application_requests"


def keep(request: ApplicationRequest) -> None:
    key = {"application": f"{request.workspace_id}/{request.application_id}"}
    store.commit([store.put(TABLE, {**request.to_item(), **key})])


def page(
    workspace_id: str, application_id: str, limit: int, after: store.Key | None
) -> tuple[list[ApplicationRequest], store.Key | None]:
    """A page of the application's requests, newest first, and the key after which the next one begins."""
    page = store.page(
        TABLE,
        "application = :application",
        {":application": f"{workspace_id}/{application_id}", ":now": int(clock.now())},
        where="expires_at_epoch > :now",
        newest_first=True,
        key=("application", "application_request_id"),
        limit=limit,
        after=after,
    )
    return [ApplicationRequest.from_item(item) for item in page.items], page.last_key

"""The application's own token as a bearer: it is the application, on the few routes that are for applications."""

from ferryman.errors import NotAuthenticated
from ferryman.identity import permissions, rates
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials import service as credentials_service
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller, Source
from ferryman.integrations.applications import table

_UNKNOWN = "The token is not known. It may have been revoked; POST /v1/applications/{id}/rotate-token gives a new one."


def authenticate(token: str, source: Source) -> Caller:
    """The application behind a token of its own. Since it is not a user, it belongs to no chat and owns nothing.

    Raises NotAuthenticated, also for an application that is disabled, and TooManyRequests. One consistent read, as for
    every token, so that a revoked one is refused at the next request.
    """
    credential = credentials.find(secrets.digest(token))
    if credential is None or credential.kind != "application":
        raise NotAuthenticated(_UNKNOWN)
    if not credential.active:
        raise NotAuthenticated("The application is disabled. PATCH /v1/applications/{id} with state: enabled opens it.")
    rates.spend_of_url(credential.workspace_id, credential.subject_id)
    credentials_service.mark_used(credential, table.TABLE, table.key(credential.workspace_id, credential.subject_id))
    return Caller(
        workspace_id=credential.workspace_id,
        user_id=credential.subject_id,
        role="bot",
        livemode=credential.livemode,
        scopes=permissions.OF_APPLICATIONS,
        credential_id=credential.subject_id,
        kind="application",
        source=source,
        plan=credentials_service.plan_of(credential.plan),
        stored_plan=credential.plan,
        application_id=credential.subject_id,
    )

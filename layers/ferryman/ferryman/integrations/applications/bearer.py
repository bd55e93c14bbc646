"""Authenticates an application by its own token, as a bearer token on the few routes that are for applications."""

from ferryman.errors import NotAuthenticated
from ferryman.identity import permissions, rates
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials import service as credentials_service
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller, Source
from ferryman.integrations.applications import table

_UNKNOWN = "The token is not known. It may have been revoked; POST /v1/applications/{id}/rotate-token gives a new one."


def authenticate(token: str, source: Source) -> Caller:
    """The caller for an application's own token. The caller's `user_id` is the application's id, not a user's.

    Makes one consistent read, so that a revoked token is refused at the next request. Raises NotAuthenticated for an
    unknown token or a disabled application, and TooManyRequests as `rates.spend_of_url` does.
    """
    credential = credentials.find(secrets.digest(token))
    if credential is None or credential.kind != "application":
        raise NotAuthenticated(_UNKNOWN)
    if not credential.active:
        raise NotAuthenticated(
            "The application is disabled. Enable it first: PATCH /v1/applications/{id} with state: enabled."
        )
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

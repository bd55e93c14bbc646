"""Authenticating: from a secret to the caller behind it."""

from typing import Literal, cast

from ferryman import clock, settings
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, EnrolmentRequired, NotAuthenticated, NotFound, RetryLater
from ferryman.identity import permissions, rates
from ferryman.identity.credentials import secrets, table
from ferryman.identity.credentials.model import Caller, Credential, Source
from ferryman.identity.plans import Plan

_UNKNOWN = {
    "token": "The token is not known. It may have been revoked; create a new one with POST /v1/tokens.",
    "session": "The session is not known. It may have ended; sign in again with POST /v1/sessions.",
}
_ENROL = (
    "The workspace requires a second factor, and you have none yet. Enrol one with POST /v1/me/totp and "
    "POST /v1/me/totp/verify; then this session may do all that your role allows."
)
_EXPIRED = {
    "token": "The token has expired. Create a new one with POST /v1/tokens.",
    "session": "The session has expired. Sign in again with POST /v1/sessions.",
}


def authenticate(token: str, source: Source | None = None, *, enrolling: bool = False) -> Caller:
    """The caller behind an API token or a session. Takes one consistent read.

    Raises NotAuthenticated with a text that tells the client what to do, and TooManyRequests for a token whose
    workspace is over its rate limit. Raises EnrolmentRequired for a session that may only enrol a second factor, unless
    `enrolling` says that the request is for a route that such a session may call. The time of use is written at most
    every ten minutes.
    """
    if not token.startswith(("fm_live_", "fm_test_", secrets.SESSION_PREFIX)):
        raise NotAuthenticated(
            "The token must start with fm_live_ or fm_test_, or with fm_sess_ for a session. An application's own "
            "token can only read its contexts and send its messages."
        )
    if not secrets.is_token(token):
        raise NotAuthenticated("The token is incomplete or mistyped: its checksum does not match.")
    kind: Literal["token", "session"] = "session" if token.startswith(secrets.SESSION_PREFIX) else "token"
    credential = table.find(secrets.digest(token))
    if credential is None or credential.kind != kind:
        raise NotAuthenticated(_UNKNOWN[kind])
    if credential.is_expired():
        raise NotAuthenticated(_EXPIRED[kind])
    if credential.disabled:
        raise NotAuthenticated("The token is disabled. Enable it again, or use another one.")
    if not credential.active:
        raise NotAuthenticated("The user behind this token was deactivated.")
    if credential.enrols_only and not enrolling:
        raise EnrolmentRequired(_ENROL)
    if kind == "session":
        held = permissions.of_role(credential.role)
        mark_used(credential)
    else:
        # Sessions have no rate, so that a person can always revoke a token that makes too many calls.
        rates.spend_of_workspace(credential.workspace_id)
        held = permissions.effective(credential.scopes, credential.role)
        mark_used(credential, "tokens", {"workspace_id": credential.workspace_id, "token_id": credential.subject_id})
    return Caller(
        workspace_id=credential.workspace_id,
        user_id=credential.user_id,
        role=credential.role,
        livemode=credential.livemode,
        scopes=held,
        credential_id=credential.subject_id,
        expires_at=credential.expires_at,
        kind=kind,
        source=source or Source(),
        plan=plan_of(credential.plan),
        stored_plan=credential.plan,
        enrols_only=bool(credential.enrols_only),
    )


def plan_of(stored: Plan | None) -> Plan:
    """The workspace's plan: `stored`, or the deployment's default if that is None."""
    return stored or cast(Plan, settings.text("DEFAULT_PLAN"))


def mark_used(credential: Credential, record_table: str | None = None, record_key: store.Key | None = None) -> None:
    """Write the time of this use to the credential, at most every ten minutes.

    If a record's table and key are given, also write it to that record, for lists. Raises NotAuthenticated when the
    credential was revoked in between.
    """
    if not table.wants_used_mark(credential):
        return
    at = clock.now_iso()
    writes = [table.changing(credential.secret_hash, used_at=at)]
    if record_table and record_key:
        writes.append(
            store.set_values(
                record_table,
                record_key,
                {"last_used_at": at},
                condition=f"attribute_exists({next(iter(record_key))})",
                refused=NotFound("gone"),
            )
        )
    unknown = NotAuthenticated(_UNKNOWN["session" if credential.kind == "session" else "token"])
    try:
        store.commit(writes)
    except NotFound:
        raise unknown from None
    except (Conflict, RetryLater):
        # A parallel request with the same credential is writing the same mark, or the mark is throttled. Neither
        # stops this request; but revocation may be what collided, so look once more.
        if table.find(credential.secret_hash) is None:
            raise unknown from None

"""Authenticating: from a secret to the caller behind it."""

from ferryman import clock, scopes, store
from ferryman.credentials import secrets, table
from ferryman.credentials.model import Caller, Credential
from ferryman.errors import Conflict, NotAuthenticated, NotFound

_UNKNOWN = "The token is not known. It may have been revoked; create a new one with POST /v1/tokens."


def authenticate(token: str) -> Caller:
    """The caller behind an API token. Raises NotAuthenticated with a text that says what to do.

    One consistent read; `last_used_at` is written at most every ten minutes.
    """
    if not token.startswith(("fm_live_", "fm_test_")):
        raise NotAuthenticated("The token must start with fm_live_ or fm_test_.")
    if not secrets.is_token(token):
        raise NotAuthenticated("The token is incomplete or mistyped: its checksum does not match.")
    credential = table.find(secrets.digest(token))
    if credential is None or credential.kind != "token":
        raise NotAuthenticated(_UNKNOWN)
    if credential.is_expired():
        raise NotAuthenticated("The token has expired. Create a new one with POST /v1/tokens.")
    if not credential.active:
        raise NotAuthenticated("The user behind this token was deactivated.")
    mark_used(credential, "tokens", {"workspace_id": credential.workspace_id, "token_id": credential.subject_id})
    return Caller(
        workspace_id=credential.workspace_id,
        user_id=credential.user_id,
        role=credential.role,
        livemode=credential.livemode,
        scopes=scopes.effective(credential.scopes, credential.role),
        credential_id=credential.subject_id,
        expires_at=credential.expires_at,
    )


def mark_used(credential: Credential, record_table: str, record_key: store.Key) -> None:
    """Write `last_used_at` on the credential and on the record that lists show, at most every ten minutes."""
    if not table.wants_used_mark(credential):
        return
    at = clock.now_iso()
    first_key = next(iter(record_key))
    try:
        store.commit(
            [
                table.changing(credential.secret_hash, used_at=at),
                store.set_values(
                    record_table,
                    record_key,
                    {"last_used_at": at},
                    condition=f"attribute_exists({first_key})",
                    refused=NotFound("gone"),
                ),
            ]
        )
    except NotFound:
        raise NotAuthenticated(_UNKNOWN) from None
    except Conflict:
        # A parallel request with the same credential is writing the same mark; but revocation may be what
        # collided, so look once more.
        if table.find(credential.secret_hash) is None:
            raise NotAuthenticated(_UNKNOWN) from None

"""Signing in: from an address, a password and perhaps a code to a session."""

from typing import Any

from ferryman import clock, ids, log, settings
from ferryman.aws import dynamodb as store
from ferryman.errors import Invalid, NotAuthenticated, NotFound, SecondFactorRequired
from ferryman.identity import permissions
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller, Credential, Source
from ferryman.identity.logins import passwords, proofs
from ferryman.identity.logins import sign_in_failures as attempts
from ferryman.identity.logins import table as logins
from ferryman.identity.logins.model import Login
from ferryman.identity.sessions import table
from ferryman.identity.sessions.model import Session
from ferryman.identity.sessions.schema import SessionIn
from ferryman.identity.users import emails
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.identity.workspaces import table as workspaces
from ferryman.redaction import redact

_REFUSED = (
    "The e-mail address or the password is wrong, or the person is not active. "
    "For an address that is in several workspaces, name one in workspace_id."
)
_CODE_NEEDED = "The second factor is active: send its code in `code`, or one of the recovery codes in `recovery_code`."
_CODE_REFUSED = "The code of the second factor is wrong, too old, or was used before. Send the next one."
# A person who does not exist. An unknown address is looked up and checked like a known one, so it takes as long.
_NOBODY = (f"{ids.WORKSPACE}_{'0' * 26}", f"{ids.USER}_{'0' * 26}")
_SHOWN_OF_USER_AGENT = 200


def sign_in(source: Source, wanted: SessionIn) -> tuple[Session, str]:
    """Start a session for a person who sends an address, a password and perhaps a code.

    Returns the session and its token. Raises NotAuthenticated, with the same text for a wrong address, a wrong password
    and an inactive person; SecondFactorRequired when the password is right but the code is missing or wrong;
    TooManyAttempts after ten failures, also for an unknown address; and Invalid when the password is right but the
    address is in several workspaces and the request names none.
    """
    subject = attempts.at_email(emails.digest(wanted.email), wanted.workspace_id)
    attempts.begin(subject)
    people = emails.find(wanted.email)
    named = [person for person in people if wanted.workspace_id in (None, person[0])]
    # Exactly one hash is computed, so that the time does not reveal how many people match.
    workspace_id, user_id = named[0] if named else _NOBODY
    login = logins.get(workspace_id, user_id)
    user = _active(workspace_id, user_id)
    if not passwords.matches(wanted.password, login.password_hash) or user is None:
        _refused("password" if user else "unknown", source)
        raise NotAuthenticated(_REFUSED)
    if len(named) > 1:
        raise Invalid("Your e-mail address is in several workspaces: name one.", "/workspace_id")
    writes, details = _second_factor(login, wanted, source)
    session, secret, starting = prepare(
        user, livemode=wanted.livemode, source=source, has_second_factor=login.totp_secret is not None
    )
    store.commit(
        [
            *writes,
            *starting,
            *forgetting_failures(user, people),
            *audit.writes(_caller(session, user, source), "session.created", session.session_id, details),
        ]
    )
    if login.totp_secret and not user.second_factor_at:  # an earlier version activated it without this
        store.commit([users.signing_in_by(workspace_id, user_id, second_factor_at=clock.now_iso())])
    log.event("session.created", workspace_id=workspace_id, user_id=user_id, session_id=session.session_id)
    return session, secret


def _active(workspace_id: str, user_id: str) -> User | None:
    try:
        user = users.get(workspace_id, user_id)
    except NotFound:
        return None
    return user if user.active else None


def _second_factor(login: Login, wanted: SessionIn, source: Source) -> tuple[list[store.Write], dict[str, Any]]:
    """Verify the code if the person has a second factor.

    Returns a write for the caller's transaction, and details for the audit record. The write marks the code as used;
    without a second factor it checks that the login did not change. Raises SecondFactorRequired for a missing or wrong
    code.
    """
    if login.totp_secret is None:
        return [logins.unchanged(login, refused=NotAuthenticated(_REFUSED))], {}
    if wanted.code is None and wanted.recovery_code is None:
        raise SecondFactorRequired(_CODE_NEEDED)
    used = proofs.second_factor_used(login, wanted.code, wanted.recovery_code)
    if used is None:
        _refused("second_factor", source)
        raise SecondFactorRequired(_CODE_REFUSED)
    kind = "recovery_code" if wanted.recovery_code else "totp"
    return [logins.changing(login, refused=SecondFactorRequired(_CODE_REFUSED), **used)], {"second_factor": kind}


def prepare(
    user: User, *, livemode: bool, source: Source, has_second_factor: bool = True, is_checked: bool = False
) -> tuple[Session, str, list[store.Write]]:
    """A new session of a user who has proved who they are, its token, and the writes that create it.

    If the workspace requires a second factor and the user has none, the session can only enrol one. The writes check
    the user's role and activity, unless `is_checked` says that the caller's transaction checks them already.
    """
    secret = secrets.new_session()
    workspace = workspaces.get(user.workspace_id)
    limited = True if workspace.requires_second_factor and not has_second_factor else None
    now = clock.now()
    ends = now + settings.integer("SESSION_HOURS") * 3600
    session = Session(
        workspace_id=user.workspace_id,
        user_id=user.user_id,
        session_id=ids.new(ids.SESSION),
        secret_hash=secrets.digest(secret),
        livemode=livemode,
        created_at=clock.iso(now),
        expires_at=clock.iso(ends),
        expires_at_epoch=int(ends),
        ip=source.ip,
        user_agent=_shown(source.user_agent),
        enrols_only=limited,
    )
    credential = Credential(
        secret_hash=session.secret_hash,
        kind="session",
        workspace_id=session.workspace_id,
        subject_id=session.session_id,
        user_id=session.user_id,
        role=user.role,
        livemode=session.livemode,
        expires_at=session.expires_at,
        expires_at_epoch=session.expires_at_epoch,
        plan=workspace.plan,
        enrols_only=limited,
    )
    acting = users.acting(user.workspace_id, user.user_id, user.role, refused=NotAuthenticated(_REFUSED))
    as_copied = workspaces.as_read(workspace)
    checks = [as_copied] if is_checked else [acting, as_copied]
    return session, secret, [table.creating(session), credentials.creating(credential), *checks]


def _shown(user_agent: str | None) -> str | None:
    if not user_agent:
        return None
    return redact("".join(filter(str.isprintable, user_agent)))[:_SHOWN_OF_USER_AGENT]


def _caller(session: Session, user: User, source: Source) -> Caller:
    return Caller(
        workspace_id=user.workspace_id,
        user_id=user.user_id,
        role=user.role,
        livemode=session.livemode,
        scopes=permissions.of_role(user.role),
        credential_id=session.session_id,
        kind="session",
        source=source,
    )


def forgetting_failures(user: User, people: list[tuple[str, str]]) -> list[store.Write]:
    """The writes that delete the counts of failures of a user who signed in.

    `people` are all users with the same address. If several share it, the count for signing in without naming a
    workspace stays. Otherwise one of them could sign in again and again, and guess another's password in between.
    """
    if not user.email:
        return []
    hashed = emails.digest(user.email)
    workspace_ids = [user.workspace_id, None] if len(people) == 1 else [user.workspace_id]
    return [attempts.clearing(attempts.at_email(hashed, workspace_id)) for workspace_id in workspace_ids]


def _refused(reason: str, source: Source) -> None:
    log.event("session.refused", reason=reason, ip=source.ip, request_id=source.request_id)

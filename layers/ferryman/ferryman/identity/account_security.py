"""Passwords, sign-in addresses and second factors: setting, changing, resetting and removing them."""

from dataclasses import replace
from typing import Any

from ferryman import clock, log
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, Invalid, NotAllowed, NotAuthenticated, NotFound
from ferryman.identity import authority, permissions
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller, Source
from ferryman.identity.logins import invitations, passwords, proofs, sealing, second_factor, table
from ferryman.identity.logins import sign_in_failures as attempts
from ferryman.identity.logins.model import Login
from ferryman.identity.logins.schema import AcceptIn, EmailIn, PasswordIn, ProofIn
from ferryman.identity.sessions import service as sessions
from ferryman.identity.sessions import signing_in
from ferryman.identity.sessions import table as sessions_table
from ferryman.identity.sessions.model import Session
from ferryman.identity.users import emails
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.identity.users.service import Notice
from ferryman.identity.workspaces import table as workspaces

_NOT_INVITED = "The invitation is not known: it was used, replaced by a newer one, or it expired. Ask for a new one."


def invite(caller: Caller, user_id: str, notice: Notice) -> tuple[str, str, str]:
    """Create an invitation with which a person sets their password, and revoke their earlier one.

    Returns the invitation's id, its secret and the time when it expires (ISO). The holder of the secret can sign in as
    the person, so a caller cannot invite themselves, nor a person who may do more than the caller. If the person has a
    password already, the invitation is a reset: only an owner may create it, and `notice` returns the writes that
    notify the person. Raises NotFound, NotAllowed, and Conflict for a bot, for an inactive person, and when the person
    changed at the same moment.
    """
    user = _person(caller, user_id)
    telling: list[store.Write] = []
    if user.password_set_at:
        _require_may_reset(caller, user, "password")
        telling = [*notice(user, "An owner invited you to set a new password")]
    if not user.active:
        raise Conflict("The person is not active. Activate them first: PATCH /v1/users/{id} with active: true.")
    login = table.get(user.workspace_id, user_id)
    credential, secret = invitations.prepare(user)
    changed = Conflict("The person was changed at the same moment. Read them again, then retry.")
    store.commit(
        [
            credentials.creating(credential),
            table.changing(login, invitation_hash=credential.secret_hash),
            *([credentials.revoking(login.invitation_hash)] if login.invitation_hash else []),
            users.inviting(user, str(credential.expires_at), refused=changed),
            *telling,
            *audit.writes(caller, "user.invited", user_id, {"role": user.role}),
        ]
    )
    return credential.subject_id, secret, str(credential.expires_at)


def _person(caller: Caller, user_id: str) -> User:
    """The person `user_id`, whom the caller may invite or reset.

    Raises NotFound, Conflict for a bot, and NotAllowed for a test credential, for the caller themselves, and for a
    person who may do more than the caller.
    """
    authority.require_live(caller)
    user = users.get(caller.workspace_id, user_id)
    if user.role == "bot":
        raise Conflict("This is a bot: it has no password, it uses API tokens.")
    if user.user_id == caller.user_id:
        raise NotAllowed(
            "You cannot invite or reset yourself. Change your own password and second factor in a session: "
            "POST /v1/me/password, DELETE /v1/me/totp."
        )
    if permissions.outranks(user.role, caller.role):
        raise NotAllowed(f"A user with the role {caller.role} cannot do this for a user with the role {user.role}.")
    broader = permissions.broader_than(permissions.of_role(user.role), caller.scopes)
    if broader:
        raise NotAllowed(f"The person has scopes that your credential lacks: {', '.join(broader)}.")
    return user


def _require_may_reset(caller: Caller, user: User, part: str) -> None:
    if not authority.may_reset_sign_in(caller, user):
        raise NotAllowed(f"Only an owner with the scope {permissions.ADMIN} can reset the {part} of {user.name}.")


def accept(source: Source, wanted: AcceptIn) -> tuple[User, tuple[Session, str] | None]:
    """Redeem an invitation: set the invited person's password and end all their sessions. An invitation works once.

    Returns the person, and a new session with its token. If the person has a second factor, None takes the session's
    place: the person then signs in with the new password and a code. Raises NotAuthenticated for an invitation that is
    unknown, used or expired, or whose person is inactive or got another role since; Invalid when the password is the
    person's e-mail address; and Conflict if the person's login changed after it was read.
    """
    refused = NotAuthenticated(_NOT_INVITED)
    if not wanted.token.startswith(secrets.INVITATION_PREFIX) or not secrets.is_token(wanted.token):
        raise NotAuthenticated("The invitation is incomplete or mistyped. It starts with fm_invt_.")
    credential = credentials.find(secrets.digest(wanted.token))
    if credential is None or credential.kind != "invitation" or credential.is_expired():
        raise refused
    try:
        user = users.get(credential.workspace_id, credential.user_id)
    except NotFound:
        raise refused from None
    login = table.get(user.workspace_id, user.user_id)
    _refuse_email(wanted.password, user, "/password")
    people = emails.find(user.email) if user.email else []
    person = Caller(
        workspace_id=user.workspace_id,
        user_id=user.user_id,
        role=user.role,
        livemode=True,
        scopes=permissions.of_role(user.role),
        credential_id=credential.subject_id,
        source=source,
    )
    started: tuple[Session, str] | None = None
    starting: list[store.Write] = []
    keep: str | None = None
    if login.totp_secret is None:
        session, secret, starting = signing_in.prepare(
            user, livemode=True, source=source, has_second_factor=False, is_checked=True
        )
        started, keep = (session, secret), session.session_id
        starting += audit.writes(person, "session.created", session.session_id)
    store.commit(
        [
            credentials.redeeming(credential.secret_hash, refused),
            table.changing(login, password_hash=passwords.hashed(wanted.password), invitation_hash=None),
            # Only for the role that the person had when invited: the inviter may have no right to grant another one.
            users.having_password(user, credential.role, clock.now_iso(), refused=refused),
            *signing_in.forgetting_failures(user, people),
            *sessions.ending_some(user.workspace_id, user.user_id),
            *audit.writes(person, "password.set", user.user_id),
            *starting,
        ]
    )
    sessions.end_all(user.workspace_id, user.user_id, keep=keep)
    log.event("password.set", workspace_id=user.workspace_id, user_id=user.user_id)
    return user, started


def change_password(caller: Caller, wanted: PasswordIn) -> None:
    """Change the caller's password, end all their other sessions, and revoke an open invitation.

    Raises Invalid for a wrong current password, or a new one that is the same or the e-mail address; TooManyAttempts
    after ten wrong passwords; NotAllowed for a test credential; and Conflict if the login changed after it was read.
    """
    login, clearing = _step_up(caller, wanted.current_password)
    user = users.get(caller.workspace_id, caller.user_id)
    _refuse_email(wanted.new_password, user, "/new_password")
    if passwords.normal(wanted.current_password) == wanted.new_password:
        raise Invalid("This is the password you have. Choose another one.", "/new_password")
    invitation = []
    if login.invitation_hash:
        withdrawn = users.signing_in_by(caller.workspace_id, caller.user_id, invited_until=None)
        invitation = [credentials.revoking(login.invitation_hash), withdrawn]
    store.commit(
        [
            table.changing(login, password_hash=passwords.hashed(wanted.new_password), invitation_hash=None),
            *invitation,
            clearing,
            *sessions.ending_some(caller.workspace_id, caller.user_id, keep=caller.credential_id),
            *audit.writes(caller, "password.changed", caller.user_id),
        ]
    )
    sessions.end_all(caller.workspace_id, caller.user_id, keep=caller.credential_id)


def change_email(caller: Caller, wanted: EmailIn) -> User:
    """Change the address with which the caller signs in. Returns the changed user.

    Raises Conflict when another user of the workspace has the address, or the caller changed in between; Invalid for a
    wrong password, TooManyAttempts after ten wrong passwords, and NotAllowed for a test credential.
    """
    login, clearing = _step_up(caller, wanted.current_password)
    before = users.get(caller.workspace_id, caller.user_id)
    after = replace(before, email=wanted.email, updated_at=clock.now_iso())
    store.commit(
        [
            *users.changing(before, after),
            *emails.relisting(before, after),
            table.unchanged(login, refused=Conflict("Your sign-in was changed at the same moment. Send it again.")),
            clearing,
            *audit.writes(caller, "user.email_changed", caller.user_id),
        ]
    )
    return after


def _step_up(caller: Caller, password: str) -> tuple[Login, store.Write]:
    """Verify the caller's password again, because a session alone may be stolen.

    Returns the caller's login, and the write that resets the count of failures. Raises Invalid for a wrong password,
    TooManyAttempts after ten wrong passwords, and NotAllowed for a test credential.
    """
    authority.require_live(caller)
    subject = attempts.by_user(caller.workspace_id, caller.user_id)
    attempts.begin(subject)
    login = table.get(caller.workspace_id, caller.user_id)
    if not passwords.matches(password, login.password_hash):
        raise Invalid("This is not your password.", "/current_password")
    return login, attempts.clearing(subject)


def _refuse_email(password: str, user: User, pointer: str) -> None:
    if user.email and passwords.is_email(password, user.email):
        raise Invalid("must not be the e-mail address.", pointer)


def enrol_totp(caller: Caller, current_password: str) -> tuple[str, str]:
    """Store a new second factor for the caller. It is inactive until `activate_totp` gets its first code.

    Returns the factor's secret in base 32, and its `otpauth://` URI for an authenticator app. Raises Conflict when a
    factor is active or the login changed in between, Invalid for a wrong password, TooManyAttempts after ten wrong
    passwords, and NotAllowed for a test credential.
    """
    login, clearing = _step_up(caller, current_password)
    if login.totp_secret is not None:
        raise Conflict("A second factor is active. Remove it first: DELETE /v1/me/totp.")
    user = users.get(caller.workspace_id, caller.user_id)
    secret = second_factor.new_secret()
    sealed = sealing.seal(caller.workspace_id, caller.user_id, secret)
    store.commit([table.changing(login, totp_pending=sealed), clearing])
    return secret, second_factor.uri(secret, user.email or user.name)


def activate_totp(caller: Caller, code: str) -> list[str]:
    """Activate the second factor that the caller enrolled, with its first code.

    Returns its recovery codes; only their hashes are stored. Raises Invalid for a wrong code, Conflict when a factor is
    active already, none was enrolled, or the login changed in between, TooManyAttempts after ten wrong codes, and
    NotAllowed for a test credential.
    """
    authority.require_live(caller)
    login = table.get(caller.workspace_id, caller.user_id)
    if login.totp_secret is not None:
        raise Conflict("The second factor is active already.")
    if login.totp_pending is None:
        raise Conflict("No second factor waits to be activated. Enrol one first: POST /v1/me/totp.")
    subject = attempts.by_user(caller.workspace_id, caller.user_id)
    attempts.begin(subject)
    step = second_factor.step_of(sealing.unseal(caller.workspace_id, caller.user_id, login.totp_pending), code)
    if step is None:
        raise Invalid("The code is wrong or too old. Send the one that the app shows now.", "/code")
    recovery_codes = second_factor.new_recovery_codes()
    session = sessions_table.get(caller.workspace_id, caller.user_id, caller.credential_id)
    store.commit(
        [
            *sessions.limiting(session, enrols_only=False),
            table.changing(
                login,
                totp_secret=login.totp_pending,
                totp_pending=None,
                totp_step=step,
                recovery_hashes=[second_factor.recovery_hash(recovery) for recovery in recovery_codes],
            ),
            attempts.clearing(subject),
            users.signing_in_by(caller.workspace_id, caller.user_id, second_factor_at=clock.now_iso()),
            *audit.writes(caller, "totp.activated", caller.user_id),
        ]
    )
    return recovery_codes


def remove_totp(caller: Caller, proof: ProofIn) -> None:
    """Remove the caller's second factor. `proof` has their password, and a code of the factor or a recovery code.

    If the workspace requires a second factor, the caller's session can then only enrol a new one, and their other
    sessions end. Raises Conflict when no factor is active or the login changed in between, Invalid for a wrong password
    or code, TooManyAttempts after ten failures, and NotAllowed for a test credential.
    """
    login, clearing = _step_up(caller, proof.current_password)
    if login.totp_secret is None:
        raise Conflict("No second factor is active.")
    if proofs.second_factor_used(login, proof.code, proof.recovery_code) is None:
        field = "/code" if proof.code else "/recovery_code"
        raise Invalid("The code is wrong, too old, or was used before. Send another one.", field)
    audited = audit.writes(caller, "totp.removed", caller.user_id)
    without = users.signing_in_by(caller.workspace_id, caller.user_id, second_factor_at=None)
    workspace = workspaces.get(caller.workspace_id)
    limiting: list[store.Write] = []
    if workspace.requires_second_factor:  # then the person can only enrol another one
        session = sessions_table.get(caller.workspace_id, caller.user_id, caller.credential_id)
        limiting = sessions.limiting(session, enrols_only=True)
        limiting += sessions.ending_some(caller.workspace_id, caller.user_id, keep=caller.credential_id)
    as_read = workspaces.as_read(workspace)
    store.commit([table.changing(login, **_NO_TOTP), without, as_read, clearing, *limiting, *audited])
    if workspace.requires_second_factor:
        sessions.end_all(caller.workspace_id, caller.user_id, keep=caller.credential_id)


def reset_totp(caller: Caller, user_id: str, notice: Notice) -> None:
    """Remove the second factor of a person who lost the authenticator app and the recovery codes.

    `notice` returns the writes that notify the person. If the workspace requires a second factor, all sessions of the
    person end. Raises NotAllowed unless the caller is an owner with `admin:*` in live mode, NotFound, and Conflict for
    a bot, when no factor is active, and when the login changed in between.
    """
    user = _person(caller, user_id)
    _require_may_reset(caller, user, "second factor")
    login = table.get(user.workspace_id, user_id)
    if login.totp_secret is None:
        raise Conflict("No second factor is active.")
    store.commit(
        [
            table.changing(login, **_NO_TOTP),
            users.signing_in_by(user.workspace_id, user_id, second_factor_at=None),
            *notice(user, "An owner removed your second factor"),
            *audit.writes(caller, "totp.removed", user_id),
        ]
    )
    if workspaces.get(user.workspace_id).requires_second_factor:  # a new session can only enrol another one
        sessions.end_all(user.workspace_id, user_id)


_NO_TOTP: dict[str, Any] = {"totp_secret": None, "totp_pending": None, "totp_step": None, "recovery_hashes": []}

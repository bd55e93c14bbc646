"""Signing in: /v1/sessions, and what a person signs in with: invitations, passwords, second factors."""

from ferryman.http.api import PUBLIC, SIGNED_IN, Api, Call
from ferryman.identity import account_security as logins
from ferryman.identity.credentials.model import Source
from ferryman.identity.logins.schema import (
    AcceptedOut,
    AcceptIn,
    CodeIn,
    EmailIn,
    InvitationOut,
    PasswordIn,
    ProofIn,
    RecoveryCodesOut,
    StepUpIn,
    TotpOut,
)
from ferryman.identity.sessions import service, signing_in, table
from ferryman.identity.sessions.schema import SessionCreated, SessionIn, SessionOut
from ferryman.identity.users.schema import UserOut
from ferryman.notifications import service as notifications
from ferryman.schema import Listing, ListQuery

api = Api("Sessions", "People sign in with their password, and a second factor if they like. Bots and programs do not.")
handler = api


@api.post(
    "/v1/sessions",
    scope=PUBLIC,
    summary="Sign in",
    description="The session may do all that your role allows, and follows it when it changes. After ten failures in a "
    "row, attempts are refused for a while that grows. A 401 of the type urn:ferryman:problem:second-factor-required "
    "means that the password was right and a code is needed, or another one.",
    takes=SessionIn,
    gives=SessionCreated,
    status=201,
    errors=(401, 409, 429),
)
def sign_in(source: Source, data: SessionIn) -> SessionCreated:
    session, secret = signing_in.sign_in(source, data)
    return SessionCreated(token=secret, **SessionOut.of(session).model_dump())


@api.get(
    "/v1/sessions",
    scope=SIGNED_IN,
    session=True,
    summary="List your sessions",
    description="Newest first; those that have not ended.",
    query=ListQuery,
    gives=Listing[SessionOut],
)
def list_sessions(call: Call, query: ListQuery) -> Listing[SessionOut]:
    caller = call.caller
    found, last = table.page(caller.workspace_id, caller.user_id, query.limit, call.page_start(query))
    used = service.last_used(found)
    items = [
        SessionOut.of(session, used.get(session.session_id), current=session.session_id == caller.credential_id)
        for session in found
    ]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@api.delete(
    "/v1/sessions/current",
    scope=SIGNED_IN,
    session=True,
    summary="Sign out",
    description="When the answer arrives, no call with this session is accepted any more.",
    status=204,
)
def sign_out(call: Call) -> None:
    service.end(call.caller, call.caller.credential_id)


@api.delete(
    "/v1/sessions/{session_id}",
    scope=SIGNED_IN,
    session=True,
    summary="End one of your sessions",
    status=204,
)
def end_session(call: Call, session_id: str) -> None:
    service.end(call.caller, session_id)


@api.post(
    "/v1/users/{user_id}/invitation",
    scope="users:write",
    summary="Invite a person to set a password",
    description="For a new person, or for one who forgot it: the password changes when the invitation is accepted. It "
    "works once and for 24 hours; a new one takes the place of any before. Only for people who may do no more than "
    "the token you use; for somebody who has a password already it takes an owner, and the person is told.",
    gives=InvitationOut,
    status=201,
    errors=(409,),
)
def invite(call: Call, user_id: str) -> InvitationOut:
    invitation_id, secret, expires_at = logins.invite(call.caller, user_id, notifications.notice)
    return InvitationOut(id=invitation_id, user_id=user_id, token=secret, expires_at=expires_at)


@api.post(
    "/v1/invitations/accept",
    scope=PUBLIC,
    summary="Set a password with an invitation",
    description="Ends all sessions of the person. An active second factor stays.",
    takes=AcceptIn,
    gives=AcceptedOut,
    errors=(401, 409),
)
def accept_invitation(source: Source, data: AcceptIn) -> AcceptedOut:
    user = logins.accept(source, data)
    return AcceptedOut(workspace_id=user.workspace_id, user_id=user.user_id, email=user.email or "")


@api.post(
    "/v1/me/password",
    scope=SIGNED_IN,
    session=True,
    summary="Change your password",
    description="Ends all your other sessions.",
    takes=PasswordIn,
    status=204,
    errors=(409, 429),
)
def change_password(call: Call, data: PasswordIn) -> None:
    logins.change_password(call.caller, data)


@api.post(
    "/v1/me/email",
    scope=SIGNED_IN,
    session=True,
    summary="Change the address you sign in with",
    description="Asks for your password once more. API tokens cannot do this.",
    takes=EmailIn,
    gives=UserOut,
    errors=(409, 429),
)
def change_email(call: Call, data: EmailIn) -> UserOut:
    return UserOut.of(logins.change_email(call.caller, data))


@api.post(
    "/v1/me/totp",
    scope=SIGNED_IN,
    session=True,
    summary="Enrol a second factor",
    description="Nothing changes until POST /v1/me/totp/verify gets its first code. Enrolling again replaces what was "
    "not verified.",
    gives=TotpOut,
    takes=StepUpIn,
    status=201,
    errors=(409, 429),
)
def enrol_totp(call: Call, data: StepUpIn) -> TotpOut:
    secret, uri = logins.enrol_totp(call.caller, data.current_password)
    return TotpOut(secret=secret, uri=uri)


@api.post(
    "/v1/me/totp/verify",
    scope=SIGNED_IN,
    session=True,
    summary="Activate the second factor",
    description="From now on signing in needs a code. Keep the recovery codes: they are shown this once.",
    takes=CodeIn,
    gives=RecoveryCodesOut,
    errors=(409, 429),
)
def verify_totp(call: Call, data: CodeIn) -> RecoveryCodesOut:
    return RecoveryCodesOut(recovery_codes=logins.activate_totp(call.caller, data.code))


@api.delete(
    "/v1/me/totp",
    scope=SIGNED_IN,
    session=True,
    summary="Remove the second factor",
    takes=ProofIn,
    status=204,
    errors=(429,),
)
def remove_totp(call: Call, data: ProofIn) -> None:
    logins.remove_totp(call.caller, data)


@api.delete(
    "/v1/users/{user_id}/totp",
    scope="users:write",
    summary="Remove a person's second factor",
    description="For somebody who lost the authenticator app and the recovery codes. It takes an owner, and "
    "the person is told.",
    status=204,
)
def reset_totp(call: Call, user_id: str) -> None:
    logins.reset_totp(call.caller, user_id, notifications.notice)

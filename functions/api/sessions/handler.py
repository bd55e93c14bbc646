"""Signing in: /v1/sessions, and a person's credentials: invitations, passwords, second factors."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http.api import PUBLIC, SIGNED_IN, Api, Id, ThisCall, ThisSource, errors, needs
from ferryman.identity import account_security as logins
from ferryman.identity.logins import second_factor
from ferryman.identity.logins.schema import (
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
from ferryman.identity.sessions.schema import AcceptedOut, SessionCreated, SessionIn, SessionOut
from ferryman.identity.users.schema import UserOut
from ferryman.notifications import notices
from ferryman.schema import Listing, ListQuery

app = Api("Sessions", "People sign in with their password, and a second factor if they like. Bots and programs do not.")
handler = app


@app.post(
    "/v1/sessions",
    summary="Sign in",
    description="The session may do all that your role allows, and follows it when it changes. After ten failures in a "
    "row, attempts are refused for a while that grows. A 401 of the type urn:ferryman:problem:second-factor-required "
    "means that the password was right and a code is needed, or another one.",
    status_code=201,
    responses=errors(401, 409, 429),
)
@needs(PUBLIC)
def sign_in(source: ThisSource, data: Annotated[SessionIn, Body()]) -> SessionCreated:
    session, secret = signing_in.sign_in(source, data)
    return SessionCreated(token=secret, **SessionOut.of(session).model_dump())


@app.get(
    "/v1/sessions",
    summary="List your sessions",
    description="Newest first; those that have not ended.",
)
@needs(SIGNED_IN, session=True)
def list_sessions(call: ThisCall, query: Annotated[ListQuery, Query()]) -> Listing[SessionOut]:
    caller = call.caller
    sessions, last = table.page(caller.workspace_id, caller.user_id, query.limit, call.page_start(query))
    used = service.last_used(sessions)
    items = [
        SessionOut.of(session, used.get(session.session_id), current=session.session_id == caller.credential_id)
        for session in sessions
    ]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@app.delete(
    "/v1/sessions/current",
    summary="Sign out",
    description="When the answer arrives, no call with this session is accepted any more.",
    status_code=204,
)
@needs(SIGNED_IN, session=True, enrolling=True)
def sign_out(call: ThisCall) -> None:
    service.end(call.caller, call.caller.credential_id)


@app.delete(
    "/v1/sessions/<session_id>",
    summary="End one of your sessions",
    status_code=204,
)
@needs(SIGNED_IN, session=True)
def end_session(call: ThisCall, session_id: Id) -> None:
    service.end(call.caller, session_id)


@app.post(
    "/v1/users/<user_id>/invitation",
    summary="Invite a person to set a password",
    description="For a new person, or for one who forgot it: the password changes when the invitation is accepted. It "
    "works once and for 24 hours; a new one takes the place of any before. Only for people who may do no more than "
    "the token you use; for somebody who has a password already it takes an owner, and the person is told.",
    status_code=201,
    responses=errors(409),
)
@needs("users:write")
def invite(call: ThisCall, user_id: Id) -> InvitationOut:
    invitation_id, secret, expires_at = logins.invite(call.caller, user_id, notices.notice)
    return InvitationOut(id=invitation_id, user_id=user_id, token=secret, expires_at=expires_at)


@app.post(
    "/v1/invitations/accept",
    summary="Set a password with an invitation",
    description="Signs the person in and ends all their other sessions. An active second factor stays, and then "
    "signing in needs its code.",
    responses=errors(401, 409),
)
@needs(PUBLIC)
def accept_invitation(source: ThisSource, data: Annotated[AcceptIn, Body()]) -> AcceptedOut:
    user, started = logins.accept(source, data)
    session = SessionCreated(token=started[1], **SessionOut.of(started[0]).model_dump()) if started else None
    return AcceptedOut(workspace_id=user.workspace_id, user_id=user.user_id, email=user.email or "", session=session)


@app.post(
    "/v1/me/password",
    summary="Change your password",
    description="Ends all your other sessions.",
    status_code=204,
    responses=errors(409, 429),
)
@needs(SIGNED_IN, session=True)
def change_password(call: ThisCall, data: Annotated[PasswordIn, Body()]) -> None:
    logins.change_password(call.caller, data)


@app.post(
    "/v1/me/email",
    summary="Change the address you sign in with",
    description="Asks for your password once more. API tokens cannot do this.",
    responses=errors(409, 429),
)
@needs(SIGNED_IN, session=True)
def change_email(call: ThisCall, data: Annotated[EmailIn, Body()]) -> UserOut:
    return UserOut.of(logins.change_email(call.caller, data))


@app.post(
    "/v1/me/totp",
    summary="Enrol a second factor",
    description="Nothing changes until POST /v1/me/totp/verify gets its first code. Enrolling again replaces what was "
    "not verified.",
    status_code=201,
    responses=errors(409, 429),
)
@needs(SIGNED_IN, session=True, enrolling=True)
def enrol_totp(call: ThisCall, data: Annotated[StepUpIn, Body()]) -> TotpOut:
    secret, uri = logins.enrol_totp(call.caller, data.current_password)
    return TotpOut(secret=secret, uri=uri, qr_svg=second_factor.qr_svg(uri))


@app.post(
    "/v1/me/totp/verify",
    summary="Activate the second factor",
    description="From now on signing in needs a code. Keep the recovery codes: they are shown this once.",
    responses=errors(409, 429),
)
@needs(SIGNED_IN, session=True, enrolling=True)
def verify_totp(call: ThisCall, data: Annotated[CodeIn, Body()]) -> RecoveryCodesOut:
    return RecoveryCodesOut(recovery_codes=logins.activate_totp(call.caller, data.code))


@app.delete(
    "/v1/me/totp",
    summary="Remove the second factor",
    status_code=204,
    responses=errors(429),
)
@needs(SIGNED_IN, session=True)
def remove_totp(call: ThisCall, data: Annotated[ProofIn, Body()]) -> None:
    logins.remove_totp(call.caller, data)


@app.delete(
    "/v1/users/<user_id>/totp",
    summary="Remove a person's second factor",
    description="For somebody who lost the authenticator app and the recovery codes. It takes an owner, and "
    "the person is told.",
    status_code=204,
)
@needs("users:write")
def reset_totp(call: ThisCall, user_id: Id) -> None:
    logins.reset_totp(call.caller, user_id, notices.notice)

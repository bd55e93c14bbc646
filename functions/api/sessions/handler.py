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

app = Api("Sessions", "People sign in with a password and, optionally, a second factor. Programs use API tokens.")
handler = app


@app.post(
    "/v1/sessions",
    summary="Sign in",
    description="The session has all rights of your current role. After ten failures in a row, attempts are refused "
    "for a time that grows. A 401 of the type urn:ferryman:problem:second-factor-required means that the password "
    "was right, but the code is missing or wrong.",
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
    description="Newest first, without ended sessions.",
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
    description="The session is refused from the moment of the answer.",
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
    description="For a new person, or one who forgot the password. The invitation works once, within 24 hours, and "
    "replaces an earlier one. The person must not have more rights than the token you use. If the person has a "
    "password already, you must be an owner, and the person gets a notification.",
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
    description="Sets the password, ends the person's other sessions, and signs the person in, unless a second "
    "factor is active.",
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
    description="Needs your password.",
    responses=errors(409, 429),
)
@needs(SIGNED_IN, session=True)
def change_email(call: ThisCall, data: Annotated[EmailIn, Body()]) -> UserOut:
    return UserOut.of(logins.change_email(call.caller, data))


@app.post(
    "/v1/me/totp",
    summary="Enrol a second factor",
    description="The second factor becomes active when POST /v1/me/totp/verify gets a code. Until then, enrolling "
    "again replaces the secret.",
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
    description="From now on, signing in needs a code. Store the recovery codes: they are shown only once.",
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
    description="For somebody who lost the authenticator app and the recovery codes. You must be an owner. The "
    "person gets a notification.",
    status_code=204,
)
@needs("users:write")
def reset_totp(call: ThisCall, user_id: Id) -> None:
    logins.reset_totp(call.caller, user_id, notices.notice)

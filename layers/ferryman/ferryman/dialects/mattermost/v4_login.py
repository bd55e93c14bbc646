"""Signing in by Mattermost's API. Refusals are AppErrors with Mattermost's literal texts."""

from typing import Any

from ferryman.dialects.mattermost import objects
from ferryman.dialects.mattermost.v4 import AppError
from ferryman.errors import Invalid, NotAuthenticated, SecondFactorRequired, TooManyAttempts
from ferryman.identity.credentials.model import Source
from ferryman.identity.sessions import signing_in
from ferryman.identity.sessions.schema import SessionIn
from ferryman.identity.users import table as users

_BLANK = AppError(400, "api.user.login.blank_pwd.app_error", "Password field must not be blank")
_CREDENTIALS = AppError(
    401,
    "api.user.login.invalid_credentials_email_username",
    "Enter a valid email or username and/or password.",
)
_LOCKED = AppError(
    401,
    "api.user.check_user_login_attempts.too_many.app_error",
    "Your account is locked because of too many failed password attempts. Please reset your password.",
)
_BAD_CODE = AppError(401, "api.user.check_user_mfa.bad_code.app_error", "Invalid MFA token.")
_MFA = AppError(401, "mfa.validate_token.authenticate.app_error", "Invalid MFA token.")


def login(body: Any, source: Source) -> tuple[dict[str, Any], str]:
    """Sign in. Returns the user in Mattermost's form, and the new session's token, for the header `Token`.

    Fields of the body that are not texts are read as absent. Raises AppError.
    """
    sent = body if isinstance(body, dict) else {}
    login_id, password, code = (
        value if isinstance(value := sent.get(name), str) else "" for name in ("login_id", "password", "token")
    )
    if not password:
        raise _BLANK
    wanted = {"email": login_id.strip(), "password": password, **({"code": code} if code else {})}
    try:
        model = SessionIn.model_validate(wanted)
    except ValueError:
        raise _CREDENTIALS from None
    try:
        session, secret = signing_in.sign_in(source, model)
    except SecondFactorRequired:
        raise (_BAD_CODE if code else _MFA) from None
    except TooManyAttempts:
        raise _LOCKED from None
    except (NotAuthenticated, Invalid):
        raise _CREDENTIALS from None
    return objects.user(users.get(session.workspace_id, session.user_id), own=True), secret

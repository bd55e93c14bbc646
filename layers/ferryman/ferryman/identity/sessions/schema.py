"""Requests and responses of the API about sessions."""

from typing import Self

from pydantic import Field, model_validator

from ferryman import ids
from ferryman.identity.logins.schema import Code, Password, RecoveryCode
from ferryman.identity.sessions.model import Session
from ferryman.schema import Email, Input, Output, Time


class SessionIn(Input):
    """The credentials of a person who signs in."""

    email: Email
    password: Password
    workspace_id: str | None = Field(
        None,
        pattern=ids.pattern(ids.WORKSPACE),
        description="Needed if your e-mail address is in several workspaces.",
    )
    code: Code | None = Field(None, description="The second factor's code, if one is active.")
    recovery_code: RecoveryCode | None = Field(
        None, description="Instead of `code`, if you lost the authenticator app. Works once."
    )
    livemode: bool = Field(
        True,
        description="false: a test session. Like a test token, it sees only test data, and everything that it "
        "creates has `livemode: false`.",
    )

    @model_validator(mode="after")
    def _one_code(self) -> Self:
        if self.code is not None and self.recovery_code is not None:
            raise ValueError("send either code or recovery_code, not both")
        return self


class SessionOut(Output):
    """A session, without its token."""

    id: str = Field(pattern=ids.pattern(ids.SESSION))
    workspace_id: str = Field(pattern=ids.pattern(ids.WORKSPACE))
    user_id: str = Field(pattern=ids.pattern(ids.USER))
    livemode: bool
    created_at: Time
    expires_at: Time
    last_used_at: Time | None = Field(description="Accurate to ten minutes; null: never.")
    ip: str | None = Field(description="The IP address at sign-in.")
    user_agent: str | None = Field(description="The User-Agent at sign-in.")
    enrols_only: bool = Field(
        description="true: the workspace requires a second factor, and the session can only enrol one: POST "
        "/v1/me/totp."
    )
    current: bool = Field(description="true for the session that sent this request.")

    @classmethod
    def of(cls, session: Session, last_used_at: str | None = None, *, current: bool = False) -> Self:
        return cls.model_validate(
            {
                "id": session.session_id,
                "last_used_at": last_used_at,
                "current": current,
                "enrols_only": bool(session.enrols_only),
                **{name: getattr(session, name) for name in _COPIED},
            }
        )


_COPIED = frozenset(SessionOut.model_fields) - {"id", "last_used_at", "current", "enrols_only"}


class SessionCreated(SessionOut):
    """A new session with its token, which is shown only once."""

    token: str = Field(
        description="Send it as `Authorization: Bearer fm_sess_…` until `expires_at`.", examples=["fm_sess_…"]
    )


class AcceptedOut(Output):
    """The person who accepted the invitation."""

    workspace_id: str = Field(pattern=ids.pattern(ids.WORKSPACE))
    user_id: str = Field(pattern=ids.pattern(ids.USER))
    email: str
    session: SessionCreated | None = Field(
        description="A new session; null: a second factor is active, so sign in with POST /v1/sessions and a code."
    )

"""Requests and responses of the API about sessions."""

from typing import Self

from pydantic import Field, model_validator

from ferryman import ids
from ferryman.identity.logins.schema import Code, Password, RecoveryCode
from ferryman.identity.sessions.model import Session
from ferryman.schema import Email, Input, Output, Time


class SessionIn(Input):
    """Who signs in, and the proof of it."""

    email: Email
    password: Password
    workspace_id: str | None = Field(
        None,
        pattern=ids.pattern(ids.WORKSPACE),
        description="Which workspace, for an address that is in several.",
    )
    code: Code | None = Field(None, description="The second factor's code, once one is active.")
    recovery_code: RecoveryCode | None = Field(
        None, description="Instead of `code`, where the authenticator app is lost. Works once."
    )
    livemode: bool = Field(
        True,
        description="false: a test session. It marks everything that it creates `livemode: false`, and sees test data "
        "only, as test tokens do.",
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
    last_used_at: Time | None = Field(description="Exact to ten minutes.")
    ip: str | None = Field(description="Where the person signed in from.")
    user_agent: str | None = Field(description="With which program.")
    enrols_only: bool = Field(
        description="Whether it can only enrol the second factor that the workspace requires: POST /v1/me/totp."
    )
    current: bool = Field(description="Whether it is the one this request was made with.")

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
    """A new session with its token, which is shown this once."""

    token: str = Field(
        description="Send it as `Authorization: Bearer fm_sess_…` until `expires_at`.", examples=["fm_sess_…"]
    )


class AcceptedOut(Output):
    """The person whose password was set, signed in."""

    workspace_id: str = Field(pattern=ids.pattern(ids.WORKSPACE))
    user_id: str = Field(pattern=ids.pattern(ids.USER))
    email: str
    session: SessionCreated | None = Field(
        description="A new session. Null when a second factor is active: sign in with POST /v1/sessions and its code."
    )

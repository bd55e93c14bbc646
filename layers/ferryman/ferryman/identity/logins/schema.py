"""Requests and responses of the API about invitations, passwords and second factors."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from ferryman import ids
from ferryman.identity.logins import passwords
from ferryman.schema import Email, Input, Output, Time

# The length as typed, before normalisation, which can lengthen or shorten the text.
MAX_TYPED = 512

type Password = Annotated[str, Field(min_length=1, max_length=MAX_TYPED, json_schema_extra={"format": "password"})]
type NewPassword = Annotated[
    str,
    Field(max_length=MAX_TYPED),
    AfterValidator(passwords.acceptable),
    WithJsonSchema(
        {
            "type": "string",
            "format": "password",
            "minLength": passwords.MIN_LENGTH,
            "maxLength": passwords.MAX_LENGTH,
            "description": "12 to 128 characters of any kind, but not your e-mail address.",
        }
    ),
]
type Code = Annotated[str, Field(pattern="^[0-9]{6}$", description="The six digits that your authenticator app shows.")]
type RecoveryCode = Annotated[str, Field(min_length=1, max_length=64, description="One of your recovery codes.")]


class InvitationOut(Output):
    """An invitation with its token, which is shown only once. Give it to the person, who sets a password with it."""

    id: str = Field(pattern=ids.pattern(ids.INVITATION))
    user_id: str = Field(pattern=ids.pattern(ids.USER))
    token: str = Field(description="Works once, in POST /v1/invitations/accept.", examples=["fm_invt_…"])
    expires_at: Time


class AcceptIn(Input):
    """An invitation, and the new password."""

    token: str = Field(min_length=1, max_length=200, description="The invitation's token: fm_invt_…")
    password: NewPassword


class PasswordIn(Input):
    """The current password and the new one."""

    current_password: Password
    new_password: NewPassword


class EmailIn(Input):
    """The new address to sign in with."""

    email: Email
    current_password: Password


class StepUpIn(Input):
    """Your current password. A session alone cannot change how you sign in."""

    current_password: Password


class TotpOut(Output):
    """A second factor that is not active yet. Its secret is shown only once."""

    secret: str = Field(description="The secret in base 32, to type into an authenticator app.")
    uri: str = Field(description="The secret as an otpauth:// URI.")
    qr_svg: str = Field(description="The URI as a QR code, an SVG image.")


class CodeIn(Input):
    """A code of the second factor."""

    code: Code


class ProofIn(Input):
    """Your password, and either a code of the second factor or a recovery code."""

    current_password: Password
    code: Code | None = None
    recovery_code: RecoveryCode | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.code is None) == (self.recovery_code is None):
            raise ValueError("send either code or recovery_code")
        return self


class RecoveryCodesOut(Output):
    """Recovery codes, shown only once. Each replaces a code of the authenticator app one time."""

    recovery_codes: list[str]

"""The second factor: time-based one-time codes (RFC 6238) and recovery codes. Pure, no AWS.

A code has six digits, changes every thirty seconds and uses HMAC-SHA-1, as every authenticator app supports. A recovery
code is 24 characters of Crockford's base 32. With 120 random bits it needs no slow hash (NIST SP 800-63B, 5.1.2.2).
"""

import hashlib
import io
import secrets

import pyotp

from ferryman import clock

ISSUER = "Ferryman"
RECOVERY_CODES = 10
_WINDOW = 1  # steps of 30 s before and after, for clocks that differ
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH, _GROUP = 24, 4
# Characters that people mistake for others.
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_secret() -> str:
    """A new secret: 160 random bits in base 32."""
    return pyotp.random_base32()


def uri(secret: str, email: str) -> str:
    """The `otpauth://` URI that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, code: str, after: int | None = None) -> int | None:
    """The number of the thirty-second time step whose code this is; None for a code that is wrong, too old or used.

    Store the step and pass it as `after` the next time, so that each code is accepted once.
    """
    try:
        step = pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=clock.now(), valid_window=_WINDOW)
    except pyotp.OTPVerificationError:
        return None
    return step if after is None or step > after else None


def new_recovery_codes() -> list[str]:
    return [_new_recovery_code() for _ in range(RECOVERY_CODES)]


def _new_recovery_code() -> str:
    characters = "".join(secrets.choice(_CROCKFORD) for _ in range(_LENGTH))
    return "-".join(characters[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))


def recovery_hash(code: str) -> str:
    """The SHA-256 (hex) of a recovery code, for storing and comparing.

    Case, hyphens and spaces do not matter; O counts as 0, and I and L as 1.
    """
    return hashlib.sha256(code.upper().translate(_MISREAD).encode()).hexdigest()


def qr_svg(uri_: str) -> str:
    """The URI as a QR code: an SVG image, dark on white with a quiet zone.

    The SVG names its namespace, so a browser shows it both as a file and inside a page.
    """
    import segno  # few requests draw one

    image = io.BytesIO()
    code = segno.make(uri_, error="m")
    code.save(image, kind="svg", xmldecl=False, nl=False, scale=4, border=4, dark="#000", light="#fff")
    return image.getvalue().decode()

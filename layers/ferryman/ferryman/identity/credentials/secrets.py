"""The secrets that identify callers: how they are generated, recognised and hashed. Pure, no AWS.

An API token is `fm_live_` or `fm_test_`, 30 random base62 characters (178 bits) and 6 characters of base62 CRC-32 over
those 30. A session has the prefix `fm_sess_` instead, an invitation `fm_invt_`. The checksum detects typing errors
before any read, and lets secret scanners match without false alarms. It proves nothing else: each secret is looked up.
"""

import hashlib
import re
import secrets
import zlib

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_MATTERMOST = "ybndrfg8ejkmcpqxot1uwisza345h769"
_RANDOM_LENGTH = 30
_CHECKSUM_LENGTH = 6
TOKEN = re.compile(rf"fm_(live|test|sess|invt)_[0-9A-Za-z]{{{_RANDOM_LENGTH + _CHECKSUM_LENGTH}}}", re.ASCII)
SESSION_PREFIX = "fm_sess_"
INVITATION_PREFIX = "fm_invt_"
SHOWN_OF_TOKEN = len("fm_live_") + 4


def _random(length: int) -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(length))


def _checksum(random: str) -> str:
    number = zlib.crc32(random.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits


def _checked(prefix: str) -> str:
    random = _random(_RANDOM_LENGTH)
    return f"{prefix}{random}{_checksum(random)}"


def new_token(*, livemode: bool) -> str:
    return _checked("fm_live_" if livemode else "fm_test_")


def new_session() -> str:
    return _checked(SESSION_PREFIX)


def new_invitation() -> str:
    return _checked(INVITATION_PREFIX)


def is_hook_secret(text: str) -> bool:
    """Whether `text` has the form of an incoming webhook's secret: 32 base62 characters, or Mattermost's form."""
    return re.fullmatch(r"[0-9A-Za-z]{32}|[a-z0-9]{26}", text) is not None


def is_mattermost_secret(text: str) -> bool:
    """Whether `text` has the form of a secret that Mattermost makes: 26 lower-case letters and digits."""
    return re.fullmatch(r"[a-z0-9]{26}", text) is not None


def is_application_token(text: str) -> bool:
    """Whether `text` has the form of an application's token: 32 base62 characters."""
    return re.fullmatch(r"[0-9A-Za-z]{32}", text) is not None


def is_token(text: str) -> bool:
    """Whether `text` has the form and the checksum of a token, session or invitation, whether or not it is stored."""
    if not TOKEN.fullmatch(text):
        return False
    random = text[len("fm_live_") : -_CHECKSUM_LENGTH]
    return _checksum(random) == text[-_CHECKSUM_LENGTH:]


def new_hook_secret() -> str:
    """The secret part of an incoming webhook's URL: 32 base62 characters, 190 bits."""
    return _random(32)


def new_mattermost_secret() -> str:
    """A secret for clients of Mattermost, which expect 26 lower-case letters and digits: 130 bits."""
    return "".join(secrets.choice(_MATTERMOST) for _ in range(26))


def new_application_token() -> str:
    """The token that an application sends in its URLs: 32 base62 characters, 190 bits."""
    return _random(32)


def new_signing_secret() -> str:
    """The key that outgoing webhooks are signed with: `whsec_` and 32 base62 characters, 190 bits.

    32 base62 characters are also the base64 form of 24 bytes, which is how Standard Webhooks reads them.
    """
    return f"whsec_{_random(32)}"


def shown(token: str) -> str:
    """The first characters of a token, which may be stored and shown: enough to recognise it, too few to use it."""
    return token[:SHOWN_OF_TOKEN]


def digest(secret: str) -> str:
    """SHA-256 in hex, which is stored instead of the secret.

    A fast hash suffices, because secrets are too random to guess.
    """
    return hashlib.sha256(secret.encode()).hexdigest()

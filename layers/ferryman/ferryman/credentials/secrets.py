"""The secrets that identify callers: how they are made, told apart and hashed. Pure, no AWS.

An API token is `fm_live_` or `fm_test_`, 30 random base62 characters (178 bits) and 6 characters of base62
CRC-32 over those 30. The checksum refuses typing errors before any read and lets secret scanners match without
false alarms; it proves nothing else, every token is looked up.
"""

import hashlib
import re
import secrets
import zlib

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 30
_CHECKSUM_LENGTH = 6
TOKEN = re.compile(rf"fm_(live|test)_[0-9A-Za-z]{{{_RANDOM_LENGTH + _CHECKSUM_LENGTH}}}", re.ASCII)
HOOK_SECRET = re.compile(r"[0-9A-Za-z]{32}", re.ASCII)
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


def new_token(*, livemode: bool) -> str:
    random = _random(_RANDOM_LENGTH)
    return f"fm_{'live' if livemode else 'test'}_{random}{_checksum(random)}"


def is_token(text: str) -> bool:
    """Whether `text` has a token's form and a right checksum. Says nothing about whether it exists."""
    if not TOKEN.fullmatch(text):
        return False
    random = text[len("fm_live_") : -_CHECKSUM_LENGTH]
    return _checksum(random) == text[-_CHECKSUM_LENGTH:]


def new_hook_secret() -> str:
    """The secret part of an incoming webhook's URL: 32 base62 characters, 190 bits."""
    return _random(32)


def new_signing_secret() -> str:
    """The key that outgoing webhooks are signed with: `whsec_` and 32 base62 characters, 190 bits.

    32 base62 characters are also the base64 form of 24 bytes, which is how Standard Webhooks reads them.
    """
    return f"whsec_{_random(32)}"


def shown(token: str) -> str:
    """The display prefix that may be stored and shown: enough to recognise a token, too little to use it."""
    return token[:SHOWN_OF_TOKEN]


def digest(secret: str) -> str:
    """SHA-256 in hex: what is stored instead of the secret. Fast on purpose: 178 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).hexdigest()

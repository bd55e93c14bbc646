"""Passwords: which ones are acceptable, and their hashes. Pure, no AWS.

A hash is made by scrypt and stored with its parameters: `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`. So the parameters for
new passwords can be raised while old hashes still match (docs/decisions/0010-passwords.md).
"""

import base64
import hashlib
import hmac
import os
import unicodedata

MIN_LENGTH = 12
MAX_LENGTH = 128
LOG2_N, R, P = 17, 8, 1  # 128 MiB and about half a second of one processor
_SALT_BYTES = 16
_HASH_BYTES = 32


def normal(password: str) -> str:
    """The password in the form NFKC, so that it is the same however a keyboard composes it (NIST SP 800-63B)."""
    return unicodedata.normalize("NFKC", password)


def acceptable(password: str) -> str:
    """A new password in its normal form.

    Raises ValueError unless it has 12 to 128 characters; the error does not contain the password.
    """
    password = normal(password)
    if len(password) < MIN_LENGTH:
        raise ValueError(f"must have at least {MIN_LENGTH} characters")
    if len(password) > MAX_LENGTH:
        raise ValueError(f"must have at most {MAX_LENGTH} characters")
    return password


def is_email(password: str, email: str) -> bool:
    return normal(password).strip().casefold() == email.casefold()


def hashed(password: str) -> str:
    """The hash to store for a password, with a new random salt."""
    salt = os.urandom(_SALT_BYTES)
    parameters = f"scrypt${LOG2_N}${R}${P}"
    return f"{parameters}${_text(salt)}${_text(_scrypt(password, salt, LOG2_N, R, P, _HASH_BYTES))}"


def matches(password: str, stored: str | None) -> bool:
    """Whether `stored` is a hash of this password. For None: False after the same work, so the time reveals nothing."""
    if stored is None:
        _scrypt(password, bytes(_SALT_BYTES), LOG2_N, R, P, _HASH_BYTES)
        return False
    _, log2_n, r, p, salt, wanted = stored.split("$")
    expected = base64.b64decode(wanted)
    hashed = _scrypt(password, base64.b64decode(salt), int(log2_n), int(r), int(p), len(expected))
    return hmac.compare_digest(hashed, expected)


def _scrypt(password: str, salt: bytes, log2_n: int, r: int, p: int, length: int) -> bytes:
    n = 1 << log2_n
    # OpenSSL's own limit is 32 MiB; the function needs 128 * N * r bytes and a little.
    memory = 128 * r * (n + p + 2) + 65_536
    return hashlib.scrypt(normal(password).encode(), salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=length)


def _text(blob: bytes) -> str:
    return base64.b64encode(blob).decode()

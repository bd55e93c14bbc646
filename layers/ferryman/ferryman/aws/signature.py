"""Signature Version 4 of a POST to one of AWS's JSON services.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from ferryman import settings

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What Lambda puts into a function's environment; they outlive the process."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)  # empty for those of a user

    @classmethod
    def of_environment(cls) -> Self:
        return cls(
            settings.text("AWS_ACCESS_KEY_ID"),
            settings.text("AWS_SECRET_ACCESS_KEY"),
            settings.optional("AWS_SESSION_TOKEN"),
        )


def signed(
    headers: dict[str, str], body: bytes, credentials: Credentials, region: str, service: str, at: float
) -> dict[str, str]:
    """`headers` (names in lower case, `host` among them) with what signs them, for `POST /`. `at`: seconds since 1970.

    Every header given is signed.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    day = stamp[:8]
    headers = {**headers, "x-amz-date": stamp}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = sorted(headers)
    lines = "".join([f"{name}:{headers[name]}\n" for name in names])
    listed = ";".join(names)
    canonical = f"POST\n/\n\n{lines}\n{listed}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{region}/{service}/aws4_request"
    text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = _hmac(_key(credentials.secret, day, region, service), text).hex()
    headers["authorization"] = (
        f"{_ALGORITHM} Credential={credentials.key_id}/{scope}, SignedHeaders={listed}, Signature={signature}"
    )
    return headers


@lru_cache(maxsize=8)
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    """The key of one day, Region and service."""
    key = b"AWS4" + secret.encode()
    for part in (day, region, service, "aws4_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")

"""Is a webhook from Ferryman genuine? Needs Python 3.8 or newer and nothing else.

WEBHOOK_SECRET=whsec_… python3 verify.py "$X_FM_WEBHOOK_SIGNATURE" < body   # ends with 0 when it is, else 1
"""

import hashlib
import hmac
import os
import re
import sys
import time

TOLERANCE_SECONDS = 300


def is_genuine(secret: str, signature: str, body: bytes) -> bool:
    """Whether the signature fits this body and secret, and its time is within five minutes of now.

    `signature` is the header X-FM-Webhook-Signature, `body` the bytes as they arrived, before any parsing.
    """
    fields = [field.strip().partition("=") for field in signature.split(",")]
    timestamp = next((value for name, _, value in fields if name == "t"), "")
    if not re.fullmatch("[0-9]{1,12}", timestamp) or abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    expected = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    # There are two v1= while a secret is being rotated; one that matches is enough.
    candidates = [value for name, _, value in fields if name == "v1"]
    return any(hmac.compare_digest(expected.encode(), candidate.encode()) for candidate in candidates)


if __name__ == "__main__":
    sys.exit(0 if is_genuine(os.environ["WEBHOOK_SECRET"], sys.argv[1], sys.stdin.buffer.read()) else 1)

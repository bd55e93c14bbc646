"""Is a webhook in the form of FluxDesk genuine? Needs Python 3.8 or newer and nothing else.

WEBHOOK_SECRET=whsec_… python3 verify_fluxdesk.py "$X_FLUXDESK_SIGNATURE" < body   # ends with 0 when it is, else 1
"""

import hashlib
import hmac
import os
import sys


def is_genuine(secret: str, signature: str, body: bytes) -> bool:
    """Whether the signature fits this body and secret. FluxDesk's form signs no time, so an old request passes too.

    `signature` is the header X-FluxDesk-Signature, `body` the bytes as they arrived, before any parsing.
    """
    expected = "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), os.fsencode(signature))


if __name__ == "__main__":
    sys.exit(0 if is_genuine(os.environ["WEBHOOK_SECRET"], sys.argv[1], sys.stdin.buffer.read()) else 1)

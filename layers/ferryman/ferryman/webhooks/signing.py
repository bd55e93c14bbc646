"""Signing: writes the headers by which a receiver verifies that a delivery comes from us. Pure, no AWS.

A webhook has one or several signatures; each adds its own headers to every attempt:

- `fm` (the default): `t=<unix seconds>,v1=<hex HMAC-SHA256 of "{t}.{body}">`, keyed with the secret's UTF-8 bytes
- `standard`: Standard Webhooks (https://www.standardwebhooks.com), keyed with the secret's part after `whsec_`,
  base64-decoded
- the signatures of other products, in `ferryman.formats`

While a secret is being rotated, `fm` and `standard` carry one signature for each valid secret, the newest first. The
time is taken at each attempt and never cached, so that a receiver can refuse old ones.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ferryman import formats
from ferryman.formats import Signature
from ferryman.formats.interface import JSON, Body
from ferryman.webhooks.subscriptions.model import SECRET_PREFIX

MASKED = "[masked]"


@dataclass(frozen=True, slots=True)
class SignedAttempt:
    """The values for the headers of one attempt. `timestamp` is in unix seconds."""

    webhook_id: str
    delivery_id: str
    event_type: str
    number: int
    timestamp: int
    test: bool = False


def headers(
    attempt: SignedAttempt, signatures: Sequence[Signature], secrets: Sequence[str], body: Body
) -> dict[str, str]:
    """All headers of an attempt, by name, with its signatures. `secrets` are the valid ones, newest first."""
    headers = described(attempt, signatures) | {"Content-Type": body.content_type}
    for name in signatures:
        signing = formats.signing(name)
        headers |= signing.sign(secrets, body.content) if signing else _SIGNERS[name](attempt, secrets, body.content)
    return headers


def described(attempt: SignedAttempt, signatures: Sequence[Signature]) -> dict[str, str]:
    """The headers of an attempt that need no secret, by name, as the delivery log shows them."""
    headers = {"Content-Type": JSON}
    if "fm" in signatures:
        headers |= {
            "X-FM-Webhook-ID": attempt.webhook_id,
            "X-FM-Webhook-Event": attempt.event_type,
            "X-FM-Webhook-Timestamp": str(attempt.timestamp),
        }
    if "standard" in signatures:
        headers |= {"webhook-id": attempt.delivery_id, "webhook-timestamp": str(attempt.timestamp)}
    for signing in filter(None, map(formats.signing, signatures)):
        headers |= signing.headers(attempt.event_type, attempt.delivery_id)
    headers |= {"X-FM-Delivery-ID": attempt.delivery_id, "X-FM-Delivery-Attempt": str(attempt.number)}
    if attempt.test:
        headers["X-FM-Webhook-Test"] = "true"
    return headers


def token(secrets: Sequence[str]) -> str:
    """The token in the bodies of a webhook with trigger words: 26 letters and digits, derived from the newest secret.

    A reader of a body cannot compute the secret from the token, so cannot sign.
    """
    digest = hmac.digest(secrets[0].encode(), b"trigger token", hashlib.sha256)
    return base64.b32encode(digest).decode()[:26].lower()


def masked(attempt: SignedAttempt, signatures: Sequence[Signature], content_type: str | None) -> dict[str, str]:
    """All headers of an attempt as the API shows them, with masked signatures. Without `content_type`, that of JSON."""
    plain = described(attempt, signatures)
    sent = headers(attempt, signatures, [f"{SECRET_PREFIX}{'A' * 32}"], Body(b"", content_type or JSON))
    return {name: MASKED if name not in plain else value for name, value in sent.items()}


def fm_signature(secrets: Sequence[str], timestamp: int, body: bytes) -> str:
    """The value of X-FM-Webhook-Signature. `timestamp` is in unix seconds."""
    signed = f"{timestamp}.".encode() + body
    digests = [hmac.digest(secret.encode(), signed, hashlib.sha256).hex() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])


def _fm(attempt: SignedAttempt, secrets: Sequence[str], body: bytes) -> dict[str, str]:
    return {"X-FM-Webhook-Signature": fm_signature(secrets, attempt.timestamp, body)}


def _standard(attempt: SignedAttempt, secrets: Sequence[str], body: bytes) -> dict[str, str]:
    signed = f"{attempt.delivery_id}.{attempt.timestamp}.".encode() + body
    keys = [base64.b64decode(secret.removeprefix(SECRET_PREFIX)) for secret in secrets]
    digests = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    return {"webhook-signature": " ".join(f"v1,{digest}" for digest in digests)}


_SIGNERS: Mapping[Signature, Callable[[SignedAttempt, Sequence[str], bytes], dict[str, str]]] = {
    "fm": _fm,
    "standard": _standard,
}

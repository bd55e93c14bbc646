"""Signing: what makes a delivery trustworthy to its receiver. Pure, no AWS.

The FM signature is `t=<unix seconds>,v1=<hex HMAC-SHA256 of "{t}.{body}">`, keyed with the secret's UTF-8 bytes;
while a secret is being rotated there is one `v1=` for each valid secret, the newest first. `t` is taken at each
attempt and never cached, so that a receiver can refuse old ones.
"""

import hashlib
import hmac
from collections.abc import Sequence

from ferryman.deliveries.model import Delivery
from ferryman.events.model import Event
from ferryman.webhooks.model import Webhook


def fm_signature(secrets: Sequence[str], timestamp: int, body: bytes) -> str:
    """The value of X-FM-Webhook-Signature. `timestamp` is in unix seconds."""
    signed = f"{timestamp}.".encode() + body
    digests = [hmac.digest(secret.encode(), signed, hashlib.sha256).hex() for secret in secrets]
    return ",".join([f"t={timestamp}", *(f"v1={digest}" for digest in digests)])


def headers(
    webhook: Webhook, event: Event, delivery: Delivery, secrets: Sequence[str], timestamp: int, body: bytes
) -> dict[str, str]:
    """All headers of one attempt that is about to be made."""
    return {
        "Content-Type": "application/json",
        "X-FM-Webhook-ID": webhook.webhook_id,
        "X-FM-Webhook-Event": event.type,
        "X-FM-Webhook-Timestamp": str(timestamp),
        "X-FM-Webhook-Signature": fm_signature(secrets, timestamp, body),
        "X-FM-Delivery-ID": delivery.delivery_id,
        "X-FM-Delivery-Attempt": str(len(delivery.attempts)),
    }

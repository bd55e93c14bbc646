"""Verifies messages of Amazon SNS, and confirms the subscription of a topic.

A message names the URL of the certificate whose key signed it. The URL must be on one of SNS's own hosts, and
`outbound.transport` fetches it over TLS, so only Amazon can have put the certificate there. The confirmation also goes
to such a host only.
"""

import base64
import binascii
import re
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ferryman import clock, log
from ferryman.dialects.sources.aws_sns import CONFIRMATION
from ferryman.dialects.sources.reading import Node
from ferryman.errors import NotAllowed, RetryLater
from ferryman.outbound import transport
from ferryman.outbound.outcomes import Delivered, Refused, Unreachable
from ferryman.outbound.ssrf_guard import AllowedTargets

_HOST = re.compile(r"sns\.[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}\.amazonaws\.com(?:\.cn)?", re.ASCII)
_CERTIFICATE = re.compile(r"/SimpleNotificationService-[0-9a-f]{8,64}\.pem", re.ASCII)
_SECONDS = 4
_MAX_BYTES = 16_384
_SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SIGNED_CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_TARGETS = AllowedTargets(allowed_ports=frozenset({443}))
_FORGED = NotAllowed("The message is not signed by Amazon SNS.")


def verify(payload: Node) -> None:
    """Raises NotAllowed for a message that SNS did not sign, and RetryLater if its certificate cannot be read now."""
    url = payload["SigningCertURL"].text
    if not (_is_of_sns(url) and _CERTIFICATE.fullmatch(urlsplit(url).path)):
        raise _FORGED
    algorithm = {"1": hashes.SHA1, "2": hashes.SHA256}.get(payload["SignatureVersion"].text)
    if algorithm is None:
        raise _FORGED
    try:
        signature = base64.b64decode(payload["Signature"].text, validate=True)
        _key(url).verify(signature, _signed(payload), padding.PKCS1v15(), algorithm())
    except (InvalidSignature, binascii.Error, ValueError):
        raise _FORGED from None


def _is_of_sns(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return (
            parts.scheme == "https" and parts.netloc == parts.hostname and bool(_HOST.fullmatch(parts.hostname or ""))
        )
    except ValueError:
        return False


def _signed(payload: Node) -> bytes:
    """The text that SNS signed: a line with the name and a line with the value of each of these members, if present."""
    names = _SIGNED if payload["Type"].text == "Notification" else _SIGNED_CONFIRMATION
    lines = [f"{name}\n{value}\n" for name in names if isinstance(value := payload[name].value, str)]
    return "".join(lines).encode()


@lru_cache(maxsize=32)
def _key(url: str) -> rsa.RSAPublicKey:
    """The public key of the certificate at `url`, cached, because SNS has few certificates and they never change.

    Raises NotAllowed for a weak or expired certificate, and as `_get` does.
    """
    certificate = x509.load_pem_x509_certificate(_get(url))
    key = certificate.public_key()
    expires = certificate.not_valid_after_utc.timestamp()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < 2048 or expires < clock.now():
        raise _FORGED
    return key


def confirm(payload: Node) -> None:
    """Confirm a subscription by fetching the URL in a verified message.

    Raises NotAllowed for a URL that is not SNS's, and RetryLater when SNS does not answer.
    """
    url = payload["SubscribeURL"].text
    asked = parse_qs(urlsplit(url).query) if _is_of_sns(url) else {}
    if asked.get("Action") != ["ConfirmSubscription"] or asked.get("TopicArn") != [payload["TopicArn"].text]:
        raise _FORGED
    _get(url)


def is_confirmation(payload: Node) -> bool:
    return payload["Type"].text == CONFIRMATION


def _get(url: str) -> bytes:
    """The content at `url`. Raises RetryLater when SNS fails, and NotAllowed for a URL that SNS does not have.

    So a sender that invents URLs is refused, and its requests do not count as failures of our own.
    """
    outcome = transport.request(
        "GET", url, allowed_targets=_TARGETS, deadline_seconds=_SECONDS, max_response_bytes=_MAX_BYTES
    )
    if isinstance(outcome, Refused) and outcome.status < 500:
        raise _FORGED
    if isinstance(outcome, Unreachable) and outcome.error == "dns_error":
        raise _FORGED
    if not isinstance(outcome, Delivered):
        log.logger.warning("sns.unreachable", extra={"outcome": type(outcome).__name__})
        raise RetryLater("Amazon SNS did not answer. Send the message again in a moment.")
    return outcome.body.content

"""Messages of Amazon SNS are verified with its certificate, fetched only from its own hosts.

The certificate is real.
"""

import base64
import datetime
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from ferryman.dialects.sources import sns_sender
from ferryman.dialects.sources.reading import Node
from ferryman.errors import NotAllowed, RetryLater
from ferryman.outbound import transport
from ferryman.outbound.outcomes import Outcome, Unreachable
from ferryman.outbound.ssrf_guard import AllowedTargets

from tests.unit import hostile
from tests.unit.hostile import Receiver, receiver

HOST = "sns.eu-central-1.amazonaws.com"
CERTIFICATE = f"https://{HOST}/SimpleNotificationService-0123456789abcdef.pem"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SEND = transport.request


def pem(*, key: Any = KEY, days: int = 30) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=90))
        .not_valid_after(now + datetime.timedelta(days=days))
    )
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def message(kind: str = "Notification", version: str = "2", **changes: Any) -> dict[str, Any]:
    """A message in the form in which SNS signs it."""
    found: dict[str, Any] = {
        "Type": kind,
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": TOPIC,
        "Message": "Threshold crossed",
        "Timestamp": "2026-11-26T12:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
    }
    if kind == "Notification":
        found["Subject"] = "Load"
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    else:
        found |= {
            "Token": "t0ken",
            "SubscribeURL": f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t0ken",
        }
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    found |= changes
    signed = "".join(f"{name}\n{found[name]}\n" for name in names if name in found)
    algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()  # noqa: S303 - SNS's first version
    signature = KEY.sign(signed.encode(), padding.PKCS1v15(), algorithm)
    return found | {"Signature": base64.b64encode(signature).decode()}


def answering(content: bytes, status: str = "200 OK") -> hostile.Behaviour:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n"
    return hostile.answer(head.encode() + content)


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A function that redirects requests for SNS's hosts to a receiver here, and returns the list of requested URLs."""
    sns_sender._key.cache_clear()
    asked: list[str] = []

    def use(there: Receiver) -> list[str]:
        def send(method: str, url: str, **more: Any) -> Outcome:
            asked.append(url)
            assert more.pop("allowed_targets") == AllowedTargets(allowed_ports=frozenset({443}))
            there_url = there.url() + url.partition(HOST)[2].removeprefix("/")
            return SEND(method, there_url, allowed_targets=AllowedTargets(allow_loopback_http=True), **more)

        monkeypatch.setattr(transport, "request", send)
        return asked

    yield use
    sns_sender._key.cache_clear()


@pytest.mark.parametrize("version", ["1", "2"])
def test_a_message_that_sns_signed_is_believed(amazon: Any, version: str) -> None:
    with receiver(answering(pem())) as there:
        asked = amazon(there)
        for kind in ("Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"):
            sns_sender.verify(Node(message(kind, version)))
        without = message(version=version)
        del without["Subject"]
        with pytest.raises(NotAllowed):
            sns_sender.verify(Node(without))
    assert asked == [CERTIFICATE]  # once, as the certificate behind an address never changes


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Signature", "Type"])
def test_nothing_that_is_signed_can_be_changed(amazon: Any, name: str) -> None:
    with receiver(answering(pem())) as there:
        amazon(there)
        for value in ("x", "", None, 7, "é" * 9):
            with pytest.raises(NotAllowed):
                sns_sender.verify(Node(message() | {name: value}))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.example/sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/SimpleNotificationService-0123456789abcdef.pem",
        "https://user@sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-central-1.amazonaws.com:8443/SimpleNotificationService-0123456789abcdef.pem",
        "https://s3.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://evil.sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-central-1.amazonaws.com/evil.pem",
        "https://sns.eu-central-1.amazonaws.com/?Action=x",
        "https://[",
    ],
)
def test_a_certificate_of_another_place_is_never_fetched(amazon: Any, url: str) -> None:
    with receiver(answering(pem())) as there:
        asked = amazon(there)
        with pytest.raises(NotAllowed):
            sns_sender.verify(Node(message(SigningCertURL=url)))
        assert not asked


def test_other_keys_and_old_certificates_are_not_believed(amazon: Any) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for content in (pem(key=other), pem(days=-1), b"no certificate"):
        sns_sender._key.cache_clear()
        with receiver(answering(content)) as there:
            amazon(there)
            with pytest.raises(NotAllowed):
                sns_sender.verify(Node(message()))


def test_a_certificate_that_cannot_be_fetched_now_is_asked_for_again(amazon: Any) -> None:
    with receiver(answering(b"", "503 Service Unavailable")) as there:
        amazon(there)
        with pytest.raises(RetryLater):
            sns_sender.verify(Node(message()))
    with receiver(answering(pem())) as there:
        amazon(there)
        sns_sender.verify(Node(message()))


def test_an_address_that_sns_does_not_have_is_a_forgery(amazon: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver(answering(b"", "404 Not Found")) as there:
        amazon(there)
        with pytest.raises(NotAllowed):
            sns_sender.verify(Node(message()))
    monkeypatch.setattr(transport, "request", lambda *_, **__: Unreachable("dns_error", "no such name", 1))
    with pytest.raises(NotAllowed):
        sns_sender.verify(Node(message(SigningCertURL=CERTIFICATE.replace("eu-central-1", "eu-nowhere-9"))))
    monkeypatch.setattr(transport, "request", lambda *_, **__: Unreachable("timeout", "too slow", 1))
    with pytest.raises(RetryLater):
        sns_sender.verify(Node(message()))


def test_a_subscription_is_confirmed_at_snss_own_host_for_the_topic_that_asks(amazon: Any) -> None:
    with receiver(answering(b"<ConfirmSubscriptionResponse/>")) as there:
        asked = amazon(there)
        sns_sender.confirm(Node(message("SubscriptionConfirmation")))
        assert len(asked) == 1
        for url in (
            "https://evil.example/?Action=ConfirmSubscription",
            f"https://{HOST}/?Action=Unsubscribe&TopicArn={TOPIC}",
            f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}2",
            "https://[",
        ):
            with pytest.raises(NotAllowed):
                sns_sender.confirm(Node(message("SubscriptionConfirmation", SubscribeURL=url)))
        assert len(asked) == 1

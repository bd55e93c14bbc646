"""Our signatures are accepted by other projects' verifiers: Stripe's for `fm`, standardwebhooks' for `standard`."""

import base64
import hashlib
import hmac
import time
import uuid
from dataclasses import replace

import pytest
import standardwebhooks
import stripe
from ferryman import clock
from ferryman.formats import Signature
from ferryman.formats.interface import Body
from ferryman.identity.credentials.secrets import new_signing_secret
from ferryman.webhooks import signing
from ferryman.webhooks.deliveries.model import Attempt, Delivery
from ferryman.webhooks.signing import SignedAttempt
from hypothesis import assume, given
from hypothesis import strategies as st

NOW = int(time.time())
TOLERANCE = 3600  # the whole run of the tests fits in
# What a body can be: the ASCII JSON we send, and any other text, for a verifier must not depend on ours.
bodies = st.text(st.characters(exclude_categories=["Cs"]))
secrets = st.builds(new_signing_secret)
some_secrets = st.lists(secrets, min_size=1, max_size=3, unique=True)
timestamps = st.integers(NOW - 60, NOW)


def attempt(*, test: bool = False) -> SignedAttempt:
    """A signed attempt made now, because the verifier of `standard` refuses anything older than five minutes."""
    return SignedAttempt(
        webhook_id="whk_01JZZZZZZZ0123456789ABCDEF",
        delivery_id="dlv_01JZZZZZZZ0123456789ABCDEF01JZZZZZZZ0123456789ABCDEF",
        event_type="message.created",
        number=2,
        timestamp=int(time.time()),
        test=test,
    )


def accepted_by_stripe(signature: str, secret: str, body: str) -> bool:
    try:
        return bool(stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE))
    except stripe.SignatureVerificationError:
        return False


def accepted_by_standardwebhooks(headers: dict[str, str], secret: str, body: str) -> bool:
    try:
        standardwebhooks.Webhook(secret).verify(body, headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    except ValueError:
        return True  # the signature was right; it goes on to read the body as JSON
    return True


DELIVERY = Delivery(
    workspace_id="wsp_1",
    webhook_id="whk_1",
    delivery_id="dlv_1",
    event_id="evt_1",
    event_type="message.created",
    livemode=True,
    state="sending",
    created_at="2026-03-01T00:00:00.000Z",
    updated_at="2026-03-01T00:00:00.000Z",
    expires_at_epoch=0,
)


@pytest.mark.parametrize("test", [None, True])
def test_the_headers_describe_the_attempt_and_its_delivery(test: bool | None) -> None:
    """The signed time is the attempt's. The delivery may have been created days earlier."""
    made = "2026-03-01T00:12:30.000Z"
    assert replace(DELIVERY, test=test).signed(Attempt(number=4, at=made)) == SignedAttempt(
        webhook_id="whk_1",
        delivery_id="dlv_1",
        event_type="message.created",
        number=4,
        timestamp=int(clock.seconds(made)),
        test=test is True,
    )


def test_every_header_is_spelt_as_the_documentation_spells_it() -> None:
    headers = signing.headers(attempt(test=True), ["fm", "standard", "fluxdesk"], [new_signing_secret()], Body(b"{}"))
    assert list(headers) == [
        "Content-Type",
        "X-FM-Webhook-ID",
        "X-FM-Webhook-Event",
        "X-FM-Webhook-Timestamp",
        "webhook-id",
        "webhook-timestamp",
        "X-FluxDesk-Event-Type",
        "X-FluxDesk-Delivery-Id",
        "X-FM-Delivery-ID",
        "X-FM-Delivery-Attempt",
        "X-FM-Webhook-Test",
        "X-FM-Webhook-Signature",
        "webhook-signature",
        "X-FluxDesk-Signature",
    ]
    assert headers["Content-Type"] == "application/json"
    assert headers["X-FM-Webhook-ID"] == attempt().webhook_id
    assert headers["X-FM-Webhook-Event"] == headers["X-FluxDesk-Event-Type"] == attempt().event_type
    assert headers["X-FM-Delivery-ID"] == headers["webhook-id"] == attempt().delivery_id
    assert headers["X-FM-Webhook-Timestamp"] == headers["webhook-timestamp"]


# --- fm ---------------------------------------------------------------------------------------------------


@given(some_secrets, timestamps, bodies)
def test_stripes_verifier_accepts_each_valid_secret(valid: list[str], timestamp: int, body: str) -> None:
    """During a rotation there are several secrets. A receiver that knows any of them accepts the signature."""
    signature = signing.fm_signature(valid, timestamp, body.encode())
    assert all(accepted_by_stripe(signature, secret, body) for secret in valid)


@given(some_secrets, secrets, timestamps, bodies)
def test_another_secret_is_refused(valid: list[str], other: str, timestamp: int, body: str) -> None:
    assume(other not in valid)
    assert not accepted_by_stripe(signing.fm_signature(valid, timestamp, body.encode()), other, body)


@given(secrets, timestamps, bodies, bodies)
def test_another_body_is_refused(secret: str, timestamp: int, body: str, other: str) -> None:
    assume(body != other)
    assert not accepted_by_stripe(signing.fm_signature([secret], timestamp, body.encode()), secret, other)


@given(secrets, timestamps, st.integers(1, 59), bodies)
def test_the_time_is_signed(secret: str, timestamp: int, later: int, body: str) -> None:
    """Changing `t` to stay within the tolerance makes the signature invalid."""
    signature = signing.fm_signature([secret], timestamp, body.encode())
    assert not accepted_by_stripe(signature.replace(f"t={timestamp}", f"t={timestamp + later}"), secret, body)


@given(secrets, bodies)
def test_an_old_signature_is_refused(secret: str, body: str) -> None:
    assert not accepted_by_stripe(signing.fm_signature([secret], NOW - TOLERANCE - 60, body.encode()), secret, body)


@given(secrets, timestamps, st.text("0123456789", min_size=1, max_size=4), bodies)
def test_digits_cannot_wander_between_time_and_body(secret: str, timestamp: int, digits: str, body: str) -> None:
    one = signing.fm_signature([secret], timestamp, (digits + body).encode())
    other = signing.fm_signature([secret], int(f"{timestamp}{digits}"), body.encode())
    assert one.partition(",")[2] != other.partition(",")[2]


def test_the_format_is_the_documented_one() -> None:
    digests = [hmac.new(key, b"1700000000.{}", hashlib.sha256).hexdigest() for key in (b"whsec_new", b"whsec_old")]
    expected = f"t=1700000000,v1={digests[0]},v1={digests[1]}"
    assert signing.fm_signature(["whsec_new", "whsec_old"], 1_700_000_000, b"{}") == expected


# --- standard ---------------------------------------------------------------------------------------------


@given(some_secrets, bodies)
def test_standardwebhooks_verifier_accepts_each_valid_secret(valid: list[str], body: str) -> None:
    headers = signing.headers(attempt(), ["standard"], valid, Body(body.encode()))
    assert headers["webhook-id"] == attempt().delivery_id  # the same on every attempt, so that copies are noticed
    assert all(accepted_by_standardwebhooks(headers, secret, body) for secret in valid)


@given(some_secrets, secrets, bodies, bodies)
def test_standardwebhooks_verifier_refuses_anything_else(valid: list[str], other: str, body: str, another: str) -> None:
    assume(other not in valid and body != another)
    headers = signing.headers(attempt(), ["standard"], valid, Body(body.encode()))
    assert not accepted_by_standardwebhooks(headers, other, body)
    assert not accepted_by_standardwebhooks(headers, valid[0], another)
    assert not accepted_by_standardwebhooks({**headers, "webhook-id": "dlv_other"}, valid[0], body)
    assert not accepted_by_standardwebhooks(
        {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 1)}, valid[0], body
    )


def test_a_space_stands_between_the_signatures_of_two_secrets() -> None:
    secrets = [new_signing_secret(), new_signing_secret()]
    value = signing.headers(attempt(), ["standard"], secrets, Body(b"{}"))["webhook-signature"]
    assert [one.partition(",")[0] for one in value.split(" ")] == ["v1", "v1"]


@given(secrets)
def test_every_signing_secret_is_a_standard_one(secret: str) -> None:
    assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 24


# --- fluxdesk ---------------------------------------------------------------------------------------------


@given(some_secrets, bodies)
def test_fluxdesk_signs_the_body_with_the_oldest_valid_secret(valid: list[str], body: str) -> None:
    """FluxDesk's header has room for one signature. Receivers use the old secret until it expires."""
    headers = signing.headers(attempt(), ["fluxdesk"], valid, Body(body.encode()))
    expected = hmac.new(valid[-1].encode(), body.encode(), hashlib.sha256).hexdigest()
    assert headers["X-FluxDesk-Signature"] == f"v1={expected}"
    assert headers["X-FluxDesk-Event-Type"] == "message.created"
    assert str(uuid.UUID(headers["X-FluxDesk-Delivery-Id"])) == headers["X-FluxDesk-Delivery-Id"]


# --- the token of trigger words ---------------------------------------------------------------------------


def test_the_token_is_made_of_the_newest_secret_and_never_changes_by_itself() -> None:
    """Receivers store the token, so the same secret must always give the same token."""
    assert signing.token(["whsec_new", "whsec_old"]) == "7b2cobbmhwq7pxkyjcnhwialco"


# --- headers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("signatures", [["fm"], ["standard"], ["fluxdesk"], ["fm", "standard", "fluxdesk"]])
def test_each_choice_has_its_headers_and_no_others(signatures: list[Signature]) -> None:
    names = {name.lower() for name in signing.headers(attempt(), signatures, [new_signing_secret()], Body(b"{}"))}
    own = {
        "fm": {
            "x-fm-webhook-id",
            "x-fm-webhook-event",
            "x-fm-webhook-timestamp",
            "x-fm-webhook-signature",
        },
        "standard": {"webhook-id", "webhook-timestamp", "webhook-signature"},
        "fluxdesk": {"x-fluxdesk-signature", "x-fluxdesk-event-type", "x-fluxdesk-delivery-id"},
    }
    always = {"content-type", "x-fm-delivery-id", "x-fm-delivery-attempt"}
    assert names == always.union(*(own[name] for name in signatures))


def test_a_header_can_be_sent_as_it_is() -> None:
    headers = signing.headers(attempt(), ["fm", "standard", "fluxdesk"], [new_signing_secret()] * 2, Body(b"{}"))
    assert all(f"{name}{value}".isascii() and f"{name}{value}".isprintable() for name, value in headers.items())
    assert headers["X-FM-Delivery-Attempt"] == "2"
    assert headers["X-FM-Webhook-Timestamp"] == headers["X-FM-Webhook-Signature"][2:12]


def test_the_headers_in_the_log_hold_no_signature() -> None:
    every: list[Signature] = ["fm", "standard", "fluxdesk"]
    one = attempt()
    shown = signing.described(one, every)
    assert not [name for name in shown if "signature" in name.lower()]
    assert shown.items() <= signing.headers(one, every, [new_signing_secret()], Body(b"{}")).items()


def test_only_a_test_delivery_says_so() -> None:
    assert signing.described(attempt(test=True), ["fm"])["X-FM-Webhook-Test"] == "true"
    assert "X-FM-Webhook-Test" not in signing.described(attempt(), ["fm"])


@pytest.mark.parametrize("signatures", [["fm"], ["standard"], ["fluxdesk"], ["fm", "standard", "fluxdesk"]])
@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded"])
def test_the_headers_are_shown_as_they_were_sent_but_for_what_a_secret_made(
    signatures: list[Signature], content_type: str | None
) -> None:
    sent = signing.headers(
        attempt(), signatures, [new_signing_secret()], Body(b"{}", content_type or "application/json")
    )
    shown = signing.masked(attempt(), signatures, content_type)
    made_by_a_secret = {"X-FM-Webhook-Signature", "webhook-signature", "X-FluxDesk-Signature"}
    assert shown == {name: "[masked]" if name in made_by_a_secret else value for name, value in sent.items()}
    assert shown["Content-Type"] == (content_type or "application/json")
    assert signing.masked(attempt(test=True), signatures, None)["X-FM-Webhook-Test"] == "true"

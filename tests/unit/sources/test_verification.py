"""Senders are authenticated in their product's own way."""

import hashlib
import hmac
from typing import Any

import pytest
import stripe
from ferryman import clock
from ferryman.dialects.sources.verification import is_from

SECRET = "It's a Secret to Everybody"
BODY = b"Hello, World!"
# GitHub's documentation gives this secret, this body and this signature.
PUBLISHED = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_githubs_published_signature_is_right() -> None:
    assert is_from("github", SECRET, BODY, {"x-hub-signature-256": f"sha256={PUBLISHED}"})


@pytest.mark.parametrize(
    ("source", "headers"),
    [
        ("github", {"x-hub-signature-256": f"sha256={PUBLISHED}"}),
        ("bitbucket", {"x-hub-signature": f"sha256={PUBLISHED}"}),
        ("jira", {"x-hub-signature": f"sha256={PUBLISHED}"}),
        ("sentry", {"sentry-hook-signature": PUBLISHED}),
        ("grafana", {"x-grafana-alerting-signature": PUBLISHED}),
        ("pagerduty", {"x-pagerduty-signature": f"v1=0000, v1={PUBLISHED}"}),
        ("gitlab", {"x-gitlab-token": SECRET}),
        ("grafana", {"authorization": f"Bearer {SECRET}"}),
        ("alertmanager", {"authorization": f"bearer {SECRET}"}),
        ("datadog", {"authorization": f"Bearer {SECRET}"}),
        ("uptime_kuma", {"authorization": f"Bearer {SECRET}"}),
        ("generic", {"authorization": f"Bearer {SECRET}"}),
    ],
)
def test_only_the_right_secret_and_the_right_header_count(source: str, headers: dict[str, str]) -> None:
    ((name, value),) = headers.items()
    assert is_from(source, SECRET, BODY, headers)
    assert not is_from(source, SECRET + "x", BODY, headers)
    assert not is_from(source, SECRET, BODY, {})
    assert not is_from(source, SECRET, BODY, {name: value[:-1]})
    assert not is_from(source, SECRET, BODY, {name: value + "é"})
    assert not is_from(source, SECRET, BODY, {"x-other": value})
    if SECRET not in value:  # a signature covers the body
        assert not is_from(source, SECRET, BODY + b" ", headers)


def test_stripes_own_library_signs_what_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_700_000_000.0)

    def header(at: Any) -> dict[str, str]:
        signer: Any = stripe.WebhookSignature
        return {"stripe-signature": f"t={at},v1={signer._compute_signature(f'{at}.{BODY.decode()}', SECRET)},v0=0"}

    for at in (1_700_000_000, 1_700_000_300, 1_699_999_700):
        assert is_from("stripe", SECRET, BODY, header(at))
    stale: list[int | str] = [1_700_000_301, 1_699_999_699, "", "١", "9" * 13]
    for old in stale:
        assert not is_from("stripe", SECRET, BODY, header(old))
    assert not is_from("stripe", SECRET, BODY + b" ", header(1_700_000_000))
    # While a secret is rolled, Stripe signs with both.
    other = hmac.new(b"new", b"1700000000." + BODY, hashlib.sha256).hexdigest()
    both = {"stripe-signature": f"{header(1_700_000_000)['stripe-signature']},v1={other}"}
    assert is_from("stripe", SECRET, BODY, both)
    assert is_from("stripe", "new", BODY, both)

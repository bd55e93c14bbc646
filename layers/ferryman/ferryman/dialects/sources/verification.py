"""Verifies by the webhook's secret that a payload comes from its sender, in each product's own way. Pure.

Products without a signature can send a custom header, so they send `Authorization: Bearer <secret>`.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping

from ferryman import clock

type Headers = Mapping[str, str]  # names in lower case

_MOST_SECONDS_APART = 300


def is_from(source: str, secret: str, content: bytes, headers: Headers) -> bool:
    return _CHECKS.get(source, _bearer)(secret, content, headers)


def _digest(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def _same(sent: str, wanted: str) -> bool:
    return hmac.compare_digest(sent.encode("utf-8", "replace"), wanted.encode())


def _header(name: str, prefix: str = "") -> Callable[[str, bytes, Headers], bool]:
    """A check that the header `name` is `prefix` and the HMAC-SHA256 of the body in hex."""

    def check(secret: str, content: bytes, headers: Headers) -> bool:
        return _same(headers.get(name, "").strip(), prefix + _digest(secret, content))

    return check


def _gitlab(secret: str, _content: bytes, headers: Headers) -> bool:
    return _same(headers.get("x-gitlab-token", ""), secret)


def _bearer(secret: str, _content: bytes, headers: Headers) -> bool:
    scheme, _, sent = headers.get("authorization", "").strip().partition(" ")
    return scheme.lower() == "bearer" and _same(sent.strip(), secret)


def _grafana(secret: str, content: bytes, headers: Headers) -> bool:
    return _header("x-grafana-alerting-signature")(secret, content, headers) or _bearer(secret, content, headers)


def _pagerduty(secret: str, content: bytes, headers: Headers) -> bool:
    """Whether one of the header's signatures matches. The header has several while a secret is being replaced."""
    wanted = f"v1={_digest(secret, content)}"
    sent = headers.get("x-pagerduty-signature", "").split(",")
    return any(_same(one.strip(), wanted) for one in sent[:20])


def _stripe(secret: str, content: bytes, headers: Headers) -> bool:
    """Whether the header `t=<seconds>,v1=<hex>,…` matches.

    The signature covers the time, which must be within five minutes of now.
    """
    parts = [part.strip().partition("=") for part in headers.get("stripe-signature", "").split(",")[:20]]
    at = next((value for name, _, value in parts if name == "t"), "")
    if not at.isascii() or not at.isdigit() or len(at) > 12 or abs(clock.now() - int(at)) > _MOST_SECONDS_APART:
        return False
    wanted = _digest(secret, at.encode() + b"." + content)
    return any(_same(value, wanted) for name, _, value in parts if name == "v1")


_CHECKS: dict[str, Callable[[str, bytes, Headers], bool]] = {
    "github": _header("x-hub-signature-256", "sha256="),
    "bitbucket": _header("x-hub-signature", "sha256="),
    "jira": _header("x-hub-signature", "sha256="),
    "sentry": _header("sentry-hook-signature"),
    "gitlab": _gitlab,
    "grafana": _grafana,
    "pagerduty": _pagerduty,
    "stripe": _stripe,
}

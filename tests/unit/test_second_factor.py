"""The second factor: RFC 6238's codes, its window, and recovery codes."""

import base64
import re

import pyotp
import pytest
from ferryman import clock
from ferryman.identity.logins import second_factor
from ferryman.identity.logins import sign_in_failures as attempts

# RFC 6238, appendix B, SHA-1: eight digits, of which six are the last six.
SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("at", "code"), VECTORS)
def test_the_codes_are_those_of_rfc_6238(monkeypatch: pytest.MonkeyPatch, at: int, code: str) -> None:
    monkeypatch.setattr(clock, "now", lambda: float(at))
    assert second_factor.step_of(SECRET, code[-6:]) == at // 30
    assert pyotp.TOTP(SECRET, digits=8).at(at) == code


@pytest.mark.parametrize(("late", "accepted"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_code_is_accepted_one_step_early_and_late(monkeypatch: pytest.MonkeyPatch, late: int, accepted: bool) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1111111111.0 + late)
    step = second_factor.step_of(SECRET, "050471")
    assert step == (1111111111 // 30 if accepted else None)


def test_a_step_is_accepted_after_earlier_ones_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1111111111.0)
    step = 1111111111 // 30
    assert second_factor.step_of(SECRET, "050471", after=step - 1) == step
    assert second_factor.step_of(SECRET, "050471", after=step) is None
    assert second_factor.step_of(SECRET, "050471", after=step + 1) is None


@pytest.mark.parametrize("code", ["050472", "", "05047", "0504711", "abcdef", "14050471"])
def test_other_texts_are_not_codes(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1111111111.0)
    assert second_factor.step_of(SECRET, code) is None


def test_a_secret_has_160_bits_and_is_never_the_same() -> None:
    secrets = {second_factor.new_secret() for _ in range(20)}
    assert len(secrets) == 20
    assert all(len(base64.b32decode(secret)) == 20 for secret in secrets)


def test_the_uri_says_all_that_an_app_needs() -> None:
    read = pyotp.parse_uri(second_factor.uri(SECRET, "ada+otp@example.com"))
    assert isinstance(read, pyotp.TOTP)
    assert (read.secret, read.name, read.issuer) == (SECRET, "ada+otp@example.com", "Ferryman")
    assert (read.digits, read.interval, read.digest().name) == (6, 30, "sha1")


def test_recovery_codes_are_ten_of_120_bits() -> None:
    codes = second_factor.new_recovery_codes()
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)


@pytest.mark.parametrize(
    "typed", ["01K7-2M9X", "01k7-2m9x", "01K72M9X", " 0 1K7 2M9X ", "OIK7-2M9X", "olk7-2m9x", "O1K7-2M9X"]
)
def test_a_recovery_code_is_the_same_however_it_is_typed(typed: str) -> None:
    assert second_factor.recovery_hash(typed) == second_factor.recovery_hash("01K7-2M9X")


def test_another_code_is_another() -> None:
    assert second_factor.recovery_hash("01K7-2M9Y") != second_factor.recovery_hash("01K7-2M9X")


def test_pauses_begin_with_the_tenth_failure_and_double_up_to_an_hour() -> None:
    assert [attempts.pause(failures) for failures in (1, 9)] == [0, 0]
    assert [attempts.pause(failures) for failures in range(10, 19)] == [
        30,
        60,
        120,
        240,
        480,
        960,
        1920,
        3600,
        3600,
    ]
    assert attempts.pause(10_000) == 3600

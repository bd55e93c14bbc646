"""Passwords: which are accepted, and how their hashes are stored."""

import base64

import pytest
from ferryman.identity.logins import passwords
from hypothesis import given, settings
from hypothesis import strategies as st


def test_a_hash_costs_what_owasp_asks_for() -> None:
    """N = 2^17, r = 8, p = 1 (128 MiB): the first choice for scrypt in OWASP's Password Storage Cheat Sheet."""
    kind, log2_n, r, p, salt, stored = passwords.hashed("correct horse battery").split("$")
    assert (kind, int(log2_n), int(r), int(p)) == ("scrypt", 17, 8, 1)
    assert len(base64.b64decode(salt)) == 16
    assert len(base64.b64decode(stored)) == 32


def test_a_real_hash_matches_its_password_only() -> None:
    stored = passwords.hashed("correct horse battery")
    assert passwords.matches("correct horse battery", stored)
    assert not passwords.matches("correct horse batterx", stored)


@pytest.mark.parametrize(
    ("password", "salt", "log2_n", "r", "p", "expected"),
    [
        (
            "password",
            b"NaCl",
            10,
            8,
            16,
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830da"
            "c727afb94a83ee6d8360cbdfa2cc0640",
        ),
        (
            "pleaseletmein",
            b"SodiumChloride",
            14,
            8,
            1,
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9"
            "e61e85dc0d651e40dfcf017b45575887",
        ),
    ],
)
def test_the_hashes_are_those_of_rfc_7914(
    password: str, salt: bytes, log2_n: int, r: int, p: int, expected: str
) -> None:
    """The test vectors of section 12.

    Their parameters differ from ours, so hashes with older parameters still match.
    """
    words = [base64.b64encode(blob).decode() for blob in (salt, bytes.fromhex(expected))]
    stored = f"scrypt${log2_n}${r}${p}${words[0]}${words[1]}"
    assert passwords.matches(password, stored)
    assert not passwords.matches(password + "!", stored)


def test_without_a_stored_hash_the_work_is_the_same_and_the_answer_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "LOG2_N", 4)
    work: list[tuple[object, ...]] = []
    real = passwords._scrypt

    def noted(password: str, salt: bytes, *cost: int) -> bytes:
        work.append((len(salt), *cost))
        return real(password, salt, *cost)

    stored = passwords.hashed("correct horse battery")
    monkeypatch.setattr(passwords, "_scrypt", noted)
    assert passwords.matches("correct horse battery", stored)
    assert not passwords.matches("correct horse battery", None)
    assert work[0] == work[1]


def test_the_same_password_is_never_stored_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "LOG2_N", 4)
    assert len({passwords.hashed("correct horse battery") for _ in range(5)}) == 5


@given(st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_every_text_has_a_hash_and_matches_it_in_every_form(text: str) -> None:
    before, passwords.LOG2_N = passwords.LOG2_N, 4
    try:
        stored = passwords.hashed(text)
        assert passwords.matches(passwords.normal(text), stored)
        assert passwords.matches(text, stored)
        assert not passwords.matches(text + "x", stored)
    finally:
        passwords.LOG2_N = before


@pytest.mark.parametrize(
    ("password", "length"), [("x" * 12, 12), ("x" * 128, 128), ("Å" * 12, 12), ("A\u030a" * 12, 12), ("ﬃ" * 4, 12)]
)
def test_twelve_to_128_characters_are_accepted_in_their_normal_form(password: str, length: int) -> None:
    assert len(passwords.acceptable(password)) == length


@pytest.mark.parametrize("password", ["", "x" * 11, "x" * 129, "A\u030a" * 11, "ﬃ" * 43])
def test_other_texts_are_refused_and_not_repeated(password: str) -> None:
    with pytest.raises(ValueError, match="must have at") as refused:
        passwords.acceptable(password)
    assert not password or password not in str(refused.value)


@pytest.mark.parametrize("password", ["ada@example.com", "ADA@Example.com", "  ada@example.com", "ａda@example.com"])
def test_the_address_is_recognised(password: str) -> None:
    assert passwords.is_email(password, "Ada@example.com")


def test_a_password_that_contains_the_address_is_not_the_address() -> None:
    assert not passwords.is_email("ada@example.com!", "ada@example.com")

"""The secrets that identify callers: their form, their checksum, and their stored hash."""

import hashlib
import re
import string
import zlib
from collections.abc import Callable

import pytest
from ferryman.identity.credentials import secrets
from hypothesis import assume, given
from hypothesis import strategies as st

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
PUBLISHED = re.compile(r"fm_(live|test)_[0-9A-Za-z]{36}")  # what secret scanners are told
tokens = st.builds(lambda livemode: secrets.new_token(livemode=livemode), st.booleans())


def base62(number: int) -> str:
    """A second implementation of the checksum's digits, to check the one in the code."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return digits.rjust(6, "0")


@given(st.booleans())
def test_a_token_has_the_published_form(livemode: bool) -> None:
    token = secrets.new_token(livemode=livemode)
    assert PUBLISHED.fullmatch(token)
    assert token.startswith("fm_live_" if livemode else "fm_test_")
    assert secrets.is_token(token)


@pytest.mark.parametrize(("make", "prefix"), [(secrets.new_session, "fm_sess_"), (secrets.new_invitation, "fm_invt_")])
def test_sessions_and_invitations_have_the_form_of_tokens(make: Callable[[], str], prefix: str) -> None:
    made = make()
    assert re.fullmatch(rf"{prefix}[0-9A-Za-z]{{36}}", made)
    assert made[38:] == base62(zlib.crc32(made[8:38].encode()))
    assert secrets.is_token(made)
    assert not secrets.is_token(made[:-1])
    assert not secrets.is_token(made.upper())


@given(tokens)
def test_a_token_ends_with_the_crc_of_its_random_part(token: str) -> None:
    random = token[8:38]
    assert token[38:] == base62(zlib.crc32(random.encode()))


def test_a_known_token_stays_valid() -> None:
    random = "0" * 30
    assert secrets.is_token(f"fm_live_{random}{base62(zlib.crc32(random.encode()))}")
    assert secrets.is_token("fm_live_0000000000000000000000000000002C8GjS")


@given(tokens, st.integers(8, 43), st.sampled_from(BASE62))
def test_one_wrong_character_is_noticed(token: str, position: int, character: str) -> None:
    assume(token[position] != character)
    assert not secrets.is_token(token[:position] + character + token[position + 1 :])


@given(tokens, st.integers(8, 42))
def test_two_swapped_characters_are_noticed(token: str, position: int) -> None:
    first, second = token[position], token[position + 1]
    assume(first != second)
    assert not secrets.is_token(token[:position] + second + first + token[position + 2 :])


@given(tokens, st.text(min_size=1, max_size=3))
def test_nothing_may_stand_before_or_after(token: str, more: str) -> None:
    assert not secrets.is_token(token + more)
    assert not secrets.is_token(more + token)


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    assert secrets.is_token(text) is False


@pytest.mark.parametrize("digit", ["٠", "０", "𝟎", "é", "-", "_", " ", "\n"])
def test_only_ascii_letters_and_digits_count(digit: str) -> None:
    r"""`\d` and `isalnum` would accept digits of other scripts."""
    random = digit * 30
    assert not secrets.is_token(f"fm_live_{random}{base62(zlib.crc32(random.encode()))}")
    assert not secrets.is_hook_secret(digit * 32)


def test_the_environment_is_outside_the_checksum_but_inside_the_hash() -> None:
    """A token with its environment changed is well-formed, but its hash differs, so looking it up finds nothing."""
    token = secrets.new_token(livemode=False)
    forged = token.replace("fm_test_", "fm_live_")
    assert secrets.is_token(forged)
    assert secrets.digest(forged) != secrets.digest(token)


def test_secrets_are_never_made_twice() -> None:
    def new_token() -> str:
        return secrets.new_token(livemode=True)

    for make in (new_token, secrets.new_hook_secret, secrets.new_signing_secret):
        assert len({make() for _ in range(200)}) == 200


def test_every_character_of_the_alphabet_is_used() -> None:
    """A generator that never uses some characters has less entropy than its length suggests."""
    seen = set("".join(secrets.new_hook_secret() for _ in range(200)))
    assert seen == set(BASE62)


def test_hook_and_signing_secrets_have_the_documented_form() -> None:
    assert re.fullmatch(r"[0-9A-Za-z]{32}", secrets.new_hook_secret())
    assert re.fullmatch(r"whsec_[0-9A-Za-z]{32}", secrets.new_signing_secret())


@given(tokens)
def test_the_shown_prefix_does_not_help_to_guess(token: str) -> None:
    shown = secrets.shown(token)
    assert token.startswith(shown)
    assert len(token) - len(shown) - 6 >= 22  # the checksum is not a secret; 22 base62 characters are 131 bits


@given(st.text(alphabet=BASE62, min_size=1))
def test_the_digest_is_sha256(secret: str) -> None:
    assert secrets.digest(secret) == hashlib.sha256(secret.encode()).hexdigest()

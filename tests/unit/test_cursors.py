"""Cursors are opaque, and are valid only for the list, the workspace and the view from which they came."""

import base64
import hmac
import json
import string

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from ferryman.errors import Invalid
from ferryman.http import cursors
from hypothesis import assume, given
from hypothesis import strategies as st

KEY = b"0" * 64
URL_SAFE = string.ascii_letters + string.digits + "-_"
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
last_keys = st.dictionaries(texts, texts, min_size=1, max_size=3)


def refused(key: bytes, query: str, cursor: str) -> None:
    with pytest.raises(Invalid) as error:
        cursors.decode(key, query, cursor)
    assert error.value.errors == [("cursor", "The cursor does not belong to this list. Start again without one.")]


def encoded(last_key: dict[str, str], query: str = "list") -> str:
    cursor = cursors.encode(KEY, query, last_key)
    assert cursor is not None
    return cursor


@given(last_keys, texts)
def test_a_cursor_gives_back_its_key(last_key: dict[str, str], query: str) -> None:
    cursor = encoded(last_key, query)
    assert set(cursor) <= set(URL_SAFE)
    assert cursors.decode(KEY, query, cursor) == last_key


def test_a_cursor_may_end_in_any_character() -> None:
    last_keys = {encoded({"n": str(number)}): {"n": str(number)} for number in range(100, 1_000)}
    assert {cursor[-1] for cursor in last_keys} == set(URL_SAFE)
    assert all(cursors.decode(KEY, "list", cursor) == last_key for cursor, last_key in last_keys.items())


@pytest.mark.parametrize("foreign", ["+", "/", "=", " ", "\n", "é", "\x00"])
def test_a_foreign_character_is_refused_wherever_it_stands(foreign: str) -> None:
    for last_key in ({"n": "1"}, {"n": "12"}, {"n": "123"}):
        cursor = encoded(last_key)
        for position in range(len(cursor) + 1):
            refused(KEY, "list", cursor[:position] + foreign + cursor[position:])
            refused(KEY, "list", cursor[:position] + foreign + cursor[position + 1 :])


def test_the_last_page_has_no_cursor() -> None:
    assert cursors.encode(KEY, "list", None) is None
    assert cursors.decode(KEY, "list", None) is None


@given(last_keys, st.data())
def test_a_changed_character_is_refused(last_key: dict[str, str], data: st.DataObject) -> None:
    """Every character counts, also the last one, whose low bits base64 ignores."""
    cursor = encoded(last_key)
    position = data.draw(st.integers(0, len(cursor) - 1))
    character = data.draw(st.sampled_from(URL_SAFE))
    assume(cursor[position] != character)
    refused(KEY, "list", cursor[:position] + character + cursor[position + 1 :])


@given(last_keys, st.text(min_size=1, max_size=5), st.data())
def test_an_added_character_is_refused(last_key: dict[str, str], more: str, data: st.DataObject) -> None:
    """A lenient base64 decoder would skip characters that are not in its alphabet."""
    cursor = encoded(last_key)
    position = data.draw(st.integers(0, len(cursor)))
    refused(KEY, "list", cursor[:position] + more + cursor[position:])


@given(last_keys, st.data())
def test_a_shortened_cursor_is_refused(last_key: dict[str, str], data: st.DataObject) -> None:
    cursor = encoded(last_key)
    refused(KEY, "list", cursor[: data.draw(st.integers(0, len(cursor) - 1))])


@given(last_keys, texts, texts)
def test_a_cursor_of_another_list_is_refused(last_key: dict[str, str], one: str, other: str) -> None:
    assume(one != other)
    refused(KEY, other, encoded(last_key, one))


@given(last_keys, st.binary(max_size=64))
def test_a_cursor_of_another_workspace_is_refused(last_key: dict[str, str], key: bytes) -> None:
    assume(key.rstrip(b"\0") != KEY)  # HMAC pads short keys with zeros
    refused(key, "list", encoded(last_key))


@given(st.text(max_size=60))
def test_any_text_is_refused(text: str) -> None:
    refused(KEY, "list", text)


def test_a_made_up_key_needs_the_seal() -> None:
    content = json.dumps({"workspace_id": "wsp_other"}).encode()
    for tag in (b"", b"\0" * 16, b"\0" * 32):
        refused(KEY, "list", base64.urlsafe_b64encode(tag + content).rstrip(b"=").decode())


@given(last_keys, texts)
def test_a_cursor_shows_nothing_of_its_key(last_key: dict[str, str], query: str) -> None:
    """A page of a filtered list may end at an item that its reader may not see, whose key is then in the cursor."""
    named = {"workspace_id": "wsp_hidden", **last_key}
    cursor = encoded(named, query)
    blob = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert b"wsp_hidden" not in blob
    assert b"workspace_id" not in blob


def test_the_boundary_between_query_and_content_cannot_be_moved() -> None:
    cursor = encoded({"a": "b"}, "x")
    blob = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    moved = base64.urlsafe_b64encode(blob[:16] + blob[17:]).rstrip(b"=").decode()
    refused(KEY, f"x{chr(blob[16])}", moved)


def test_a_cursor_keeps_its_form_from_release_to_release() -> None:
    """A client may continue a list with a cursor of the previous release."""
    content = b'{"workspace_id":"wsp_1","chat_id":"cht_1"}'
    # RFC 5869 with one salt of zeros, then RFC 5297.
    first = hmac.digest(hmac.digest(bytes(32), KEY, "sha256"), b"ferryman list cursor\1", "sha256")
    second = hmac.digest(hmac.digest(bytes(32), KEY, "sha256"), first + b"ferryman list cursor\2", "sha256")
    sealed = AESSIV(first + second).encrypt(content, [b"GET /v1/chats?"])
    expected = base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()
    assert encoded({"workspace_id": "wsp_1", "chat_id": "cht_1"}, "GET /v1/chats?") == expected

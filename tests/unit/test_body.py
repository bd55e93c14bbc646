"""Reading request bodies: any bytes give a value, or a refusal that says what is wrong."""

import base64
import gzip
import json
import math
from typing import Any
from urllib.parse import urlencode

import pytest
from ferryman.conversations.messages.model import MAX_TEXT
from ferryman.http import body
from ferryman.http.body import MAX_BYTES, Unreadable
from hypothesis import example, given
from hypothesis import strategies as st

# Values that JSON texts can hold and DynamoDB can keep.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
numbers = st.integers(-(10**38) + 1, 10**38 - 1) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def refusal(content: bytes | str) -> str:
    with pytest.raises(Unreadable) as refused:
        body.parse(content.encode() if isinstance(content, str) else content)
    assert refused.value.status == 400
    return str(refused.value)


def event(text: str, *, encoded: bool = False, **headers: str) -> dict[str, Any]:
    return {
        "body": text,
        "isBase64Encoded": encoded,
        "headers": {name.replace("_", "-"): v for name, v in headers.items()},
    }


# --- what is read -----------------------------------------------------------------------------------------


@given(values)
def test_every_json_value_is_read_as_it_is(value: Any) -> None:
    assert body.parse(json.dumps(value).encode()) == value
    assert body.parse(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
@example(b"\xff\xfe{\x00}\x00")
@example(b"\xed\xa0\x80")
@example(b'{"a":1}\x00')
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        value = body.parse(content)
    except Unreadable as refused:
        assert str(refused).endswith(".")
    else:
        assert value == json.loads(content)


@pytest.mark.parametrize("spaced", [' {"text":"a"} ', '\r\n\t{"text":\n"a"}\n'])
def test_white_space_around_is_allowed(spaced: str) -> None:
    assert body.parse(spaced.encode()) == {"text": "a"}


def test_a_surrogate_pair_is_one_character() -> None:
    assert body.parse(rb'"\ud83d\ude00"') == "😀"


# --- what is refused, and why -----------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["", " ", "\r\n\t "])
def test_an_empty_body_is_called_empty(content: str) -> None:
    assert refusal(content) == "The body is empty; send a JSON object."


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[1,]",
        '{"a":1,}',
        "{'a':1}",
        '{"a":1}}',
        '{"a":1} {"b":2}',
        "// comment\n{}",
        '{"a":01}',
        '{"a":+1}',
        '{"a":.5}',
        '{"a":0x10}',
        '{"a":"\n"}',
        '{"a":"\\x"}',
        "tru",
        "undefined",
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-32"),
        b'{"a":"\xff"}',
        b'{"a":"\xc0\xaf"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xf4\x90\x80\x80"}',
        b'{"a":1}\x00',
    ],
)
def test_a_body_that_is_not_json_is_refused(content: bytes | str) -> None:
    assert refusal(content).startswith("The body is not valid JSON: ")


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", "nan", "inf"])
@pytest.mark.parametrize("where", ["%s", '{"a":%s}', "[[%s]]"])
def test_invalid_numbers_are_refused(constant: str, where: str) -> None:
    assert "not valid JSON" in refusal(where % constant)


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1E+400", "[1e999]", '{"a":{"b":1e309}}'])
def test_numbers_too_large_to_be_finite_are_refused(number: str) -> None:
    assert "a number is too large" in refusal(number)


@pytest.mark.parametrize("digits", [39, 4_300, 4_301, 5_000, 60_000])
@pytest.mark.parametrize("sign", ["", "-"])
def test_numbers_with_more_digits_than_can_be_stored_are_refused(digits: int, sign: str) -> None:
    assert "not valid JSON" in refusal(f'{{"a":{sign}{"9" * digits}}}')


def test_numbers_with_38_digits_are_read() -> None:
    assert body.parse(b"-" + b"9" * 38) == -int("9" * 38)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
@pytest.mark.parametrize("depth", [300, 1_000, 10_000])
def test_depth_bombs_are_refused(opening: str, closing: str, depth: int) -> None:
    assert "not valid JSON" in refusal(opening * depth + "1" + closing * depth)
    assert "not valid JSON" in refusal(opening * depth)


@pytest.mark.parametrize("lone", [r"\ud800", r"\udfff", r"a\udc00b", r"\ude00\ud83d", r"\ud800\ud800"])
def test_lone_surrogates_are_refused(lone: str) -> None:
    """A lone surrogate cannot be stored or sent as UTF-8."""
    assert "not valid JSON" in refusal(f'{{"text":"{lone}"}}')
    assert "not valid JSON" in refusal(f'{{"{lone}":1}}')


@pytest.mark.parametrize(
    "content",
    [
        '{"a":1,"a":2}',
        '{"a":1,"b":{"c":1,"c":1}}',
        '[{"a":1,"a":1}]',
        '{"a":1,"\\u0061":2}',
    ],
)
def test_a_key_twice_is_refused(content: str) -> None:
    """JSON parsers differ in which of two equal keys they use."""
    assert "the same key twice" in refusal(content)


@pytest.mark.parametrize("content", [r'"\u0000"', r'{"a":["x\u0000y"]}', r'{"\u0000":1}', r'{"a":{"b\u0000":1}}'])
def test_nul_characters_are_refused(content: str) -> None:
    assert "U+0000" in refusal(content)


def test_an_escaped_backslash_is_not_a_nul() -> None:
    assert body.parse(rb'"\\u0000"') == "\\u0000"


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=40))
def test_a_refusal_does_not_repeat_the_body(secret: str) -> None:
    said = refusal(f'{{"token": "{"fm_live_" + secret.encode("unicode_escape").hex()}", }}')
    assert "fm_live_" not in said


# --- bytes and types --------------------------------------------------------------------------------------


def test_a_byte_order_mark_is_skipped() -> None:
    assert body.parse(b'\xef\xbb\xbf{"text":"a"}') == {"text": "a"}
    assert body.parse_member(b'\xef\xbb\xbf{"text":"a"}', "text") == "a"


@pytest.mark.parametrize("number", ["1e-999999", "-0.1e-400", '{"a":2.5E-500}'])
def test_numbers_too_small_to_be_kept_are_refused(number: str) -> None:
    assert "a number is too small" in refusal(number)
    assert body.parse(b"[0.0, -0e-9, 0E5]") == [0, 0, 0]


@pytest.mark.parametrize(
    "ignored", [r'"\u0000"', r'"\ud800"', "1e400", "9" * 41, "1e-999999", "9" * 5_000, '{"a":["\\u0000"]}']
)
def test_members_that_are_ignored_are_not_judged(ignored: str) -> None:
    sent = f'{{"text":"x","attachments":[{{"text":{ignored}}}]}}'.encode()
    assert body.parse_member(sent, "text") == "x"
    with pytest.raises(Unreadable):
        body.parse_member(f'{{"text":{ignored}}}'.encode(), "text") if "u" in ignored else body.parse(sent)


@pytest.mark.parametrize(
    "content", ["", "{", "[1]", '"text"', '{"text":1,"text":2}', '{"text":NaN}', '{"a":' * 100_000]
)
def test_a_member_of_what_is_not_an_object_is_refused(content: str) -> None:
    with pytest.raises(Unreadable):
        body.parse_member(content.encode(), "text")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\ud83d\udea2"', "🚢"),
        (rb'"a\u0000b"', "a\ufffdb"),
        (b'"a\0\n\tb"', "a\ufffd\n\tb"),
        (rb'{"\udfff": [{"\u0000": 1}]}', {"\ufffd": [{"\ufffd": 1}]}),
        (b"[1e400, -1e400, 1e-999999]", ["1e400", "-1e400", "1e-999999"]),
        (b"[%s, -%s]" % (b"9" * 38, b"9" * 39), [10**38 - 1, "-" + "9" * 39]),
        (b'{"a": 1, "a": 2} and more', {"a": 2}),
        (b'\xef\xbb\xbf {"a": 0.5}', {"a": 0.5}),
    ],
)
def test_nothing_that_another_product_sends_is_refused_because_it_cannot_be_stored(sent: bytes, read: Any) -> None:
    assert body.parse_first(sent) == read


@pytest.mark.parametrize("content", [b"", b"{", b"[NaN]", b"\xff", b"[" * 201 + b"]" * 201, b"[" * 100_000])
def test_another_products_body_that_is_not_json_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        body.parse_first(content)
    assert body.parse_first(b"[" * 200 + b"]" * 200)


def packed(content: bytes) -> dict[str, Any]:
    return event(base64.b64encode(gzip.compress(content)).decode(), encoded=True, content_encoding="gzip")


def test_a_gzip_body_is_inflated_up_to_the_limit() -> None:
    assert body.raw(packed(b'{"text":"a"}')) == b'{"text":"a"}'
    assert len(body.raw(packed(b"a" * MAX_BYTES))) == MAX_BYTES
    for size in (MAX_BYTES + 1, 100_000_000):
        with pytest.raises(Unreadable) as refused:
            body.raw(packed(b"a" * size))
        assert refused.value.status == 413


@pytest.mark.parametrize(
    "content",
    [b"{}", b"", gzip.compress(b"{}")[:-1], gzip.compress(b"{}") + b"x", gzip.compress(b"{}") * 2],
    ids=["plain", "empty", "cut off", "followed", "twice"],
)
def test_a_body_that_is_not_one_whole_gzip_is_refused(content: bytes) -> None:
    sent = event(base64.b64encode(content).decode(), encoded=True, content_encoding="gzip")
    with pytest.raises(Unreadable) as refused:
        body.raw(sent)
    assert "gzip" in str(refused.value)


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip"])
def test_other_encodings_are_named_as_such(encoding: str) -> None:
    with pytest.raises(Unreadable) as refused:
        body.raw(event("{}", content_encoding=encoding))
    assert refused.value.status == 415
    assert body.raw(event("{}", content_encoding="identity")) == b"{}"


def test_the_longest_text_fits_however_it_is_encoded() -> None:
    text = json.dumps({"text": "\U0001f600" * MAX_TEXT})
    assert body.parse(body.raw(event(text))) == {"text": "\U0001f600" * MAX_TEXT}
    assert len(body.raw(event(urlencode({"payload": text})))) <= MAX_BYTES


def test_a_body_of_256_kib_is_read_and_one_byte_more_is_not() -> None:
    assert MAX_BYTES == 256 * 1024
    assert len(body.raw(event("a" * MAX_BYTES))) == MAX_BYTES
    with pytest.raises(Unreadable) as refused:
        body.raw(event("a" * (MAX_BYTES + 1)))
    assert refused.value.status == 413
    assert str(MAX_BYTES) in str(refused.value)


def test_the_limit_counts_bytes_not_characters() -> None:
    with pytest.raises(Unreadable):
        body.raw(event("é" * (MAX_BYTES // 2 + 1)))
    encoded = base64.b64encode(b"a" * MAX_BYTES).decode()
    assert len(body.raw(event(encoded, encoded=True))) == MAX_BYTES


@given(st.binary(max_size=100))
def test_base64_bodies_are_decoded(content: bytes) -> None:
    assert body.raw(event(base64.b64encode(content).decode(), encoded=True)) == content


@pytest.mark.parametrize("broken", ["!", "a", "aGk", "aGk=\n", "é"])
def test_broken_base64_is_refused(broken: str) -> None:
    with pytest.raises(Unreadable) as refused:
        body.raw(event(broken, encoded=True))
    assert refused.value.status == 400


@pytest.mark.parametrize("missing", [{}, {"body": None}, {"body": ""}])
def test_no_body_has_no_bytes(missing: dict[str, Any]) -> None:
    assert body.raw(missing) == b""


@pytest.mark.parametrize(
    ("header", "is_json"),
    [
        ("", True),
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        (" application/json ", True),
        ("application/merge-patch+json", True),
        ("application/x-www-form-urlencoded", False),
        ("text/plain", False),
        ("text/json", False),
        ("image/svg+json", False),
        ("application/jsonx", False),
        ("multipart/form-data; boundary=application/json", False),
    ],
)
def test_a_media_type_tells_json(header: str, is_json: bool) -> None:
    assert body.is_json(body.media_type(event("", content_type=header))) is is_json


def test_floats_stay_finite() -> None:
    assert body.parse(b"1e308") == 1e308
    assert math.isfinite(body.parse(b"-1.7976931348623157e308"))

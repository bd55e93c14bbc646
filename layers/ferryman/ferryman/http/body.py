"""Reading a request's body: it gives a value, or raises Unreadable with a clear reason.

Python's JSON parser accepts NaN, lone surrogates, repeated keys and very deep nesting. Its hooks, and a walk over the
parsed value, refuse them. pydantic-core's parser would refuse most of them by itself, but the busiest route needs it
for nothing else, and importing it takes a seventh of a cold start (docs/performance.md).
"""

import base64
import codecs
import json
import math
import re
import zlib
from typing import Any

from ferryman.errors import FerrymanError

# Room for 16,000 emoji in a form, each as two escaped surrogates of 8 bytes (`%5Cud83d%5Cude00`).
MAX_BYTES = 262_144
_MAX_DIGITS = 38  # as many as a DynamoDB number has
_MAX_DEPTH = 200


class Unreadable(FerrymanError):
    """The body cannot be read in the form that its headers claim. `status` is the HTTP status of the answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def raw(event: dict[str, Any], most: int = MAX_BYTES) -> bytes:
    """The body's bytes, inflated if they are gzip.

    Raises Unreadable, with status 413 if there are more than `most` bytes.
    """
    text = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(text, validate=True)
        except ValueError:
            raise Unreadable("The body could not be decoded.") from None
    else:
        body = text.encode("utf-8", "surrogatepass")
    if len(body) > most:
        raise Unreadable(f"The body has {len(body)} bytes; at most {most} are accepted.", 413)
    encoding = str((event.get("headers") or {}).get("content-encoding", "")).strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise Unreadable("This Content-Encoding is not read here; send the body as it is, or as gzip.", 415)
    return _inflated(body, most)


def _inflated(packed: bytes, most: int) -> bytes:
    """The content of a gzip body. Inflates at most one byte more than is accepted. Raises Unreadable."""
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        body = reader.decompress(packed, most + 1)
    except zlib.error:
        raise Unreadable("The body is not gzip, which its Content-Encoding promises.") from None
    if len(body) > most:
        raise Unreadable(f"The body inflates to more than {most} bytes, which are accepted at most.", 413)
    if not reader.eof or reader.unused_data:
        raise Unreadable("The gzip body is cut off, or something follows it.")
    return body


def parts(content_type: str, content: bytes) -> dict[str, str]:
    """The fields of a multipart form, as text, by their names. Raises Unreadable."""
    from email.parser import BytesParser  # few senders need it
    from email.policy import HTTP

    try:
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {content_type}\r\n\r\n".encode() + content)
        fields: dict[str, str] = {}
        for part in message.iter_parts():
            name = str(part.get_param("name", header="content-disposition") or "")
            value = part.get_payload(decode=True)
            fields[name] = value.decode() if isinstance(value, bytes) else ""
    except (ValueError, AttributeError, LookupError):
        raise Unreadable("The form with parts could not be read: its texts must be UTF-8.") from None
    return fields


def media_type(event: dict[str, Any]) -> str:
    """The body's media type in lower case, without parameters; empty if the request has no Content-Type."""
    headers = event.get("headers") or {}
    return str(headers.get("content-type", "")).partition(";")[0].strip().lower()


def is_json(media: str) -> bool:
    return media in ("", "application/json") or (media.startswith("application/") and media.endswith("+json"))


def text(content: bytes) -> str:
    """A body's bytes as text. Raises Unreadable when they are not UTF-8."""
    try:
        return content.decode()
    except ValueError as error:
        raise Unreadable(f"The body is not valid JSON: {_reason(error)}") from None


def parse(body: bytes) -> Any:
    """JSON (UTF-8) as Python values. Raises Unreadable with a text that says what is wrong and where."""
    body = body.removeprefix(codecs.BOM_UTF8)
    if not body.strip():
        raise Unreadable("The body is empty; send a JSON object.")
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )
        if b"\\u" in body or body.count(b"[") + body.count(b"{") > _MAX_DEPTH:
            _check(value, _MAX_DEPTH)
    except RecursionError:
        raise Unreadable(f"The body is not valid JSON here: {_TOO_DEEP}.") from None
    except ValueError as error:
        raise Unreadable(f"The body is not valid JSON: {_reason(error)}") from None
    return value


def parse_member(body: bytes, name: str) -> Any:
    """The member `name` of a JSON object; None if the object lacks it. Raises Unreadable.

    The other members are not checked. Every number, also in the member, is read as 0.
    """
    body = body.removeprefix(codecs.BOM_UTF8)
    if not body.strip():
        raise Unreadable("The body is empty; send a JSON object.")
    try:
        value = json.loads(
            body.decode(), object_pairs_hook=_object, parse_int=_unread, parse_float=_unread, parse_constant=_constant
        )
        member = value.get(name) if isinstance(value, dict) else None
        _check(member, _MAX_DEPTH)
    except RecursionError:
        raise Unreadable(f"The body is not valid JSON here: {_TOO_DEEP}.") from None
    except ValueError as error:
        raise Unreadable(f"The body is not valid JSON: {_reason(error)}") from None
    if not isinstance(value, dict):
        raise Unreadable("The body must be a JSON object.")
    return member


def parse_first(body: bytes) -> Any:
    """The first JSON value of another product's body. The rest of the body is ignored. Raises Unreadable.

    Texts may contain raw line feeds and tabs, and the last value of a repeated key counts. A value that cannot be
    stored is replaced, since it may stand where no code reads it: half of a surrogate pair and U+0000 become U+FFFD,
    and too large a number becomes the text of its digits.
    """
    try:
        value, _ = _LENIENT.raw_decode(body.decode().lstrip("\ufeff \t\r\n"))
        return _storable(value, _MAX_DEPTH)
    except RecursionError:
        raise Unreadable(f"The body is not valid JSON here: {_TOO_DEEP}.") from None
    except ValueError as error:
        raise Unreadable(f"The body is not valid JSON: {_reason(error)}") from None


_TOO_DEEP = f"it is nested deeper than {_MAX_DEPTH} levels"


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}."
    text = str(error)
    return text if text.endswith(".") else f"{text}."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has the same key twice")
    return members


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} digits")
    return int(digits)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    if not number and text.lower().partition("e")[0].strip("-0."):
        raise ValueError("a number is too small")
    return number


def _unread(_digits: str) -> int:
    return 0


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _integer_or_digits(digits: str) -> int | str:
    return int(digits) if len(digits.lstrip("-")) <= _MAX_DIGITS else digits


def _float_or_digits(text: str) -> float | str:
    try:
        return _float(text)
    except ValueError:
        return text


_LENIENT = json.JSONDecoder(
    strict=False, parse_int=_integer_or_digits, parse_float=_float_or_digits, parse_constant=_constant
)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _storable(value: Any, levels: int) -> Any:
    """`value` with U+FFFD for the characters that cannot be stored. Raises ValueError for too many levels."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if not isinstance(value, dict | list):
        return value
    if not levels:
        raise ValueError(_TOO_DEEP)
    if isinstance(value, list):
        return [_storable(member, levels - 1) for member in value]
    return {_storable(name, levels - 1): _storable(member, levels - 1) for name, member in value.items()}


def _check(value: Any, levels: int) -> None:
    """Raises ValueError for too many levels, and for texts that cannot be stored, which the parser accepts."""
    match value:
        case str():
            if "\0" in value:
                raise ValueError("texts must not contain the character U+0000")
            if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
                raise ValueError("a text has half a surrogate pair")
        case dict() | list():
            if not levels:
                raise ValueError(_TOO_DEEP)
            for member in value:
                _check(member, levels - 1)
            for member in value.values() if isinstance(value, dict) else ():
                _check(member, levels - 1)

"""Reading a request's body: whatever bytes arrive, the answer is a value or a clear refusal.

The standard parser takes depth bombs to the recursion limit and accepts NaN, lone surrogates and repeated keys;
pydantic-core's refuses most of those, and what it lets through is checked here.
"""

import base64
import json
import math
from typing import Any

import pydantic_core

from ferryman.errors import FerrymanError

MAX_BYTES = 65_536
_MAX_DIGITS = 38  # what a DynamoDB number holds


class Unreadable(FerrymanError):
    """The body is not what it says it is. `status` is the HTTP status that says so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def raw(event: dict[str, Any]) -> bytes:
    """The body's bytes. Raises Unreadable (413) when there are too many."""
    text = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            body = base64.b64decode(text, validate=True)
        except ValueError:
            raise Unreadable("The body could not be decoded.") from None
    else:
        body = text.encode("utf-8", "surrogatepass")
    if len(body) > MAX_BYTES:
        raise Unreadable(f"The body has {len(body)} bytes; at most {MAX_BYTES} are accepted.", 413)
    return body


def media_type(event: dict[str, Any]) -> str:
    """The body's media type in lower case, without parameters; empty when the request names none."""
    headers = event.get("headers") or {}
    return str(headers.get("content-type", "")).partition(";")[0].strip().lower()


def is_json(media: str) -> bool:
    return media in ("", "application/json") or (media.startswith("application/") and media.endswith("+json"))


def parse(body: bytes) -> Any:
    """JSON (UTF-8) as Python values. Raises Unreadable with a text that says what is wrong and where."""
    if not body.strip():
        raise Unreadable("The body is empty; send a JSON object.")
    try:
        pydantic_core.from_json(body, allow_inf_nan=False)
        value = json.loads(
            body, object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
        )
    except ValueError as error:
        raise Unreadable(f"The body is not valid JSON: {_reason(error)}") from None
    if b"u0000" in body and _has_nul(value):
        raise Unreadable("The body is not valid JSON here: texts must not contain the character U+0000.")
    return value


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno} column {error.colno}."
    text = str(error)
    return text if text.endswith(".") else f"{text}."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS:
        raise ValueError(f"a number has more than {_MAX_DIGITS} digits")
    return int(digits)


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _has_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case dict():
            return any("\0" in key or _has_nul(member) for key, member in value.items())
        case list():
            return any(_has_nul(member) for member in value)
    return False

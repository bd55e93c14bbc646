"""Describes the mistakes in a request, each as its place and a sentence that says how to correct it.

A sentence never repeats a value from the request, which can be a secret. So only the place, type and limit of a
pydantic error and the type of the value are read. A message is used only if one of our own validators wrote it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

from ferryman.errors import Invalid
from ferryman.redaction import redact

type Location = tuple[int | str, ...]

OBJECT = "must be a JSON object"
UNKNOWN = "is not a known field; leave it out"
_FORM = "does not have the form that GET /openapi.yaml describes for it"
_NUMBER, _WHOLE, _TEXT, _LIST = "must be a number", "must be a whole number", "must be a text", "must be a list"
_SWITCH = "must be true or false"
# By pydantic's names of its errors (pydantic_core.core_schema.ErrorType).
_SENTENCES = {
    "missing": "must be given",
    "extra_forbidden": UNKNOWN,
    "none_required": "must be null",
    "string_type": _TEXT,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "must be a whole number with fewer digits",
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _SWITCH,
    "bool_parsing": _SWITCH,
    "list_type": _LIST,
    "dict_type": OBJECT,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_long": "must have at most {max_length} character{s}",
    "too_long": "must have at most {max_length} item{s}",
    "string_too_short": "must have at least {min_length} character{s}",
    "too_short": "must have at least {min_length} item{s}",
}
# By the regular expressions of the schemas, except those of ids.
_FORMS = {
    "^[0-9]{6}$": "must be the six digits that the authenticator app shows",
    r"^fm_(live|test)_[0-9A-Za-z]{1,4}$": "must be the beginning of a token, such as fm_live_8Qz3",
    r"^[a-z0-9](?:[a-z0-9_.-]{0,62}[a-z0-9])?$": "must be 1 to 64 lower-case letters, digits, dots, hyphens or "
    "underscores, with a letter or digit at both ends",
    r"^[A-Za-z0-9._:@-]{1,128}$": "must be 1 to 128 letters, digits, dots, hyphens, underscores, colons or @",
    r"^[A-Za-z0-9]{1,64}$": "must be 1 to 64 letters or digits",
    r"^(good|warning|danger|#[0-9a-fA-F]{6})$": "must be good, warning, danger, or a colour such as #2f6fde",
    r"^https?://": "must begin with https:// or http://",
    r"^\S+$": "must be a word without spaces",
    r"^[!-~]+$": "must be ASCII letters, digits and punctuation, without spaces",
    r"^[!#-\[\]-~]+$": "must be ASCII letters, digits and punctuation, without spaces, quotation marks and backslashes",
}
_MAX_ERRORS = 20  # a request can be wrong in ten thousand places
_MAX_POINTER = 120
_MAX_NAME = 24


def of_pydantic(errors: Sequence[Any], place: Callable[[Location], str]) -> Invalid:
    """pydantic's errors as one Invalid. `place` turns the location of a field into the text that the answer shows."""
    errors = of_fields(errors)
    explanations = [explained(error) for error in errors[:_MAX_ERRORS]]
    return refusal([(place(location), text) for location, text in explanations], len(errors))


def refusal(places: Sequence[tuple[str, str]], count: int | None = None) -> Invalid:
    """The Invalid for `places`, each a pointer and the mistake there.

    Its message is the first place with its mistake, and how many more there are. `count` is the number of all mistakes,
    if `places` has only some of them.
    """
    pointer, message = places[0]
    more = (count or len(places)) - 1
    text = f"{pointer}: {message}" if pointer else message
    return Invalid(f"{text} (and {more} more)" if more else text, errors=list(places[:_MAX_ERRORS]))


def explained(error: Any) -> tuple[Location, str]:
    """The location of the field that one of pydantic's errors is about, and a sentence about that field."""
    location: Location = tuple(error["loc"])
    if location[-1:] == ("[key]",) and error["type"] != "extra_forbidden":  # of a member; a field can be named so too
        return location[:-1], f"the name {_sentence(error)}"
    return location, _sentence(error)


def of_fields(errors: Sequence[Any]) -> list[Any]:
    """The errors, with several for one field joined into one if they only list the words that the field accepts."""
    joined: list[Any] = []
    for error in errors:
        if error["type"] == "literal_error" and str(error["loc"][-1]).startswith("literal["):
            error = {**error, "loc": error["loc"][:-1]}
            if joined and (joined[-1]["type"], joined[-1]["loc"]) == ("literal_error", error["loc"]):
                expected = f"{joined[-1]['ctx']['expected']}, or {error['ctx']['expected']}"
                joined[-1] = {**error, "ctx": {"expected": expected}}
                continue
        joined.append(error)
    return joined


def pointer(location: Location) -> str:
    """A JSON pointer (RFC 6901) that an answer may show; empty for the whole body."""
    parts = (named(str(part)).replace("~", "~0").replace("/", "~1") for part in location)
    return shown("".join(f"/{part}" for part in parts))


def shown(place: str) -> str:
    """A place with secrets masked, cut to 120 characters. Each name in it should have passed `named`."""
    return redact(place)[:_MAX_POINTER]


def named(name: str) -> str:
    """A field name from a request in a form that an answer may show.

    A name of more than 24 characters is cut, because it could be a misplaced secret.
    """
    return name if len(name) <= _MAX_NAME else f"{name[:8]}…"


def _sentence(error: Any) -> str:
    """The sentence that says how to correct the field of a pydantic error."""
    kind, limits = error["type"], error.get("ctx") or {}
    if kind == "value_error":  # a validator of ours wrote it
        return str(error["msg"]).removeprefix("Value error, ")
    if kind == "string_pattern_mismatch":
        return _form(limits["pattern"])
    if kind in ("string_too_short", "too_short") and limits["min_length"] == 1:
        return "must not be empty"
    if kind not in _SENTENCES:
        return _FORM
    limits = {name: _plain(limit) for name, limit in limits.items()}
    s = "" if limits.get("max_length", limits.get("min_length")) == 1 else "s"
    return _SENTENCES[kind].format(**limits, s=s) + _written(kind, error.get("input"))


def _written(kind: str, sent: object) -> str:
    """A hint for a value that has only the wrong notation, such as the text 5, or 5.0, for 5; empty for any other."""
    if kind not in ("int_type", "float_type", "bool_type"):
        return ""
    if isinstance(sent, str):
        return ", without quotation marks"
    return ", without a decimal point" if isinstance(sent, float) and sent.is_integer() else ""


def _form(pattern: str) -> str:
    """The sentence for a text that does not match the regular expression `pattern`, without showing the expression."""
    if pattern in _FORMS:
        return _FORMS[pattern]
    prefix = re.match(r"\^([a-z]+_)", pattern)
    return f"must be an id that begins with {prefix[1]}" if prefix else _FORM


def _plain(value: Any) -> Any:
    """A limit as an int if it is a whole number, because pydantic gives some limits as floats: 5, not 5.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value

"""Says what is wrong with a request without repeating it: what was sent can be a secret."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from ferryman.errors import Invalid
from ferryman.redaction import redact

type Location = tuple[int | str, ...]

_MAX_POINTER = 120
_MAX_NAME = 24
_MAX_ERRORS = 20  # a body can be wrong in ten thousand places


def refusal(errors: Sequence[Any]) -> Invalid:
    """The event handler's errors as one that may be shown; only their place, type and message are read."""
    errors = _of_one_choice(errors)
    return wrong([_explained(error) for error in errors[:_MAX_ERRORS]], len(errors))


def _of_one_choice(errors: Sequence[Any]) -> list[Any]:
    """The errors, with one in the place of several where a value may come from several sets of words and is in none."""
    joined: list[Any] = []
    for error in errors:
        if error["type"] == "literal_error" and str(error["loc"][-1]).startswith("literal["):
            error = {**error, "loc": error["loc"][:-1]}
            if joined and (joined[-1]["type"], joined[-1]["loc"]) == ("literal_error", error["loc"]):
                joined[-1]["msg"] += f", or {error['msg'].removeprefix('Input should be ')}"
                continue
        joined.append(error)
    return joined


def validate[Model: BaseModel](model: type[Model], value: Any) -> Model:
    """`value` as the model, without the event handler. Raises Invalid with a text for each field that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False, include_input=False)
        raise refusal([{**one, "loc": ("body", *one["loc"])} for one in errors]) from None


def wrong(places: list[tuple[str, str]], count: int | None = None) -> Invalid:
    """Invalid for these places, each a pointer and what is wrong there, of `count` in all."""
    pointer, message = places[0]
    more = (count or len(places)) - 1
    text = f"{pointer}: {message}" if pointer else message
    return Invalid(f"{text} (and {more} more)" if more else text, errors=places)


def named(name: str) -> str:
    """A name that the caller made up, as an answer may show it. A long one could be a secret in the wrong place."""
    return name if len(name) <= _MAX_NAME else f"{name[:8]}…"


def _explained(error: Any) -> tuple[str, str]:
    location, message = tuple(error["loc"]), error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        location = (*location[:-1], named(str(location[-1])))
        message = "is not a known field; leave it out"
    if error["type"] == "string_pattern_mismatch":
        message = _without_pattern(message)
    # ("body", field, …), or ("query", the function's parameter, field)
    pointer = _pointer(location[1:]) if location[0] == "body" else "".join(map(str, location[2:3]))
    return redact(pointer)[:_MAX_POINTER], message


def _without_pattern(message: str) -> str:
    """The reason why a text of the wrong form is refused, without its regular expression."""
    prefix = re.search(r"'\^\(?([a-z]+_)", message)
    if prefix:
        return f"must be an id that begins with {prefix[1]}"
    return "does not have the form that GET /openapi.yaml describes for it"


def _pointer(location: Location) -> str:
    """A JSON pointer (RFC 6901); empty for the whole body."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)

"""Checking what was sent against its model, and saying what is wrong without repeating it: it can be a secret."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ValidationError

from ferryman.errors import Invalid
from ferryman.redaction import redact

type Location = tuple[int | str, ...]

_MAX_POINTER = 120
_MAX_NAME = 24
_MAX_ERRORS = 20  # a body of 64 KiB can be wrong in ten thousand places


def validate[Model: BaseModel](model: type[Model], value: Any) -> Model:
    """A body's `value` as the model. Raises Invalid with a text for each field that is wrong."""
    return _validate(model, value, _pointer)


def validate_query[Model: BaseModel](model: type[Model], parameters: dict[str, str]) -> Model:
    """Query parameters as the model. Raises Invalid with a text for each parameter that is wrong."""
    return _validate(model, parameters, lambda location: str(location[0]) if location else "")


def _validate[Model: BaseModel](model: type[Model], value: Any, where: Callable[[Location], str]) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _explained(error, where) from None


def _pointer(location: Location) -> str:
    """A JSON pointer (RFC 6901); empty for the whole body."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def named(name: str) -> str:
    """A name that the caller made up, as it may be repeated: a long one could be a secret in the wrong place."""
    return name if len(name) <= _MAX_NAME else f"{name[:8]}…"


def _explained(error: ValidationError, where: Callable[[Location], str]) -> Invalid:
    errors = []
    for found in error.errors(include_url=False, include_context=False, include_input=False)[:_MAX_ERRORS]:
        location, message = found["loc"], found["msg"].removeprefix("Value error, ")
        if found["type"] == "extra_forbidden":
            location = (*location[:-1], named(str(location[-1])))
            message = "is not a known field; leave it out"
        pointer = where(location)
        errors.append((redact(pointer)[:_MAX_POINTER], message))
    pointer, message = errors[0]
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return Invalid(f"{pointer}: {message}{more}" if pointer else f"{message}{more}", errors=errors)

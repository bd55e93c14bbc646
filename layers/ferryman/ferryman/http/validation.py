"""Checking what was sent against its model, and saying what is wrong without repeating it: it can be a secret."""

from typing import Any

from pydantic import BaseModel, ValidationError

from ferryman import log
from ferryman.errors import Invalid

_MAX_POINTER = 120


def validate[Model: BaseModel](model: type[Model], value: Any) -> Model:
    """`value` as the model. Raises Invalid with a text for each field that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise _explained(error) from None


def _explained(error: ValidationError) -> Invalid:
    errors = []
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        pointer = "/" + "/".join(str(part) for part in found["loc"])
        message = found["msg"].removeprefix("Value error, ")
        if found["type"] == "extra_forbidden":
            message = "is not a known field; leave it out"
        errors.append((log.redact(pointer)[:_MAX_POINTER], message))
    pointer, message = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Invalid(f"{pointer}: {message}{more}", errors=errors)

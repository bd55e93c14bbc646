"""Refuses a request whose fields are wrong, without repeating what was sent: it can be a secret."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from ferryman import mistakes
from ferryman.errors import Invalid
from ferryman.mistakes import Location


def refusal(errors: Sequence[Any]) -> Invalid:
    """The validation errors of the event handler as an Invalid that may be shown."""
    return mistakes.of_pydantic(errors, _place)


def validate[Model: BaseModel](model: type[Model], value: Any) -> Model:
    """`value` as the model, without the event handler. Raises Invalid with a text for each field that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        raise refusal([{**one, "loc": ("body", *one["loc"])} for one in errors]) from None


def _place(location: Location) -> str:
    """A pointer into the body for ("body", field, …); a name for ("query", the function's parameter, field)."""
    if location[0] == "body":
        return mistakes.pointer(location[1:])
    return mistakes.shown("".join(map(str, location[2:3])))

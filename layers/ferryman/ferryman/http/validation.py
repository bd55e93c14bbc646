"""Refuses a request with wrong fields. The texts do not repeat the values that were sent, since they can be secrets."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from ferryman import mistakes
from ferryman.errors import Invalid
from ferryman.mistakes import Location


def refusal(errors: Sequence[Any]) -> Invalid:
    """Powertools' validation errors as an Invalid with texts for the caller."""
    return mistakes.of_pydantic(errors, _place)


def validate[Model: BaseModel](model: type[Model], value: Any) -> Model:
    """`value` as an instance of `model`, for code outside Powertools.

    Raises Invalid with a text for each wrong field.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        raise refusal([{**one, "loc": ("body", *one["loc"])} for one in errors]) from None


def _place(location: Location) -> str:
    """The JSON pointer for a location ("body", field, …); the name for ("query", the function's parameter, field)."""
    if location[0] == "body":
        return mistakes.pointer(location[1:])
    return mistakes.shown("".join(map(str, location[2:3])))

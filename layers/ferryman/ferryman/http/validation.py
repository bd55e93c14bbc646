"""Refuses a request whose fields are wrong, without repeating what was sent: it can be a secret."""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from ferryman import mistakes
from ferryman.errors import Invalid
from ferryman.mistakes import Location

_MAX_ERRORS = 20  # a body can be wrong in ten thousand places


def refusal(errors: Sequence[Any]) -> Invalid:
    """The event handler's errors as one that may be shown."""
    errors = mistakes.of_fields(errors)
    places = [mistakes.explained(error) for error in errors[:_MAX_ERRORS]]
    return wrong([(_place(location), text) for location, text in places], len(errors))


def validate[Model: BaseModel](model: type[Model], value: Any) -> Model:
    """`value` as the model, without the event handler. Raises Invalid with a text for each field that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        raise refusal([{**one, "loc": ("body", *one["loc"])} for one in errors]) from None


def wrong(places: list[tuple[str, str]], count: int | None = None) -> Invalid:
    """Invalid for these places, each a pointer and what is wrong there, of `count` in all."""
    pointer, message = places[0]
    more = (count or len(places)) - 1
    text = f"{pointer}: {message}" if pointer else message
    return Invalid(f"{text} (and {more} more)" if more else text, errors=places)


def _place(location: Location) -> str:
    """A pointer into the body for ("body", field, …); a name for ("query", the function's parameter, field)."""
    if location[0] == "body":
        return mistakes.pointer(location[1:])
    return mistakes.shown("".join(map(str, location[2:3])))

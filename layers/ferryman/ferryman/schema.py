"""The bases of all request and response models: strict requests, and responses with declared fields only."""

import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, WithJsonSchema

from ferryman import clock
from ferryman.characters import has_hidden

MAX_WORDS = 100  # in a list that has each of our words once; a longer one is refused before its words are read


class Input(BaseModel):
    """A request body: unknown fields are refused and nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class Query(BaseModel):
    """Query parameters: values are converted from text to the field's type, and unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Output(BaseModel):
    """A response body: only declared fields are allowed, so that no internal value gets out."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


def _name(text: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise ValueError("must not be blank")
    if has_hidden(text):
        raise ValueError("must not contain control or text-direction characters, or others that show nothing")
    return text


def _time(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        if re.search(r"\d \d\d:?\d\d$", text):
            raise ValueError("must be an ISO 8601 time; its + became a space: in an address, write + as %2B") from None
        raise ValueError("must be an ISO 8601 time such as 2026-12-31T23:59:59Z") from None
    if moment.tzinfo is None:
        raise ValueError("must have an offset; add Z for UTC")
    try:
        return clock.iso_of(moment)
    except OverflowError:
        raise ValueError("must be a time between the years 1 and 9999") from None


_DOMAIN = r"(?i)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9](?:[a-z0-9-]{0,57}[a-z0-9])?)"


def is_domain(text: str) -> bool:
    """Whether `text` is a fully qualified domain name in ASCII form."""
    return len(text) <= 253 and re.fullmatch(_DOMAIN, text) is not None


def email_address(text: str) -> str:
    """A validator: returns `text` if it is an e-mail address, and raises ValueError otherwise."""
    local, _, domain = text.rpartition("@")
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", local) or not is_domain(domain) or len(text) > 254:
        raise ValueError("must be an e-mail address such as ada@example.com")
    return text


def not_blank(text: str) -> str:
    """A validator: returns `text` unchanged, and raises ValueError if it is blank."""
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def distinct[T](values: list[T]) -> list[T]:
    """A validator: returns `values` unchanged, and raises ValueError if one of them occurs twice."""
    if len(set(values)) != len(values):
        raise ValueError("must not name anything twice")
    return values


def _after_since(until: str | None, model: ValidationInfo) -> str | None:
    since = model.data.get("since")  # None also where it is refused itself
    if since and until and since >= until:
        raise ValueError("must be after since")
    return until


type Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_name)]
type Url = Annotated[str, Field(min_length=1, max_length=2048)]
type Description = Annotated[str, Field(max_length=500)]
type Time = Annotated[
    str,
    AfterValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-12-31T23:59:59Z"]}),
]
type Email = Annotated[
    str, AfterValidator(email_address), WithJsonSchema({"type": "string", "format": "email", "maxLength": 254})
]
Until = Annotated[Time | None, AfterValidator(_after_since)]  # below the field `since` of a model


class ListQuery(Query):
    """The query parameters of every list."""

    limit: int = Field(50, ge=1, le=100, description="The maximum number of items.")
    cursor: str | None = Field(
        None, max_length=2048, description="The `next_cursor` of the previous page. Left out: the first page."
    )


class Listing[T](Output):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(
        None, description="Send it as `cursor` to get the next page; null on the last page."
    )


def folded(text: str) -> str:
    """The form of a text for comparisons that ignore case."""
    return unicodedata.normalize("NFC", text).casefold()


def changes(patch: Input) -> dict[str, Any]:
    """The fields that a PATCH body contains, with their new values."""
    return patch.model_dump(exclude_unset=True)

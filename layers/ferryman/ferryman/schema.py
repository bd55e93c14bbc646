"""The base of all request and response models: strict in what they take, explicit in what they give."""

import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from ferryman import clock

# Characters that show nothing though Unicode files them under letters, marks and symbols: what remains of its property
# Default_Ignorable_Code_Point without the categories below and the variation selectors, and the empty Braille cell.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
# Controls, format characters, halves of surrogate pairs, private use, and separators of lines and paragraphs.
_HIDING = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
# Format characters that are seen: signs that stand before numbers (Prepended_Concatenation_Mark).
_SEEN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_JOINERS = "\u200c\u200d"
_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")  # such as that of Wales


class Input(BaseModel):
    """A request body: unknown fields are refused and nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """Query parameters: texts are read as what they stand for, unknown ones are refused."""

    model_config = ConfigDict(extra="forbid")


class Output(BaseModel):
    """An answer: exactly the fields listed, so that nothing internal slips out."""

    model_config = ConfigDict(extra="forbid")


def _name(text: str) -> str:
    text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise ValueError("must not be blank")
    if has_hidden(text):
        raise ValueError("must not contain control or text-direction characters, or others that show nothing")
    return text


def has_hidden(text: str) -> bool:
    """Whether a character of `text` shows nothing or turns the text around.

    A joiner between letters or emoji belongs to the word, and a selector to the character that it varies.
    """
    text = _FLAG.sub("\U0001f3f4", text)
    if text.isascii():
        return not text.isprintable()
    categories = [unicodedata.category(character) for character in text]
    for place, (character, category) in enumerate(zip(text, categories, strict=True)):
        before = categories[place - 1] if place else ""
        after = categories[place + 1] if place + 1 < len(text) else ""
        if character in _JOINERS:
            if before[:1] not in ("L", "M", "S") or after[:1] not in ("L", "M", "S"):
                return True
        elif _SELECTORS.match(character):
            if before != "Lo" and before[:1] not in ("N", "P", "S") and text[place - 1] != "ℹ":
                return True
        elif character in _BLANK or (category in _HIDING and character not in _SEEN):
            return True
    return False


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


_DOMAIN = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9](?:[a-z0-9-]{0,57}[a-z0-9])?)",
    re.IGNORECASE,
)


def is_domain(text: str) -> bool:
    """Whether `text` is the name of a host in the internet, in its ASCII form."""
    return len(text) <= 253 and _DOMAIN.fullmatch(text) is not None


def email_address(text: str) -> str:
    """`text`, when it is an e-mail address; raises ValueError otherwise."""
    local, _, domain = text.rpartition("@")
    if not re.fullmatch(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", local) or not is_domain(domain) or len(text) > 254:
        raise ValueError("must be an e-mail address such as ada@example.com")
    return text


def distinct[T](values: list[T]) -> list[T]:
    """A validator: nothing is named twice."""
    if len(set(values)) != len(values):
        raise ValueError("must not name anything twice")
    return values


type Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_name)]
type Description = Annotated[str, Field(max_length=500)]
type Time = Annotated[
    str,
    AfterValidator(_time),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-12-31T23:59:59Z"]}),
]
type Email = Annotated[
    str, AfterValidator(email_address), WithJsonSchema({"type": "string", "format": "email", "maxLength": 254})
]


class ListQuery(Query):
    """The query parameters of every list."""

    limit: int = Field(50, ge=1, le=100, description="How many items at most.")
    cursor: str | None = Field(
        None, max_length=2048, description="`next_cursor` of the page before; leave out for the first page."
    )


class Listing[T](Output):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(None, description="Send as `cursor` for the next page; null when there is none.")


def folded(text: str) -> str:
    """The form in which texts are compared when their case does not matter."""
    return unicodedata.normalize("NFC", text).casefold()


def changes(patch: Input) -> dict[str, Any]:
    """The fields that a PATCH body names, with their new values."""
    return patch.model_dump(exclude_unset=True)

"""One route with everything its documentation says. Cheap to import: the hot path declares its routes with it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

PUBLIC = None  # the scope of a route that needs no token
SIGNED_IN = ""  # the scope of a route that every caller may use


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A route: what it takes and gives, as models, and what each status means."""

    method: str
    path: str
    name: str
    summary: str
    description: str = ""
    tag: str
    scope: str | None
    session: bool = False  # takes a person's session, no API token
    takes: "type[BaseModel] | None" = None
    query: "type[BaseModel] | None" = None
    gives: Any = None
    status: int = 200
    creates: bool = False  # takes an Idempotency-Key
    errors: tuple[int, ...] = ()  # statuses besides those that its other words imply
    media_type: str = "application/json"
    body_content: dict[str, Any] | None = None  # an OpenAPI `content` object where there is no model
    error_content: dict[str, Any] | None = None  # the same of its errors, where they are no problem+json

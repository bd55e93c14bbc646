"""A declared route, with the types that its function takes."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ferryman.http import described
from ferryman.http.needs import PUBLIC, Needs


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route. `home` is the path of which `path` is an alias, or `path` itself."""

    method: str
    path: str  # as the template writes it: /v1/chats/{chat_id}
    home: str
    name: str  # the operation id
    tag: str
    needs: Needs
    takes: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    status: int = 200
    creates: bool = False  # whether it takes an Idempotency-Key
    content: dict[str, Any] | None = None  # the OpenAPI `content` object of a body that has no model

    @property
    def key(self) -> str:
        """The route in API Gateway's form: `GET /v1/chats/{chat_id}`."""
        return f"{self.method} {self.path}"

    @property
    def may_be_empty(self) -> bool:
        """Whether the body may be left out, because no field of it is required."""
        return self.takes is not None and not any(field.is_required() for field in self.takes.model_fields.values())

    def errors(self) -> dict[int, Any]:
        """The error answers that the declaration implies, as OpenAPI responses."""
        statuses = {500, 503}
        if self.needs.scope is not PUBLIC:
            statuses |= {401, 422, 429}
            if self.needs.scope or self.needs.session or not self.needs.enrolling:
                statuses.add(403)
            if "{" in self.path:
                statuses.add(404)
            if self.creates:
                statuses |= {404, 409, 413}
            if self.method in ("PATCH", "DELETE"):
                statuses |= {403, 409}
        if self.takes or self.content:
            statuses |= {400, 413, 415, 422}
        return described.errors(*sorted(statuses))

"""The request that a handler gets, and the types of a handler's parameters.

    def read_chat(call: ThisCall, chat_id: Id) -> ChatOut: ...

The event handler supplies `ThisCall` and `ThisSource` by dependency injection, and validates an `Id`.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from pydantic import AfterValidator, Field

from ferryman import ids, settings
from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.http import cursors
from ferryman.identity.credentials.model import Caller, Source
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.workspaces import table as workspaces
from ferryman.schema import Input

# Our longest id is shorter, and DynamoDB refuses keys that are much longer.
_ID = re.compile(r"[\x21-\x7e]{1,128}")


@dataclass(slots=True)
class Call:
    """One authenticated request. `event` is the HTTP API event (payload format 2.0) that API Gateway sent."""

    caller: Caller
    event: dict[str, Any]
    path: str  # the route's own path, also if an alias was called, so that cursors and keys work at both
    idempotency_key: IdempotencyKey | None = None  # the Idempotency-Key of a creating request

    def page_start(self, query: Any) -> store.Key | None:
        """The key after which the page begins that `query` (a ListQuery) asks for; None for the first page.

        Raises Invalid for a cursor that was changed or belongs to another list.
        """
        return cursors.decode(self._cursor_key() if query.cursor else b"", self._list(query), query.cursor)

    def next_cursor(self, query: Any, last_key: store.Key | None) -> str | None:
        """The cursor of the page after the one that ended at `last_key`; None after the last page."""
        return cursors.encode(self._cursor_key(), self._list(query), last_key) if last_key else None

    def _cursor_key(self) -> bytes:
        return workspaces.cursor_key(self.caller.workspace_id)

    def _list(self, query: Any) -> str:
        """The name of the list, with its filters, as this caller sees it.

        A cursor is bound to this name, so it is refused for a caller who sees other items of the list.
        """
        filters = query.model_dump_json(exclude={"limit", "cursor"})
        caller = self.caller
        view = f"{caller.user_id} {'all' if caller.is_admin else 'own'} {caller.livemode}"
        return f"{caller.workspace_id} {view} {self.path} {filters}"

    def id(self, name: str) -> str:
        """The value of the path parameter `name`, for routes that do not declare it as a parameter.

        Raises NotFound if the value cannot be an id.
        """
        return _id(str(self.event["pathParameters"][name]))

    def header(self, name: str) -> str | None:
        """A request header, by its name in lower case."""
        value = (self.event.get("headers") or {}).get(name)
        return None if value is None else str(value)

    def base_url(self) -> str:
        """The deployment's own URL: the setting `PUBLIC_URL`, or else `https://` and the host of the request."""
        return settings.optional("PUBLIC_URL") or f"https://{self.event['requestContext']['domainName']}"


def _this_call(request: Request) -> Call:
    call: Call = request.context["call"]
    return call


def _this_source(request: Request) -> Source:
    source: Source = request.context["source"]
    return source


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise NotFound("There is nothing at this address: an id in the path is malformed.")
    return text


ThisCall = Annotated[Call, Depends(_this_call)]
ThisSource = Annotated[Source, Depends(_this_source)]
Id = Annotated[str, AfterValidator(_id)]


class OwnerIn(Input):
    """The new owner."""

    user_id: str = Field(
        pattern=ids.pattern(ids.USER),
        description="An active person whose role may own it.",
        examples=["usr_01J00000000000000000000000"],
    )

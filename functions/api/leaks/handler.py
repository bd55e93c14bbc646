"""Lists the objects that a leaked token created, and ends all of them: /v1/tokens/{token_id}/made and …/end-all."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from ferryman.http.api import Api, Id, ThisCall, errors, needs
from ferryman.integrations.cascades.schema import EndingsOut, MadeOut
from ferryman.schema import Listing, ListQuery

app = Api("Leaks", "After a leak: everything that a token made, and an end to all of it.")
handler = app


@app.get(
    "/v1/tokens/<token_id>/made",
    summary="List what a token made",
    description="Oldest first: tokens, bots, callbacks, webhooks, incoming webhooks, applications, connections, "
    "commands, scheduled notifications and people, also those that were made with a token of its making. "
    "`POST …/end-all` ends exactly these. All else that it did is in `GET /v1/audit?token=…`. As far back as the "
    "audit log goes.",
)
@needs("admin:*")
def list_made(call: ThisCall, token_id: Id, query: Annotated[ListQuery, Query()]) -> Listing[MadeOut]:
    from ferryman.integrations.cascades import leaked_tokens  # all that a token may make

    things, last = leaked_tokens.page(call.caller, token_id, query.limit, call.page_start(query))
    looked_at = [(made, *leaked_tokens.look(call.caller, made)) for made in things]
    items = [MadeOut.of(made, is_there=is_there, name=name) for made, is_there, name in looked_at]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@app.post(
    "/v1/tokens/<token_id>/end-all",
    summary="Revoke a token and all that it made",
    description="The token first, then what `GET …/made` lists: it is revoked, deleted or disconnected, and people are "
    "deactivated. Fifty at once; send the request again until `complete` is true. Each end has an audit record.",
    responses=errors(409),
)
@needs("admin:*")
def end_all(call: ThisCall, token_id: Id) -> EndingsOut:
    from ferryman.integrations.cascades import leaked_tokens  # all that a token may make

    results, complete = leaked_tokens.end_all(call.caller, token_id)
    return EndingsOut.of(results, complete=complete)

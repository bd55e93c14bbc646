"""Lists the objects that a leaked token created, and ends all of them: /v1/tokens/{token_id}/made and …/end-all."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from ferryman.http.api import Api, Id, ThisCall, errors, needs
from ferryman.integrations.cascades.schema import EndingsOut, MadeOut
from ferryman.schema import Listing, ListQuery

app = Api("Leaks", "After a token leaked: lists everything that was created with it, and ends all of that.")
handler = app


@app.get(
    "/v1/tokens/<token_id>/made",
    summary="List everything created with a token",
    description="Oldest first: tokens, bots, callbacks, webhooks, incoming webhooks, applications, connections, "
    "commands, notifications and people, also those created with a token or application in this list. `POST "
    "…/end-all` ends exactly these. `GET /v1/audit?token_id=…` lists every other change. Both go back as far as the "
    "audit log.",
)
@needs("admin:*")
def list_made(call: ThisCall, token_id: Id, query: Annotated[ListQuery, Query()]) -> Listing[MadeOut]:
    from ferryman.integrations.cascades import leaked_tokens  # imports everything that a token can create

    things, last = leaked_tokens.page(call.caller, token_id, query.limit, call.page_start(query))
    looked_at = [(made, *leaked_tokens.look(call.caller, made)) for made in things]
    items = [MadeOut.of(made, is_there=is_there, name=name) for made, is_there, name in looked_at]
    return Listing(items=items, next_cursor=call.next_cursor(query, last))


@app.post(
    "/v1/tokens/<token_id>/end-all",
    summary="Revoke a token and end everything created with it",
    description="Revokes the token first. Then revokes, deletes, cancels or disconnects everything that `GET "
    "…/made` lists, and deactivates people, at most fifty objects per request; repeat it until `complete` is true. "
    "Each change has an audit record.",
    responses=errors(409),
)
@needs("admin:*")
def end_all(call: ThisCall, token_id: Id) -> EndingsOut:
    from ferryman.integrations.cascades import leaked_tokens  # imports everything that a token can create

    results, complete = leaked_tokens.end_all(call.caller, token_id)
    return EndingsOut.of(results, complete=complete)

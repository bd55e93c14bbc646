"""The audit log: /v1/audit."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from ferryman.http.api import Api, ThisCall, needs
from ferryman.identity.audit import table
from ferryman.identity.audit.schema import AuditQuery, AuditRecordOut
from ferryman.schema import Listing

app = Api("Audit", "Who changed what in the workspace, when and from where. Nobody can change or delete a record.")
handler = app


@app.get(
    "/v1/audit",
    summary="List audit records",
    description="Newest first. A test token sees only changes made with test credentials.",
)
@needs("audit:read")
def list_audit_records(call: ThisCall, query: Annotated[AuditQuery, Query()]) -> Listing[AuditRecordOut]:
    records, last = table.page(
        call.caller.workspace_id,
        query.limit,
        call.page_start(query),
        live=call.caller.livemode,
        action=query.action,
        user_id=query.user_id,
        credential_id=query.token_id,
        target_id=query.target_id,
        since=query.since,
        until=query.until,
    )
    return Listing(items=[AuditRecordOut.of(record) for record in records], next_cursor=call.next_cursor(query, last))

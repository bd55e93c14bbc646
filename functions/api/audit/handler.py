"""The audit log: /v1/audit."""

from ferryman.http.api import Api, Call
from ferryman.identity.audit import table
from ferryman.identity.audit.schema import AuditQuery, AuditRecordOut
from ferryman.schema import Listing

api = Api("Audit", "Who changed what in the workspace, when and from where. Nobody can change or delete a record.")
handler = api


@api.get(
    "/v1/audit",
    scope="audit:read",
    summary="List audit records",
    description="Newest first. Test tokens see only what was done with test credentials.",
    query=AuditQuery,
    gives=Listing[AuditRecordOut],
)
def list_audit_records(call: Call, query: AuditQuery) -> Listing[AuditRecordOut]:
    found, last = table.page(
        call.caller.workspace_id,
        query.limit,
        call.page_start(query),
        live=call.caller.livemode,
        action=query.action,
        user_id=query.actor,
        target_id=query.target,
        since=query.since,
        until=query.until,
    )
    return Listing(items=[AuditRecordOut.of(record) for record in found], next_cursor=call.next_cursor(query, last))

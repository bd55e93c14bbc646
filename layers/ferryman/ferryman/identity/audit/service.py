"""Writing audit records: with the change, in its transaction, so that neither exists without the other."""

from collections.abc import Mapping
from typing import Any

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.identity.audit import table
from ferryman.identity.audit.model import Action, AuditRecord
from ferryman.identity.credentials.model import Caller
from ferryman.redaction import redact


def writes(
    caller: Caller, action: Action, target_id: str, details: Mapping[str, Any] | None = None
) -> list[store.Write]:
    """The writes that add the audit record of a change to the change's transaction.

    `details` describes the change by names of fields, roles and counts, such as `{"changed": ["name", "scopes"]}`, and
    never contains a secret. As a safeguard, texts in it that look like secrets are masked.
    """
    record = AuditRecord(
        workspace_id=caller.workspace_id,
        audit_id=ids.new(ids.AUDIT),
        at=clock.now_iso(),
        action=action,
        user_id=caller.user_id,
        credential_id=caller.credential_id,
        livemode=caller.livemode,
        target_id=target_id,
        ip=caller.source.ip,
        request_id=caller.source.request_id,
        details={name: _masked(value) for name, value in (details or {}).items()},
    )
    return [table.creating(record)]


def _masked(value: Any) -> Any:
    match value:
        case str():
            return redact(value)
        case list() | tuple() | set() | frozenset():
            return [_masked(member) for member in sorted(value)]
    return value

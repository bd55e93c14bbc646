"""The table `audit`: (workspace_id, audit_id) → audit record. Append only: no function may update or delete in it.

DynamoDB deletes a record after `AUDIT_RETENTION_DAYS`, unless the deployment sets 0 to keep records for ever.
"""

from collections.abc import Iterator

from ferryman import clock, ids, settings
from ferryman.aws import dynamodb as store
from ferryman.identity.audit.model import Action, AuditRecord

TABLE = "audit"


def creating(record: AuditRecord) -> store.Write:
    record.expires_at_epoch = settings.kept_until("AUDIT_RETENTION_DAYS", clock.seconds(record.at))
    return store.put(TABLE, record.to_item(), condition="attribute_not_exists(audit_id)")


def of_actions(workspace_id: str, since: str, actions: list[Action]) -> Iterator[AuditRecord]:
    """Every record of one of these actions from `since` (ISO) on, oldest first."""
    chosen = {f":action{number}": action for number, action in enumerate(actions)}
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace AND audit_id BETWEEN :first AND :last",
        {
            ":workspace": workspace_id,
            ":first": ids.floor(ids.AUDIT, since),
            ":last": f"{ids.AUDIT}_~",
            ":now": int(clock.now()),
            **chosen,
        },
        where=f"#action IN ({', '.join(chosen)}) AND {store.KEPT}",
        names={"#action": "action"},
    )
    return (AuditRecord.from_item(item) for item in items)


def page(
    workspace_id: str,
    limit: int,
    after: store.Key | None,
    *,
    live: bool,
    action: str | None = None,
    user_id: str | None = None,
    credential_id: str | None = None,
    target_id: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> tuple[list[AuditRecord], store.Key | None]:
    """A page of records, newest first, and the key after which the next page begins; None after the last page.

    `since` (inclusive) and `until` (exclusive) are ISO times. Without `live`, records of live credentials are left out.
    """
    first = ids.floor(ids.AUDIT, since) if since else f"{ids.AUDIT}_"
    last = ids.floor(ids.AUDIT, until) if until else f"{ids.AUDIT}_~"
    if first > last:
        return [], None  # DynamoDB refuses a range that ends before it starts
    values: dict[str, str | bool | int] = {
        ":workspace": workspace_id,
        ":first": first,
        ":last": last,
        ":now": int(clock.now()),
    }
    filters = [store.KEPT]
    wanted: dict[str, str | bool | None] = {
        "action": action,
        "user_id": user_id,
        "credential_id": credential_id,
        "target_id": target_id,
    }
    if not live:
        wanted["livemode"] = False
    for name, value in wanted.items():
        if value is not None:
            values[f":{name}"] = value
            filters.append(f"#{name} = :{name}")
    page = store.page(
        TABLE,
        "workspace_id = :workspace AND audit_id BETWEEN :first AND :last",
        values,
        where=" AND ".join(filters),
        names={f"#{name}": name for name, value in wanted.items() if value is not None} or None,
        newest_first=True,
        key=("workspace_id", "audit_id"),
        limit=limit,
        after=after,
    )
    return [AuditRecord.from_item(item) for item in page.items], page.last_key

"""The switches of a workspace, which its administrators set for all of it."""

from dataclasses import replace

from ferryman.aws import dynamodb as store
from ferryman.errors import Invalid
from ferryman.identity import authority
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.identity.workspaces import table
from ferryman.identity.workspaces.model import Workspace
from ferryman.identity.workspaces.schema import WorkspacePatch


def edit(caller: Caller, patch: WorkspacePatch) -> Workspace:
    authority.require_live(caller)
    before = table.get(caller.workspace_id)
    changes = {
        name: value for name, value in patch.model_dump(exclude_unset=True).items() if value != getattr(before, name)
    }
    for name, value in changes.items():
        if value is None:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    if changes:
        audited = audit.writes(caller, "workspace.edited", caller.workspace_id, {"changed": list(changes)})
        store.commit([table.changing(before, **changes), *audited])
    return replace(before, **changes)

"""The settings of a workspace, which its administrators change."""

from dataclasses import replace

from ferryman.aws import dynamodb as store
from ferryman.errors import Invalid, NotAllowed
from ferryman.identity import authority
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.identity.users import table as users
from ferryman.identity.workspaces import table
from ferryman.identity.workspaces.model import Workspace
from ferryman.identity.workspaces.schema import WorkspacePatch


def edit(caller: Caller, patch: WorkspacePatch) -> Workspace:
    """Change the settings of the workspace. Returns the changed workspace.

    Call `integrations.cascades.workspaces.edit` instead, which also ends the sessions of people who lack a required
    second factor. Raises Invalid for a null, NotAllowed for a test credential, and NotAllowed for a change of
    `requires_second_factor` unless an owner who has a second factor makes it in a session.
    """
    authority.require_live(caller)
    before = table.get(caller.workspace_id)
    changes = {
        name: value for name, value in patch.model_dump(exclude_unset=True).items() if value != getattr(before, name)
    }
    for name, value in changes.items():
        if value is None:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    if "requires_second_factor" in changes:
        _require_owner_with_second_factor(caller)
    if changes:
        audited = audit.writes(caller, "workspace.edited", caller.workspace_id, {"changed": list(changes)})
        store.commit([table.changing(before, **changes), *audited])
    return replace(before, **changes)


def _require_owner_with_second_factor(caller: Caller) -> None:
    """Raises NotAllowed unless the caller is an owner, in a session, who has a second factor."""
    if caller.kind != "session" or caller.role != "owner":
        raise NotAllowed("Only an owner in a session can change how people sign in. Sign in first: POST /v1/sessions.")
    if users.get(caller.workspace_id, caller.user_id).second_factor_at is None:
        raise NotAllowed("Enrol your own second factor first, and sign in with it: POST /v1/me/totp.")

"""Ends the sessions of people without a second factor when the workspace begins to require one."""

from ferryman.identity.credentials.model import Caller
from ferryman.identity.sessions import service as sessions
from ferryman.identity.workspaces import service
from ferryman.identity.workspaces.model import Workspace
from ferryman.identity.workspaces.schema import WorkspacePatch


def edit(caller: Caller, patch: WorkspacePatch) -> Workspace:
    """Edit the workspace. If the patch requires a second factor, the sessions of people without one end."""
    workspace = service.edit(caller, patch)
    if patch.requires_second_factor:  # also when nothing changed: an earlier request may have failed halfway
        sessions.end_without_second_factor(workspace.workspace_id)
    return workspace

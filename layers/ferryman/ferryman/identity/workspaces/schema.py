"""Requests of the operator's functions, and responses of the API about a workspace."""

from typing import Self

from pydantic import Field

from ferryman import ids
from ferryman.identity.plans import Plan
from ferryman.identity.workspaces.model import Workspace
from ferryman.schema import Email, Input, Name, Output, Time


class BootstrapIn(Input):
    """The first workspace and its owner."""

    workspace_name: Name
    owner_name: Name
    owner_email: Email
    plan: Plan | None = None


class PlanIn(Input):
    """The plan that a workspace gets. null: the deployment's default."""

    workspace_id: str = Field(pattern=ids.pattern(ids.WORKSPACE))
    plan: Plan | None


class WorkspaceOut(Output):
    """The workspace of the token or session."""

    id: str = Field(pattern=ids.pattern(ids.WORKSPACE))
    name: str
    plan: Plan = Field(description="Connections, API tokens and outgoing webhooks need `enterprise`.")
    created_at: Time

    @classmethod
    def of(cls, workspace: Workspace, plan: Plan) -> Self:
        return cls(id=workspace.workspace_id, name=workspace.name, plan=plan, created_at=workspace.created_at)

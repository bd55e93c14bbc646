"""Requests of the operator's functions, and responses of the API about a workspace."""

from typing import Self

from pydantic import Field

from ferryman import ids
from ferryman.identity.plans import Plan
from ferryman.identity.workspaces.model import Workspace
from ferryman.schema import Email, Input, Name, Output, Time

_OVERRIDES = (
    "Whether senders to incoming webhooks of the flavours `mattermost` and `slack` may name another author and "
    "picture, where the webhook itself allows it."
)
_DISABLE_AFTER = "After how many failures in a row an outgoing webhook is disabled that says nothing else itself."
_PROBE = "Whether outgoing webhooks that failures disabled are probed, where they say nothing else themselves."


_SECOND_FACTOR = (
    "Whether everybody who signs in needs a second factor. People without one can then only enrol it. API tokens go on."
)


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


class WorkspacePatch(Input):
    """The fields to change; those left out stay as they are."""

    allows_overrides: bool | None = Field(None, description=f"{_OVERRIDES} A change holds within a minute.")
    disable_webhooks_after: int | None = Field(None, ge=5, le=100, description=_DISABLE_AFTER)
    probe_webhooks: bool | None = Field(None, description=_PROBE)
    requires_second_factor: bool | None = Field(
        None,
        description=f"{_SECOND_FACTOR} Takes the session of an owner who has one; the sessions of those who have none "
        "end.",
    )


class WorkspaceOut(Output):
    """The workspace of the token or session."""

    id: str = Field(pattern=ids.pattern(ids.WORKSPACE))
    name: str
    plan: Plan = Field(description="Connections, API tokens and outgoing webhooks need `enterprise`.")
    allows_overrides: bool = Field(description=_OVERRIDES)
    disable_webhooks_after: int = Field(description=_DISABLE_AFTER)
    probe_webhooks: bool = Field(description=_PROBE)
    requires_second_factor: bool = Field(description=_SECOND_FACTOR)
    created_at: Time

    @classmethod
    def of(cls, workspace: Workspace, plan: Plan) -> Self:
        return cls(
            id=workspace.workspace_id,
            name=workspace.name,
            plan=plan,
            allows_overrides=workspace.allows_overrides,
            disable_webhooks_after=workspace.disable_webhooks_after,
            probe_webhooks=workspace.probe_webhooks,
            requires_second_factor=workspace.requires_second_factor,
            created_at=workspace.created_at,
        )

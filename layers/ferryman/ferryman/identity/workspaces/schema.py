"""Requests of the operator's functions, and responses of the API about a workspace."""

from typing import Self

from pydantic import Field

from ferryman import ids
from ferryman.identity.plans import Plan
from ferryman.identity.workspaces.model import Workspace
from ferryman.schema import Email, Input, Name, Output, Time

_OVERRIDES = (
    "Whether posts to incoming webhooks of the flavours `mattermost` and `slack` may set another author and "
    "picture. The webhook must allow it, too."
)
_DISABLE_AFTER = "How many failed attempts in a row disable an outgoing webhook, unless its own `disable_after` is set."
_PROBE = (
    "Whether outgoing webhooks that failures disabled get tests, and are enabled when one succeeds, unless their "
    "own `probe` is set."
)


_SECOND_FACTOR = (
    "Whether people need a second factor to sign in. People without one can then only enrol one. API tokens are not "
    "affected."
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

    allows_overrides: bool | None = Field(None, description=f"{_OVERRIDES} A change takes effect within a minute.")
    disable_webhooks_after: int | None = Field(None, ge=5, le=100, description=_DISABLE_AFTER)
    probe_webhooks: bool | None = Field(None, description=_PROBE)
    requires_second_factor: bool | None = Field(
        None,
        description=f"{_SECOND_FACTOR} Needs the session of an owner who has one. Switching it on ends the sessions "
        "of people without one.",
    )


class WorkspaceOut(Output):
    """The workspace of the token or session."""

    id: str = Field(pattern=ids.pattern(ids.WORKSPACE))
    name: str
    plan: Plan = Field(description="Outgoing webhooks, commands, connections and API tokens need `enterprise`.")
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

"""Workspace: the tenant. Everything belongs to exactly one."""

from dataclasses import dataclass

from ferryman.aws import dynamodb as store
from ferryman.identity.plans import Plan


@dataclass(slots=True, kw_only=True)
class Workspace(store.Record):
    """A tenant with its settings, as an item of the table `workspaces`."""

    workspace_id: str
    name: str
    cursor_key: str  # the key that seals the cursors of this workspace's lists, so that nobody can forge one
    created_at: str
    plan: Plan | None = None  # None: the deployment's default
    disable_webhooks_after: int = 10  # failures in a row, for webhooks without their own `disable_after`
    probe_webhooks: bool = True
    requires_second_factor: bool = False  # everybody who signs in needs one
    allows_overrides: bool = True  # posts to incoming webhooks may set another author

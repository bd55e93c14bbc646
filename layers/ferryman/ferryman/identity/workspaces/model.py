"""Workspace: the tenant. Everything belongs to exactly one."""

from dataclasses import dataclass

from ferryman.aws import dynamodb as store
from ferryman.identity.plans import Plan


@dataclass(slots=True, kw_only=True)
class Workspace(store.Record):
    """A tenant with its settings, as an item of the table `workspaces`."""

    workspace_id: str
    name: str
    cursor_key: str  # seals this workspace's list cursors, so that nobody can make one up
    created_at: str
    plan: Plan | None = None  # None: the deployment's default
    disable_webhooks_after: int = 10  # failures in a row, where the webhook says nothing else
    probe_webhooks: bool = True
    requires_second_factor: bool = False  # of everybody who signs in
    allows_overrides: bool = True  # senders to incoming webhooks may name another author

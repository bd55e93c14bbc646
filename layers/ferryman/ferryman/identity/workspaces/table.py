"""The table `workspaces`: workspace_id → workspace. The item `bootstrap` marks that the first workspace was created."""

from dataclasses import dataclass
from functools import lru_cache

from ferryman import clock
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.identity.plans import Plan
from ferryman.identity.workspaces.model import Workspace

TABLE = "workspaces"
_BOOTSTRAP = "bootstrap"


def get(workspace_id: str) -> Workspace:
    item = store.get(TABLE, {"workspace_id": workspace_id})
    if item is None:
        raise NotFound("The workspace does not exist.")
    return Workspace.from_item(item)


@lru_cache(maxsize=256)
def _cursor_key(workspace_id: str, _five_minutes: int) -> bytes:
    return get(workspace_id).cursor_key.encode()


def cursor_key(workspace_id: str) -> bytes:
    """The key that seals the workspace's cursors, cached for five minutes at most."""
    return _cursor_key(workspace_id, int(clock.now() // 300))


@lru_cache(maxsize=1024)
def _allows_overrides(workspace_id: str, _minute: int) -> bool:
    return get(workspace_id).allows_overrides


def allows_overrides(workspace_id: str) -> bool:
    """Whether senders to incoming webhooks may name another author, cached for a minute at most."""
    return _allows_overrides(workspace_id, int(clock.now() // 60))


@dataclass(frozen=True, slots=True)
class WebhookPolicy:
    """How the workspace treats failing outgoing webhooks that have no setting of their own."""

    disable_after: int
    probe: bool


@lru_cache(maxsize=1024)
def _webhook_policy(workspace_id: str, _minute: int) -> WebhookPolicy:
    workspace = get(workspace_id)
    return WebhookPolicy(workspace.disable_webhooks_after, workspace.probe_webhooks)


def webhook_policy(workspace_id: str) -> WebhookPolicy:
    """The workspace's policy for failing outgoing webhooks, cached for a minute at most."""
    return _webhook_policy(workspace_id, int(clock.now() // 60))


def changing(workspace: Workspace, **changes: object) -> store.Write:
    return store.set_values(
        TABLE,
        {"workspace_id": workspace.workspace_id},
        changes,
        condition="attribute_exists(workspace_id)",
        refused=NotFound("The workspace does not exist."),
    )


def creating(workspace: Workspace) -> store.Write:
    return store.put(TABLE, workspace.to_item(), condition="attribute_not_exists(workspace_id)")


def changing_plan(workspace: Workspace, plan: Plan | None) -> store.Write:
    return changing(workspace, plan=plan)


def plan_unchanged(workspace_id: str, plan: Plan | None) -> store.Write:
    """The check that the workspace still has the plan that a transaction copies; else the commit raises Conflict."""
    return store.check(
        TABLE,
        {"workspace_id": workspace_id},
        "#plan = :plan" if plan else "attribute_not_exists(#plan)",
        {":plan": plan} if plan else None,
        names={"#plan": "plan"},
        refused=Conflict("The workspace got another plan at the same moment. Send the request again."),
    )


def as_read(workspace: Workspace) -> store.Write:
    """The check that the workspace still has the plan and the rule for second factors that were read.

    A transaction that starts a session contains it. If either changed, the commit raises Conflict.
    """
    rule = "#factor = :yes" if workspace.requires_second_factor else "(attribute_not_exists(#factor) OR #factor = :no)"
    plan = "#plan = :plan" if workspace.plan else "attribute_not_exists(#plan)"
    values: dict[str, object] = {":yes": True} if workspace.requires_second_factor else {":no": False}
    return store.check(
        TABLE,
        {"workspace_id": workspace.workspace_id},
        f"{plan} AND {rule}",
        {**values, **({":plan": workspace.plan} if workspace.plan else {})},
        names={"#plan": "plan", "#factor": "requires_second_factor"},
        refused=Conflict("The workspace was changed at the same moment. Send the request again."),
    )


def bootstrapping(workspace_id: str) -> store.Write:
    """The write that creates the item `bootstrap`. If it exists already, the commit raises Conflict."""
    return store.put(
        TABLE,
        {"workspace_id": _BOOTSTRAP, "first_workspace_id": workspace_id},
        condition="attribute_not_exists(workspace_id)",
        refused=Conflict("This deployment was bootstrapped before."),
    )


def first_workspace_id() -> str | None:
    item = store.get(TABLE, {"workspace_id": _BOOTSTRAP})
    return item["first_workspace_id"] if item else None

"""Changing a workspace's plan, which only the operator can do.

Every token and session carries a copy of the plan, so that checking the plan costs no read
(docs/decisions/0039-plans.md). A change rewrites the copies. A request that creates a token or a session at the same
time checks in its transaction that the workspace still has the plan that the request copied.
"""

from itertools import chain
from typing import Any

from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.identity import permissions
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller
from ferryman.identity.plans import Plan
from ferryman.identity.sessions import table as sessions
from ferryman.identity.tokens import table as tokens
from ferryman.identity.workspaces import table
from ferryman.identity.workspaces.model import Workspace
from ferryman.identity.workspaces.schema import PlanIn

_OPERATOR = "operator"


def change(wanted: PlanIn) -> dict[str, Any]:
    """Set the plan of a workspace and copy it into all the workspace's tokens and sessions.

    Returns the workspace's id, the new and the previous plan, and the number of credentials that were rewritten. After
    a failure the call can be repeated: it copies the plan again. Raises NotFound.
    """
    before = table.get(wanted.workspace_id)
    if before.plan != wanted.plan:
        audited = audit.writes(
            _operator(before), "workspace.plan_changed", before.workspace_id, {"plan": wanted.plan, "was": before.plan}
        )
        store.commit([table.changing_plan(before, wanted.plan), *audited])
    followed = _follow(wanted.workspace_id, wanted.plan)
    return {"workspace_id": wanted.workspace_id, "plan": wanted.plan, "previous": before.plan, "credentials": followed}


def _operator(workspace: Workspace) -> Caller:
    return Caller(
        workspace_id=workspace.workspace_id,
        user_id=_OPERATOR,
        role="owner",
        livemode=True,
        scopes=frozenset({permissions.ADMIN}),
        credential_id=_OPERATOR,
    )


def _follow(workspace_id: str, plan: Plan | None) -> int:
    """Copy the plan into every token and session of the workspace. Returns how many credentials were rewritten.

    If the workspace has yet another plan afterwards, the function starts over with that plan.
    """
    while True:
        followed = 0
        for secret_hash in chain(tokens.secret_hashes(workspace_id), sessions.secret_hashes(workspace_id)):
            try:
                store.commit([credentials.changing(secret_hash, plan=plan)])
            except NotFound:
                continue  # revoked, or ended
            followed += 1
        newest = table.get(workspace_id).plan
        if newest == plan:
            return followed
        plan = newest

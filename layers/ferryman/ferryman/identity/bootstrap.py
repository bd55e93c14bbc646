"""Bootstrapping: a fresh deployment has no user, so the operator invokes a function that creates the first one."""

import secrets as random
from typing import Any

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict
from ferryman.identity import permissions
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials import table as credentials
from ferryman.identity.credentials.model import Caller
from ferryman.identity.logins import invitations
from ferryman.identity.logins import table as logins
from ferryman.identity.logins.model import Login
from ferryman.identity.tokens import service as tokens
from ferryman.identity.tokens.schema import TokenIn
from ferryman.identity.users import emails
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.identity.workspaces import table
from ferryman.identity.workspaces.model import Workspace
from ferryman.identity.workspaces.schema import BootstrapIn


def bootstrap(wanted: BootstrapIn) -> dict[str, Any]:
    """Create the first workspace, its owner, the owner's token and an invitation to set a password, in one transaction.

    Returns `already: False` with the ids, the token and the invitation's secret. If the deployment was bootstrapped
    before, the function creates nothing and returns `already: True` with the id of the existing workspace and a
    message.
    """
    now = clock.now_iso()
    workspace = Workspace(
        workspace_id=ids.new(ids.WORKSPACE),
        name=wanted.workspace_name,
        cursor_key=random.token_hex(32),
        created_at=now,
        plan=wanted.plan,
    )
    owner = User(
        workspace_id=workspace.workspace_id,
        user_id=ids.new(ids.USER),
        name=wanted.owner_name,
        email=wanted.owner_email,
        role="owner",
        created_at=now,
        updated_at=now,
    )
    token, secret, writes = tokens.prepare(
        workspace.workspace_id,
        owner.user_id,
        owner.role,
        TokenIn(name="Owner", scopes=[permissions.ADMIN], environment="production"),
        created_by="bootstrap",
        plan=wanted.plan,
    )
    caller = Caller(
        workspace_id=workspace.workspace_id,
        user_id=owner.user_id,
        role=owner.role,
        livemode=True,
        scopes=permissions.of_role(owner.role),
        credential_id="bootstrap",
    )
    login = Login(workspace_id=owner.workspace_id, user_id=owner.user_id)
    invitation, invitation_secret = invitations.prepare(owner)
    try:
        store.commit(
            [
                table.bootstrapping(workspace.workspace_id),
                table.creating(workspace),
                *users.creating(owner),
                *emails.listing(owner),
                *writes,
                credentials.creating(invitation),
                logins.changing(login, invitation_hash=invitation.secret_hash),
                *audit.writes(caller, "user.created", owner.user_id, {"role": owner.role}),
                *audit.writes(caller, "token.created", token.token_id, {"scopes": token.scopes}),
            ]
        )
    except Conflict as conflict:
        first = table.first_workspace_id()
        if first is None:
            raise
        return {"already": True, "workspace_id": first, "message": str(conflict)}
    return {
        "already": False,
        "workspace_id": workspace.workspace_id,
        "user_id": owner.user_id,
        "token_id": token.token_id,
        "token": secret,
        "invitation": invitation_secret,
    }

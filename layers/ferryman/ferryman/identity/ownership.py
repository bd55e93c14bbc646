"""Whether a user may still own an object.

A webhook, an incoming webhook, an application or a bot has an owner: the person who created it, or the person to whom
an admin handed it over. When the owner is deactivated, or gets a role without the scope that owning such an object
takes, the object is disabled with the reason. It can be enabled again once its owner may own it.
"""

from typing import Literal

from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, Invalid, NotFound
from ferryman.identity import permissions
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User

type Loss = Literal["owner_deactivated", "owner_may_not"]
DEACTIVATED: Loss = "owner_deactivated"
MAY_NOT: Loss = "owner_may_not"
OF_BOTS: permissions.Scope = "bots:write"  # that a bot's owner must have by their role


def loss(owner: User, scope: permissions.Scope) -> Loss | None:
    """The reason why the owner may not own an object that takes `scope`; None when the owner may."""
    if not owner.active:
        return DEACTIVATED
    return None if permissions.covers(permissions.of_role(owner.role), scope) else MAY_NOT


def still_entitled(workspace_id: str, owner_id: str, scope: permissions.Scope, route: str) -> store.Write:
    """The check that lets a transaction enable an object only while its owner may own it.

    Raises Conflict when the owner may not; the commit raises it when the owner changed after this function read them.
    `scope` is the scope that owning the object takes, and `route` the path for handing it over, which the error names.
    """
    refused = Conflict(
        f"The owner was deactivated, or has a role that does not allow this. Hand it over first: PUT {route}."
    )
    try:
        owner = users.get(workspace_id, owner_id)
    except NotFound:
        raise refused from None
    if loss(owner, scope):
        raise refused
    return users.acting(workspace_id, owner_id, owner.role, refused=refused)


def taking_over(workspace_id: str, user_id: str, scope: permissions.Scope) -> store.Write:
    """The check that lets a transaction hand an object to `user_id` only while that user may own it.

    Raises Invalid when the user may not. The commit raises Conflict when the user's role or activity changed in
    between.
    """
    try:
        owner = users.get(workspace_id, user_id)
    except NotFound:
        raise Invalid("The user does not exist.", "/user_id") from None
    if owner.role == "bot" or loss(owner, scope):
        raise Invalid(f"Hand it over to an active person whose role has the scope {scope}.", "/user_id")
    changed = Conflict("The new owner was changed at the same moment. Send the request again.")
    return users.acting(workspace_id, user_id, owner.role, refused=changed)

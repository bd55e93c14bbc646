"""Who may act on whom: the rules for every change of a person, a role, a membership or a credential.

- Nobody acts on a user of a higher role, and acting on an owner or admin takes `admin:*`. All may act on themselves.
- A test credential changes nothing that is shared with live traffic: people, roles, bots, chats, memberships, and how
  somebody signs in.
- A person changes their own password, address or second factor in a live session, and confirms it with their password.
  An owner may reset these for another person.
"""

from ferryman.errors import NotAllowed
from ferryman.identity import permissions
from ferryman.identity.credentials.model import Caller
from ferryman.identity.users.model import User


def require_live(caller: Caller) -> None:
    """Raises NotAllowed for a test credential."""
    require_mode(caller, livemode=True)


def require_mode(caller: Caller, *, livemode: bool) -> None:
    """Raises NotAllowed when a test credential would change a live object. `livemode` is the object's mode."""
    if livemode and not caller.livemode:
        raise NotAllowed(
            "This needs a live credential. A test credential cannot change people, bots, chats and memberships that "
            "live traffic uses."
        )


def require_authority(caller: Caller, user: User) -> None:
    """Raises NotAllowed when `user` has a higher role, or is an owner or admin and the caller lacks `admin:*`.

    Everybody may act on themselves.
    """
    if user.user_id == caller.user_id:
        return
    if permissions.outranks(user.role, caller.role):
        raise NotAllowed(f"A user with the role {caller.role} cannot act on a user with the role {user.role}.")
    if user.role in permissions.ADMINISTRATORS and not caller.is_admin:
        raise NotAllowed(f"Acting on a user with the role {user.role} needs the scope {permissions.ADMIN}.")


def require_every_scope(caller: Caller, scopes: list[permissions.Scope] | frozenset[permissions.Scope]) -> None:
    """Raises NotAllowed, with the missing scopes, unless the caller's credential has every one of `scopes`."""
    missing = permissions.broader_than(scopes, caller.scopes)
    if missing:
        raise NotAllowed(f"The credential you use does not have {', '.join(missing)}.")


def may_reset_sign_in(caller: Caller, user: User) -> bool:
    """Whether the caller may reset the password, second factor or e-mail address of `user`.

    Only an owner with a live credential and `admin:*` may, and only for another person.
    """
    return caller.livemode and caller.role == "owner" and caller.is_admin and caller.user_id != user.user_id

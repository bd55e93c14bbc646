"""Creating and editing people. A workspace always has at least one active owner."""

from collections.abc import Callable
from dataclasses import replace

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, Invalid, NotAllowed
from ferryman.identity import authority, avatar_paths, idempotency, permissions
from ferryman.identity.audit import service as audit
from ferryman.identity.avatar_images import AvatarImage
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import emails, table
from ferryman.identity.users.model import User
from ferryman.identity.users.schema import UserIn, UserPatch, UserQuery

type Notice = Callable[[User, str], list[store.Write]]  # returns the writes that notify a person
_REMOVABLE = {"handle", "avatar_url", "about"}


def create(caller: Caller, wanted: UserIn, idempotency_key: IdempotencyKey | None = None) -> User:
    """Create a person. Returns the new user.

    Raises NotAllowed for a role above the caller's own, for the roles owner and admin without `admin:*`, and for a test
    credential; Conflict when the address or the handle is taken.
    """
    authority.require_live(caller)
    _may_give(caller, wanted.role)
    now = clock.now_iso()
    user = User(
        workspace_id=caller.workspace_id,
        user_id=ids.new(ids.USER),
        name=wanted.name,
        email=wanted.email,
        role=wanted.role,
        handle=wanted.handle,
        avatar_url=wanted.avatar_url,
        about=wanted.about,
        created_at=now,
        updated_at=now,
    )
    audited = audit.writes(caller, "user.created", user.user_id, {"role": user.role})
    store.commit(
        [*idempotency.writes(idempotency_key, user.user_id), *table.creating(user), *emails.listing(user), *audited]
    )
    return user


def find(workspace_id: str, query: UserQuery) -> list[User]:
    """The user with the handle, the e-mail address, or both that the query names, as a list; empty without one."""
    if query.email is None:
        return table.by_handles(workspace_id, [str(query.handle)])
    person = table.by_email(workspace_id, query.email)
    return [person] if person and query.handle in (None, person.handle) else []


def edit(caller: Caller, user_id: str, patch: UserPatch, notice: Notice) -> User:
    """Change a person's record. Returns the changed user.

    Call `integrations.cascades.people.edit` instead, which also updates the person's tokens, sessions and webhooks.
    `notice` returns the writes that notify the person when somebody else changes their address. Raises NotFound,
    Conflict for a bot, for the last owner, for a taken address or handle and for a person who changed in between,
    Invalid for a null that is not allowed, and NotAllowed when the caller may not act on the person or give the role.
    """
    before = table.get(caller.workspace_id, user_id)
    if before.role == "bot":
        raise Conflict("This is a bot. Edit it with PATCH /v1/bots/{id}.")
    changes = patch.model_dump(exclude_unset=True)
    for name, value in changes.items():
        if value is None and name not in _REMOVABLE:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    after = replace(before, **changes)
    if after == before:
        return before
    authority.require_live(caller)
    authority.require_authority(caller, before)
    telling: list[store.Write] = []
    if "email" in changes and emails.digest(after.email or "") != emails.digest(before.email or ""):
        _require_may_move_address(caller, before)
        if before.user_id != caller.user_id:
            telling = notice(before, f"The e-mail address of your account was changed to {after.email}")
    acting_changed = (after.role, after.active) != (before.role, before.active)
    keeping_an_owner = []
    if acting_changed:
        _may_give(caller, after.role)
        _may_give(caller, before.role)
        keeping_an_owner = _keeping_an_owner(before, after)
    after.updated_at = clock.now_iso()
    changed = [name for name, value in changes.items() if value != getattr(before, name)]
    details = {"changed": changed, "role": after.role, "active": after.active}
    audited = audit.writes(caller, "user.edited", user_id, details)
    store.commit(
        [*table.changing(before, after), *emails.relisting(before, after), *keeping_an_owner, *telling, *audited]
    )
    return after


def set_own_avatar(caller: Caller, image: AvatarImage | None, base: str) -> User:
    """Store `image` as the caller's avatar, or remove the avatar if it is None. Returns the changed user.

    The avatar's URL begins with `base`. Raises NotAllowed for a test credential, and Conflict if the user changed after
    they were read.
    """
    before = table.get(caller.workspace_id, caller.user_id)
    authority.require_live(caller)
    after, writes = with_avatar(before, image, base)
    details = {"changed": ["avatar_url"], "role": after.role, "active": after.active}
    store.commit([*writes, *audit.writes(caller, "user.edited", after.user_id, details)])
    return after


def with_avatar(before: User, image: AvatarImage | None, base: str) -> tuple[User, list[store.Write]]:
    """The user or bot with `image` as its avatar (None removes it), and the writes that store both.

    The avatar's URL begins with `base`.
    """
    url = base + avatar_paths.path(before.workspace_id, before.user_id, image.digest) if image else None
    after = replace(before, avatar_url=url, updated_at=clock.now_iso())
    keeping = [table.keeping_avatar(after, image)] if image else []
    return after, [*table.changing(before, after), *keeping]


def _require_may_move_address(caller: Caller, user: User) -> None:
    """Raises NotAllowed unless the caller may change the address with which `user` signs in.

    As long as the user has no password, nobody signs in with the address, so every caller who may edit the user may
    correct it.
    """
    if user.password_set_at is None or authority.may_reset_sign_in(caller, user):
        return
    if user.user_id == caller.user_id:
        raise NotAllowed("You sign in with this address. Change it in a session, with POST /v1/me/email.")
    raise NotAllowed("The person signs in with this address. They can change it themselves, or an owner can.")


def _may_give(caller: Caller, role: permissions.Role) -> None:
    if permissions.outranks(role, caller.role):
        raise NotAllowed(f"A user with the role {caller.role} cannot give the role {role}.")
    if role in ("owner", "admin") and not caller.is_admin:
        raise NotAllowed(f"Giving or taking the role {role} needs the scope {permissions.ADMIN}.")


def _keeping_an_owner(before: User, after: User) -> list[store.Write]:
    """The check that the workspace keeps another active owner, if the change takes an owner away; else an empty list.

    Raises Conflict when `before` is the last active owner.
    """
    if before.role != "owner" or (after.role == "owner" and after.active):
        return []
    for owner in table.owners(before.workspace_id):
        if owner.user_id != before.user_id:
            return [table.still_owner(owner)]
    raise Conflict("This is the workspace's last owner. Make somebody else an owner first.")

"""The table `users`: (workspace_id, entry) → user, where entry is the user's id.

E-mail addresses and handles are unique in a workspace: the items under the entries `email/<address>` and
`handle/<handle>` reserve them for their user. `mark/<user_id>` is a counter that goes up with every object that the
user creates under a cap (`identity.caps`). `deleted/<user_id>` is the tombstone of a deleted bot. `avatar/<user_id>` is
the picture that was uploaded for a user.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotAllowed, NotFound
from ferryman.identity import avatar_paths
from ferryman.identity.permissions import Role
from ferryman.identity.users.model import Profile, Tombstone, User

if TYPE_CHECKING:  # few functions need pictures
    from ferryman.identity.avatar_images import AvatarImage

TABLE = "users"
_OWNED = "(owner_id = :owner OR (attribute_not_exists(owner_id) AND created_by = :owner))"


def _key(workspace_id: str, entry: str) -> store.Key:
    return {"workspace_id": workspace_id, "entry": entry}


def _email_entry(email: str) -> str:
    return f"email/{email.casefold()}"


def _handle_entry(handle: str) -> str:
    return f"handle/{handle.casefold()}"


def _mark_entry(user_id: str) -> str:
    return f"mark/{user_id}"


def _tombstone_entry(user_id: str) -> str:
    return f"deleted/{user_id}"


def _avatar_entry(user_id: str) -> str:
    return f"avatar/{user_id}"


def get(workspace_id: str, user_id: str) -> User:
    # Only a user's id: other entries of the table are not users.
    item = store.get(TABLE, _key(workspace_id, user_id)) if ids.is_id(ids.USER, user_id) else None
    if item is None:
        raise NotFound("The user does not exist.")
    return User.from_item(item)


def by_handles(workspace_id: str, handles: Iterable[str]) -> list[User]:
    """The users who have these handles now, in no order: two batch reads, or one when nobody has any of them."""
    wanted = set(handles)
    held = store.get_many(TABLE, [_key(workspace_id, _handle_entry(handle)) for handle in wanted])
    items = store.get_many(TABLE, [_key(workspace_id, item["user_id"]) for item in held])
    return [User.from_item(item) for item in items if item.get("handle") in wanted]


def by_email(workspace_id: str, email: str) -> User | None:
    """The person who has this e-mail address now, in whatever case it is written."""
    held = store.get(TABLE, _key(workspace_id, _email_entry(email)))
    item = store.get(TABLE, _key(workspace_id, held["user_id"])) if held else None
    return User.from_item(item) if item else None


def page(workspace_id: str, limit: int, after: store.Key | None) -> tuple[list[User], store.Key | None]:
    """A page of users, oldest first, and the key after which the next page begins; None after the last page."""
    page = store.page(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": "usr_"},
        key=("workspace_id", "entry"),
        limit=limit,
        after=after,
    )
    return [User.from_item(item) for item in page.items], page.last_key


def get_many(workspace_id: str, user_ids: Iterable[str]) -> list[User]:
    """The users with these ids, in no order; missing users are left out. One batch read for each hundred."""
    return [User.from_item(item) for item in store.get_many(TABLE, [_key(workspace_id, one) for one in user_ids])]


def profiles(workspace_id: str, user_ids: Iterable[str]) -> dict[str, Profile]:
    """The profiles of these users by id, including deleted bots.

    Takes one batch read for each hundred, and a second one if some users no longer exist.
    """
    wanted = set(user_ids)
    profiles = {user.user_id: Profile.of(user) for user in get_many(workspace_id, wanted)} if wanted else {}
    if gone := wanted - profiles.keys():
        items = store.get_many(TABLE, [_key(workspace_id, _tombstone_entry(user_id)) for user_id in gone])
        tombstones = {item["user_id"]: Tombstone.from_item(item) for item in items}
        profiles |= {user_id: Profile.of_deleted(tombstones.get(user_id)) for user_id in gone}
    return profiles


def of_roles(workspace_id: str, roles: Iterable[Role]) -> list[User]:
    """The active people of these roles."""
    chosen = {f":role{number}": role for number, role in enumerate(roles)}
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": "usr_", ":yes": True, **chosen},
        where=f"#role IN ({', '.join(chosen)}) AND active = :yes",
        names={"#role": "role"},
    )
    return [User.from_item(item) for item in items]


def page_of_bots(
    workspace_id: str, owner_id: str | None, limit: int, after: store.Key | None
) -> tuple[list[User], store.Key | None]:
    """A page of bots, oldest first, and the key after which the next page begins; None after the last page.

    If `owner_id` is given, only the bots that this user owns.
    """
    values = {":workspace": workspace_id, ":prefix": "usr_", ":bot": "bot"}
    if owner_id:
        values[":owner"] = owner_id
    page = store.page(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        values,
        where=f"#role = :bot AND {_OWNED}" if owner_id else "#role = :bot",
        names={"#role": "role"},
        key=("workspace_id", "entry"),
        limit=limit,
        after=after,
    )
    return [User.from_item(item) for item in page.items], page.last_key


def bots_of(workspace_id: str, owner_id: str) -> list[User]:
    """The bots that a user owns, active or not."""
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": "usr_", ":bot": "bot", ":owner": owner_id},
        where=f"#role = :bot AND {_OWNED}",
        names={"#role": "role"},
    )
    return [User.from_item(item) for item in items]


def with_second_factor(workspace_id: str) -> list[User]:
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": "usr_"},
        where="attribute_exists(second_factor_at)",
    )
    return [User.from_item(item) for item in items]


def owners(workspace_id: str) -> list[User]:
    """The active owners of the workspace. There is always at least one."""
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": "usr_", ":owner": "owner", ":yes": True},
        where="#role = :owner AND active = :yes",
        names={"#role": "role"},
    )
    return [User.from_item(item) for item in items]


def creating(user: User) -> list[store.Write]:
    writes = [
        store.put(
            TABLE,
            {**user.to_item(), "entry": user.user_id},
            condition="attribute_not_exists(entry)",
        )
    ]
    if user.email:
        writes.append(_claiming_email(user.workspace_id, user.user_id, user.email))
    if user.handle:
        writes.append(_claiming_handle(user.workspace_id, user.user_id, user.handle))
    return writes


def _claiming_email(workspace_id: str, user_id: str, email: str) -> store.Write:
    return store.put(
        TABLE,
        {**_key(workspace_id, _email_entry(email)), "user_id": user_id},
        condition="attribute_not_exists(entry)",
        refused=Conflict("Another user of this workspace has this e-mail address."),
    )


def _claiming_handle(workspace_id: str, user_id: str, handle: str) -> store.Write:
    return store.put(
        TABLE,
        {**_key(workspace_id, _handle_entry(handle)), "user_id": user_id},
        condition="attribute_not_exists(entry)",
        refused=Conflict("Another user or bot of this workspace has this handle."),
    )


def changing(before: User, after: User) -> list[store.Write]:
    """The writes that replace `before` by `after`, with their address, handle and avatar.

    The commit raises Conflict when the user changed after `before` was read, or the new address or handle is taken.
    """
    key = (before.workspace_id, before.user_id)
    keeps_avatar = avatar_paths.is_path_of(*key, after.avatar_url)
    writes = [] if keeps_avatar else _dropping_avatar(before)
    writes += [
        store.put(
            TABLE,
            {**after.to_item(), "entry": after.user_id},
            condition="updated_at = :before",
            values={":before": before.updated_at},
        )
    ]
    if (after.email or "").casefold() != (before.email or "").casefold():
        if after.email:
            writes.append(_claiming_email(*key, after.email))
        if before.email:
            writes.append(store.delete(TABLE, _key(before.workspace_id, _email_entry(before.email))))
    if after.handle != before.handle:
        if after.handle:
            writes.append(_claiming_handle(*key, after.handle))
        if before.handle:
            writes.append(store.delete(TABLE, _key(before.workspace_id, _handle_entry(before.handle))))
    return writes


def deleting(user: User) -> list[store.Write]:
    """The writes that replace a bot by a tombstone, and free its handle.

    If the bot changed after it was read, the commit raises Conflict.
    """
    tombstone = Tombstone(
        workspace_id=user.workspace_id,
        user_id=user.user_id,
        name=user.name,
        handle=user.handle,
        deleted_at=clock.now_iso(),
    )
    writes = [
        store.put(TABLE, {**tombstone.to_item(), "entry": _tombstone_entry(user.user_id)}),
        store.delete(
            TABLE,
            _key(user.workspace_id, user.user_id),
            condition="updated_at = :before",
            values={":before": user.updated_at},
        ),
        store.delete(TABLE, _key(user.workspace_id, _mark_entry(user.user_id))),
        *_dropping_avatar(user),
    ]
    if user.handle:
        writes.append(store.delete(TABLE, _key(user.workspace_id, _handle_entry(user.handle))))
    return writes


def keeping_avatar(user: User, image: "AvatarImage") -> store.Write:
    """The write that stores a user's uploaded picture, in place of an earlier one."""
    return store.put(
        TABLE,
        {
            **_key(user.workspace_id, _avatar_entry(user.user_id)),
            "digest": image.digest,
            "media_type": image.media_type,
            "content": image.content,
        },
    )


def _dropping_avatar(user: User) -> list[store.Write]:
    if not avatar_paths.is_path_of(user.workspace_id, user.user_id, user.avatar_url):
        return []
    return [store.delete(TABLE, _key(user.workspace_id, _avatar_entry(user.user_id)))]


def avatar(workspace_id: str, user_id: str, digest: str) -> tuple[bytes, str]:
    """The content and the media type of the picture that was uploaded for a user.

    Raises NotFound if the user has no picture with this digest.
    """
    item = store.get(TABLE, _key(workspace_id, _avatar_entry(user_id)))
    if item is None or item["digest"] != digest:
        raise NotFound("The avatar does not exist any more.")
    return item["content"], item["media_type"]


def present(workspace_id: str, user_id: str) -> store.Write:
    """The check that the user exists; otherwise the commit raises NotFound."""
    return store.check(
        TABLE, _key(workspace_id, user_id), "attribute_exists(entry)", refused=NotFound("The user does not exist.")
    )


def still_owner(owner: User) -> store.Write:
    """The check that this user is an active owner; otherwise the commit raises Conflict."""
    return store.check(
        TABLE,
        _key(owner.workspace_id, owner.user_id),
        "active = :yes AND #role = :owner",
        {":yes": True, ":owner": "owner"},
        names={"#role": "role"},
        refused=Conflict("The workspace's owners were changed at the same moment. Read them again, then retry."),
    )


def having_password(user: User, role: str, at: str, *, refused: Exception) -> store.Write:
    """The write that records that the user has a password since `at` (ISO), and removes `invited_until`.

    The commit raises `refused` unless the user is active and has the role `role`.
    """
    return store.update(
        TABLE,
        _key(user.workspace_id, user.user_id),
        "SET password_set_at = :at, updated_at = :at REMOVE invited_until",
        {":at": at, ":yes": True, ":role": role},
        condition="active = :yes AND #role = :role",
        names={"#role": "role"},
        refused=refused,
    )


def inviting(user: User, until: str, *, refused: Exception) -> store.Write:
    """The write that records that the user has an invitation until `until` (ISO).

    The commit raises `refused` unless the user is active and has the same role as `user`.
    """
    return store.update(
        TABLE,
        _key(user.workspace_id, user.user_id),
        "SET invited_until = :until, updated_at = :at",
        {":until": until, ":at": clock.now_iso(), ":yes": True, ":role": user.role},
        condition="active = :yes AND #role = :role",
        names={"#role": "role"},
        refused=refused,
    )


def signing_in_by(workspace_id: str, user_id: str, **changes: str | None) -> store.Write:
    """The write that sets attributes by which the list of people shows how the user signs in (`second_factor_at`).

    None removes one. If the user was deleted, the commit raises NotFound.
    """
    gone = NotFound("The user does not exist.")
    at = {"updated_at": clock.now_iso()}
    key = _key(workspace_id, user_id)
    return store.set_values(TABLE, key, {**changes, **at}, condition="attribute_exists(entry)", refused=gone)


def acting(workspace_id: str, user_id: str, role: str, *, refused: Exception | None = None) -> store.Write:
    """The check that the user is active and has this role; else the commit raises `refused` (default NotAllowed)."""
    return store.check(
        TABLE,
        _key(workspace_id, user_id),
        "active = :yes AND #role = :role",
        {":yes": True, ":role": role},
        names={"#role": "role"},
        refused=refused or NotAllowed("The user behind this token was deactivated or has another role now."),
    )


def mark(workspace_id: str, user_id: str) -> int:
    """The user's mark: the number of objects that they created under a cap so far (`identity.caps`)."""
    item = store.get(TABLE, _key(workspace_id, _mark_entry(user_id)))
    return int(item["moved"]) if item else 0


def moving_mark(workspace_id: str, user_id: str, seen: int, *, refused: Exception) -> store.Write:
    """The write that raises the user's mark by one. If the mark is no longer `seen`, the commit raises `refused`."""
    return store.update(
        TABLE,
        _key(workspace_id, _mark_entry(user_id)),
        "SET moved = :next",
        {":next": seen + 1, **({":seen": seen} if seen else {})},
        condition="moved = :seen" if seen else "attribute_not_exists(entry)",
        refused=refused,
    )

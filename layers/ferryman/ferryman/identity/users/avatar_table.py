"""The uploaded avatars in the table `users`: (workspace_id, avatar/<user_id>) → picture."""

from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.identity.avatar_images import AvatarImage
from ferryman.identity.users.model import User
from ferryman.identity.users.table import TABLE, avatar_entry


def keeping(user: User, image: AvatarImage) -> store.Write:
    """The write that stores a user's uploaded picture, in place of an earlier one."""
    return store.put(
        TABLE,
        {
            "workspace_id": user.workspace_id,
            "entry": avatar_entry(user.user_id),
            "digest": image.digest,
            "media_type": image.media_type,
            "content": image.content,
        },
    )


def get(workspace_id: str, user_id: str, digest: str) -> AvatarImage:
    """The picture that was uploaded for a user. Raises NotFound if the user has no picture with this digest."""
    item = store.get(TABLE, {"workspace_id": workspace_id, "entry": avatar_entry(user_id)})
    if item is None or item["digest"] != digest:
        raise NotFound("The avatar does not exist any more.")
    return AvatarImage(item["content"], item["media_type"])

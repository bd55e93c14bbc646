"""Replaces people's ids in texts of other products by handles: `<@id>` becomes `@handle`."""

from collections.abc import Iterable

from ferryman import ids
from ferryman.conversations.messages import attachments
from ferryman.formats import slack_attachments, slack_text
from ferryman.identity.users import table as users

_MOST = 100  # people in one message


def handles(workspace_id: str, user_ids: Iterable[str]) -> dict[str, str]:
    """The handles of these people, by the ids given. One batch read of at most a hundred people.

    Other products write a user's id without its prefix, in lower or upper case. People without a handle are left out.
    """
    wanted = {one: f"{ids.USER}_{one.upper()}" for one in user_ids}
    valid_ids = [one for one in wanted.values() if ids.is_id(ids.USER, one)]
    if not valid_ids:
        return {}
    handle_of = {user.user_id: user.handle for user in users.get_many(workspace_id, valid_ids[:_MOST])}
    return {one: handle for one, user_id in wanted.items() if (handle := handle_of.get(user_id))}


def with_handles(workspace_id: str, text: str, boxes: str | None) -> tuple[str, str | None]:
    """`text` and `boxes` (a message's attachments as JSON) with handles in place of people's ids."""
    loaded = attachments.load(boxes)
    texts = [text, *(one for box in loaded for one in slack_attachments.texts(box))]
    handle_of = handles(workspace_id, set().union(*map(slack_text.people, texts)))
    if not handle_of:
        return text, boxes
    return slack_text.named(text, handle_of), attachments.dump(
        [slack_attachments.named(box, handle_of) for box in loaded]
    )

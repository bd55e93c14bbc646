"""People whom a text of another product names by their ids: `<@id>` becomes their handle."""

from collections.abc import Iterable

from ferryman import ids
from ferryman.conversations.messages import attachments
from ferryman.formats import slack_attachments, slack_text
from ferryman.identity.users import table as users

_MOST = 100  # people in one message


def handles(workspace_id: str, user_ids: Iterable[str]) -> dict[str, str]:
    """The handles of people of the workspace by their ids in the form of other products. One batch read."""
    wanted = {one: f"{ids.USER}_{one.upper()}" for one in user_ids}
    valid_ids = [one for one in wanted.values() if ids.is_id(ids.USER, one)]
    if not valid_ids:
        return {}
    handle_of = {user.user_id: user.handle for user in users.get_many(workspace_id, valid_ids[:_MOST])}
    return {one: handle for one, user_id in wanted.items() if (handle := handle_of.get(user_id))}


def with_handles(workspace_id: str, text: str, boxes: str | None) -> tuple[str, str | None]:
    """A text and a message's attachments (JSON), with handles in the place of the people's ids."""
    loaded = attachments.load(boxes)
    texts = [text, *(one for box in loaded for one in slack_attachments.texts(box))]
    handle_of = handles(workspace_id, set().union(*map(slack_text.people, texts)))
    if not handle_of:
        return text, boxes
    return slack_text.named(text, handle_of), attachments.dump(
        [slack_attachments.named(box, handle_of) for box in loaded]
    )

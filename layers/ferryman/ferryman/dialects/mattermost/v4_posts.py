"""Single posts of Mattermost's API, which names them by their id alone."""

from collections.abc import Mapping
from typing import Any

from ferryman import ids
from ferryman.conversations.messages import attachments
from ferryman.conversations.messages import service as messages
from ferryman.conversations.messages.model import Message
from ferryman.dialects.mattermost import objects, split, v4
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.errors import NotAllowed, NotFound

_NO_POST = AppError(404, "app.post.get.app_error", "Unable to get the post.")


def read(asked: Asked) -> dict[str, Any]:
    v4.require(asked.caller, "messages:read")
    return objects.post(_post(asked))


def thread(asked: Asked) -> dict[str, Any]:
    """A post alone, as nothing here has a thread."""
    post = read(asked)
    return {
        "order": [post["id"]],
        "posts": {post["id"]: post},
        "next_post_id": "",
        "prev_post_id": "",
        "has_next": False,
    }


def patch(asked: Asked) -> dict[str, Any]:
    """Change a post's text."""
    v4.require(asked.caller, "messages:write")
    return _changed(asked, _sent(asked))


def update(asked: Asked) -> dict[str, Any]:
    """The same with the whole post, whose id must be the path's."""
    v4.require(asked.caller, "messages:write")
    sent = _sent(asked)
    if sent.get("id") != asked.path["v4_post_id"]:
        raise v4.invalid_body("id")
    return _changed(asked, sent)


def _sent(asked: Asked) -> Mapping[str, Any]:
    sent = asked.read()
    if not isinstance(sent, dict):
        raise v4.invalid_body("post")
    return sent


def _changed(asked: Asked, sent: Mapping[str, Any]) -> dict[str, Any]:
    post = _post(asked)
    said = post.text if sent.get("message") is None else sent["message"]
    if not isinstance(said, str):
        raise v4.invalid_body("message")
    if len(said) > split.MAX_TEXT or not (said.strip() or post.attachments) or "\0" in said:
        raise v4.TOO_LONG
    _require_same_boxes(post, sent.get("props"))
    try:
        return objects.post(messages.edit(asked.caller, post.chat_id, post.message_id, said))
    except NotAllowed:
        raise v4.PERMISSIONS from None


def _require_same_boxes(post: Message, props: Any) -> None:
    """Raises AppError where a client wants other attachments: only the text of a message can be edited."""
    if not isinstance(props, dict) or "attachments" not in props:
        return
    wanted = attachments.shown(attachments.dump(v4.boxes(props)))
    if _without_ids(wanted) != _without_ids(attachments.shown(post.attachments)):
        raise v4.invalid_body("props")


def _without_ids(boxes: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The boxes without the ids of their actions: we make up an id for each action that a client sends without one."""
    return [{**box, "actions": [{**action, "id": None} for action in box["actions"]]} for box in boxes or ()]


def delete(asked: Asked) -> dict[str, str]:
    v4.require(asked.caller, "messages:write")
    post = _post(asked)
    try:
        messages.delete(asked.caller, post.chat_id, post.message_id)
    except NotAllowed:
        raise v4.PERMISSIONS from None
    return {"status": "OK"}


def _post(asked: Asked) -> Message:
    try:
        return messages.find(asked.caller, asked.id("v4_post_id", ids.MESSAGE))
    except NotFound:
        raise _NO_POST from None

"""Single posts of Mattermost's API. Its paths name a post by the id alone, without the channel."""

from collections.abc import Mapping
from typing import Any

from ferryman import ids
from ferryman.conversations.messages import attachments
from ferryman.conversations.messages import service as messages
from ferryman.conversations.messages.attachments import Attachment
from ferryman.conversations.messages.model import Message
from ferryman.dialects.mattermost import objects, split, v4
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.errors import NotAllowed, NotFound

_NO_POST = AppError(404, "app.post.get.app_error", "Unable to get the post.")


def read(asked: Asked) -> dict[str, Any]:
    v4.require(asked.caller, "messages:read")
    return objects.post(_post(asked))


def thread(asked: Asked) -> dict[str, Any]:
    """A post as a thread that consists of this post, because Ferryman has no threads."""
    post = read(asked)
    return {
        "order": [post["id"]],
        "posts": {post["id"]: post},
        "next_post_id": "",
        "prev_post_id": "",
        "has_next": False,
    }


def patch(asked: Asked) -> dict[str, Any]:
    """Change a post's text, its props with the attachments, or both. Fields that the body lacks stay as they are."""
    v4.require(asked.caller, "messages:write")
    return _changed(asked, _sent(asked))


def update(asked: Asked) -> dict[str, Any]:
    """Replace a post's text and props. The body is the whole post, whose id must be that of the path."""
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
    message_text = post.text if sent.get("message") is None else sent["message"]
    if not isinstance(message_text, str):
        raise v4.invalid_body("message")
    boxes, props = post.attachments, post.props
    if sent.get("props") is not None:
        wanted, props = v4.content_of(sent["props"])
        boxes = attachments.dump(_with_integrations(wanted, post))
        if len((boxes or "").encode()) > attachments.MAX_BYTES:
            raise v4.TOO_LONG
    if len(message_text) > split.MAX_TEXT or not (message_text.strip() or boxes) or "\0" in message_text:
        raise v4.TOO_LONG
    try:
        return objects.post(messages.edit_whole(asked.caller, post, message_text, boxes, props))
    except NotAllowed:
        raise v4.PERMISSIONS from None


def _with_integrations(boxes: list[Attachment], post: Message) -> list[Attachment]:
    """The attachments, with the integrations (URL and context) of their buttons and menus.

    Clients do not see integrations. So an action that a client sends back without one keeps the integration that the
    post has for the action's id.
    """
    integrations = {
        action["id"]: action["integration"]
        for box in attachments.load(post.attachments)
        for action in box.get("actions") or ()
        if action.get("id") and action.get("integration")
    }
    for box in boxes:
        for action in box.get("actions") or ():
            if "integration" not in action and action["id"] in integrations:
                action["integration"] = integrations[action["id"]]
    return boxes


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

"""Clicks on buttons and menus by Mattermost's API: /api/v4/posts/{post_id}/actions/{action_id}."""

from typing import Any

from ferryman import ids
from ferryman.dialects.mattermost import v4
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.errors import Conflict, NotFound
from ferryman.integrations.actions import clicking
from ferryman.integrations.actions.clicking import UnknownAction
from ferryman.integrations.awaited_answers import ReceiverFailed

_ACTION = AppError(404, "api.post.do_action.action_id.app_error", "Invalid action id.")
_INTEGRATION = AppError(400, "api.post.do_action.action_integration.app_error", "Action integration error.")
_POST = AppError(404, "app.post.get.app_error", "Unable to get the post.")


def click(asked: Asked) -> dict[str, Any]:
    """Click a button or menu. Only `selected_option` of the body is read, for a menu; the body may be empty."""
    v4.require(asked.caller, "messages:write")
    sent = asked.read()
    selected = sent.get("selected_option") if isinstance(sent, dict) else None
    try:
        done = clicking.click(
            asked.caller,
            asked.id("v4_post_id", ids.MESSAGE),
            asked.path["action_id"],
            selected if isinstance(selected, str) else None,
        )
    except UnknownAction:
        raise _ACTION from None
    except (ReceiverFailed, Conflict):
        raise _INTEGRATION from None
    except NotFound:
        raise _POST from None
    return {"status": "OK", "trigger_id": done.trigger_id}

"""Reads what FChat's clients send: shapes and aliases only.

The checks of texts, e-mail addresses and buttons are in `integrations.applications.checks`.
"""

from collections.abc import Callable
from typing import Any

from ferryman.conversations.contexts.model import Context
from ferryman.conversations.messages.buttons import Button
from ferryman.integrations.applications import checks, posting
from ferryman.integrations.applications.request_log import RequestLog

type Read = Callable[[], Any]  # the body's JSON; raises InvalidRequest


class InvalidRequest(Exception):
    """The body is not a JSON object, or one of its fields has the wrong type."""


class NoDictionary(Exception):
    """`reply_markup` is not an object."""


class InvalidKeyboard(Exception):
    """The keyboard is not a list of rows of buttons."""


def to_group(log: RequestLog, app_name: str, token: str, read: Read, in_reply_to_delivery: str | None) -> None:
    """Post to the application's group.

    Raises InvalidRequest for a body of another shape, and what the functions of `checks` and `posting` raise.
    """
    application = posting.identify(log, token, app_name)
    body = _object(read())
    text = checks.checked_text(_text(body))
    posting.post_to_group(log, application, text, in_reply_to_delivery)


def to_user(log: RequestLog, token: str, read: Read, in_reply_to_delivery: str | None) -> Context:
    """Message one person. Returns the message's context.

    The checks run in FChat's order, so the first wrong part decides the answer. Raises InvalidRequest, NoDictionary and
    InvalidKeyboard for a body of another shape, and what the functions of `checks` and `posting` raise.
    """
    application = posting.identify(log, token)
    checks.require_permission(application)
    body = _object(read())
    email = checks.checked_email(_string(body, "email"))
    text = checks.checked_text(_text(body))
    rows = checks.checked_buttons([*_keyboard(body), *_legacy(body)])
    parameters = checks.checked_parameters(_parameters(body))
    return posting.message_person(log, application, email, text, rows, in_reply_to_delivery, parameters)


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise InvalidRequest
    return body


def _string(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidRequest
    return value or ""


def _text(body: dict[str, Any]) -> str:
    return _string(body, "text" if body.get("text") is not None else "message")


def _parameters(body: dict[str, Any]) -> dict[str, Any]:
    """The object `context.parameters` of the body; empty if it is missing. Raises InvalidRequest for another type."""
    context = body.get("context")
    if context is not None and not isinstance(context, dict):
        raise InvalidRequest
    parameters = (context or {}).get("parameters")
    if parameters is not None and not isinstance(parameters, dict):
        raise InvalidRequest
    return parameters or {}


def _keyboard(body: dict[str, Any]) -> list[list[Button]]:
    markup = body.get("reply_markup")
    if markup is None:
        return []
    if not isinstance(markup, dict):
        raise NoDictionary
    rows = markup.get("inlineKeyboard", markup.get("inline_keyboard"))
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise InvalidKeyboard
    return [[_button(button) for button in row] for row in rows]


def _button(button: Any) -> Button:
    names = [name for name in ("callbackData", "callback_data") if isinstance(button, dict) and name in button]
    if not names or not isinstance(button.get("text"), str) or not button["text"].strip():
        raise InvalidKeyboard
    return Button(button["text"], button[names[0]])


def _legacy(body: dict[str, Any]) -> list[list[Button]]:
    """The buttons of the older field `buttons`, each in a row of its own. Raises InvalidRequest."""
    buttons = body.get("buttons")
    if buttons is None:
        return []
    if not isinstance(buttons, list):
        raise InvalidRequest
    for button in buttons:
        if not isinstance(button, dict) or not isinstance(button.get("title"), str) or not button["title"].strip():
            raise InvalidRequest
        if "payload" not in button:
            raise InvalidRequest
    return [[Button(button["title"], button["payload"])] for button in buttons]

"""Checks what an application sends, for FChat's endpoints. Pure.

Each mistake has an exception of its own, so that a dialect can report it in its product's words.
"""

import json
from typing import Any

from ferryman.conversations.messages.buttons import Button
from ferryman.errors import FerrymanError
from ferryman.integrations.applications.model import (
    MAX_BUTTON_DATA,
    MAX_BUTTONS,
    MAX_LABEL,
    MAX_PARAMETERS,
    MAX_TEXT,
    Application,
)
from ferryman.schema import email_address


class Refused(FerrymanError):
    """The request of an application is not accepted; each subclass is one reason."""


class UnknownApplication(Refused):
    """The token or the name is wrong, or the token no longer works. The answer does not say which."""


class NotPermitted(Refused):
    """The application may not message people, or the person's chat with the application is not active."""


class NoGroup(Refused):
    """No chat is assigned to the application."""


class GroupGone(Refused):
    """The assigned chat does not exist."""


class GroupWithoutExternalId(Refused):
    """The assigned chat has no id in the other system."""


class GroupInactive(Refused):
    """The assigned chat is closed."""


class EmailEmpty(Refused):
    pass


class EmailInvalid(Refused):
    pass


class TextEmpty(Refused):
    pass


class TextTooLong(Refused):
    pass


class TooManyButtons(Refused):
    pass


class ButtonTextTooLong(Refused):
    pass


class ButtonDataTooLong(Refused):
    pass


class ParametersTooLong(Refused):
    pass


class PersonUnknown(Refused):
    """No active person has this e-mail address, and the application may not create one."""

    def __init__(self, email: str) -> None:
        super().__init__("The person does not exist.")
        self.email = email


def require_permission(application: Application) -> None:
    if not application.may_message_people:
        raise NotPermitted("The application may not message people.")


def checked_email(email: str) -> str:
    email = email.strip()
    if not email:
        raise EmailEmpty("The e-mail address is empty.")
    try:
        return email_address(email)
    except ValueError:
        raise EmailInvalid("This is not an e-mail address.") from None


def checked_text(text: str) -> str:
    if not text.strip():
        raise TextEmpty("The text is empty.")
    if len(text) > MAX_TEXT:
        raise TextTooLong(f"The text has {len(text)} characters; at most {MAX_TEXT} are accepted.")
    return text


def checked_buttons(rows: list[list[Button]]) -> list[list[Button]]:
    if sum(map(len, rows)) > MAX_BUTTONS:
        raise TooManyButtons(f"A message has at most {MAX_BUTTONS} buttons.")
    for button in (one for row in rows for one in row):
        if len(button.label) > MAX_LABEL:
            raise ButtonTextTooLong(f"The text of a button has at most {MAX_LABEL} characters.")
        if len(json.dumps(button.data)) > MAX_BUTTON_DATA:
            raise ButtonDataTooLong(f"The data of a button has at most {MAX_BUTTON_DATA} bytes as ASCII JSON.")
    return [row for row in rows if row]


def checked_parameters(parameters: dict[str, Any]) -> str | None:
    """A context's parameters as JSON, as contexts store them; None for an empty dict. Raises ParametersTooLong."""
    text = json.dumps(parameters, separators=(",", ":"))
    if len(text) > MAX_PARAMETERS:
        raise ParametersTooLong(f"The parameters of a context have at most {MAX_PARAMETERS} bytes as ASCII JSON.")
    return text if parameters else None

"""Texts that run a command, such as `/deploy api`."""

from ferryman.identity.credentials.model import Caller
from ferryman.integrations.commands import table
from ferryman.integrations.commands.model import Command


def parsed(text: str) -> tuple[str, str] | None:
    """The trigger in lower case, and the rest, of a text such as `/deploy api`; None for a text that is not a command.

    The one whitespace character after the trigger belongs to neither.
    """
    if len(text) < 2 or text[0] != "/" or text[1].isspace():
        return None
    end = next((place for place, letter in enumerate(text) if letter.isspace()), len(text))
    return text[1:end].lower(), text[end + 1 :]


def find(caller: Caller, text: str) -> Command | None:
    """The enabled command that a text such as `/deploy api` runs; None for any other text."""
    named = parsed(text)
    if named is None or len(named[0]) > 128:
        return None
    command = table.of_trigger(caller.workspace_id, named[0], livemode=caller.livemode)
    return command if command and command.state == "enabled" else None

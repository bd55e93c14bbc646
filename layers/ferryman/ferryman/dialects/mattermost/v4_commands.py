"""Mattermost's slash commands: /api/v4/commands, and the reply addresses of commands.

Refusals are AppErrors with Mattermost's literal texts.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ferryman import ids
from ferryman.aws import dynamodb as store
from ferryman.dialects.mattermost import objects, v4
from ferryman.dialects.mattermost.v4 import AppError, Asked
from ferryman.errors import Conflict, Invalid, NotFound
from ferryman.formats import commands as words
from ferryman.formats.awaited_answers import NotAnAnswer
from ferryman.identity.credentials.model import Credential
from ferryman.identity.permissions import Scope
from ferryman.integrations.awaited_answers import ReceiverFailed
from ferryman.integrations.commands import answering, response_urls, running, service, table, texts
from ferryman.integrations.commands.model import MAX_TRIGGER, RESERVED, Command, Method
from ferryman.integrations.commands.running import NotPosted
from ferryman.integrations.commands.schema import CommandIn, CommandPatch

_IS_VALID = "model.command.is_valid"
_EXECUTE = "api.command.execute_command"
_LONGEST = {
    "display_name": (64, f"{_IS_VALID}.display_name.app_error", "Invalid title."),
    "description": (128, f"{_IS_VALID}.description.app_error", "Invalid description."),
}
_METHODS: dict[str, Method] = {"P": "post", "G": "get"}
_LETTERS = {method: letter for letter, method in _METHODS.items()}
_TRIGGER = AppError(400, f"{_IS_VALID}.trigger.app_error", "Invalid trigger.")
_URL = AppError(400, f"{_IS_VALID}.url.app_error", "Invalid URL.")
_URL_HTTP = AppError(
    400,
    f"{_IS_VALID}.url_http.app_error",
    "Invalid URL. Must be a valid URL and start with http:// or https://.",
)
_METHOD = AppError(400, f"{_IS_VALID}.method.app_error", "Invalid Method.")
_DUPLICATE = AppError(
    400,
    "api.command.duplicate_trigger.app_error",
    "This trigger word is already in use. Please choose another word.",
)
_OTHER_TEAM = AppError(400, "api.command.team_mismatch.app_error", "Unable to update commands across teams.")
_DISABLED = AppError(501, "api.command.disabled.app_error", "Commands have been disabled by the system admin.")
_UNKNOWN = AppError(404, "store.sql_command.save.get.app_error", "Unable to get the command.")
_START = AppError(400, f"{_EXECUTE}.start.app_error", "No command trigger found.")
_NAME = "command"
_text = partial(v4.text, _NAME)

UNREADABLE = AppError(400, "web.command_webhook.parse.app_error", "Unable to parse incoming data.")
_OF_ADDRESSES: dict[type[Exception], AppError] = {
    response_urls.UnknownAddress: AppError(404, "app.command_webhook.get.missing", "Unable to find the webhook."),
    response_urls.UsedUp: AppError(400, "app.command_webhook.try_use.invalid", "Invalid webhook."),
    answering.CommandGone: _UNKNOWN,
    answering.PersonGone: v4.PERMISSIONS,
    NotPosted: AppError(
        400, "api.command.command_post.forbidden.app_error", "Specified user is not a member of specified channel."
    ),
    NotAnAnswer: UNREADABLE,
}


@contextmanager
def refusals_of_addresses() -> Iterator[None]:
    """Turns the exceptions of `answer_later` into Mattermost's AppErrors."""
    try:
        yield
    except tuple(_OF_ADDRESSES) as error:
        raise _OF_ADDRESSES[type(error)] from None


def answer_later(credential: Credential, content: Callable[[], bytes], content_type: str) -> None:
    """Post the answer that a command's receiver sends to a reply address. Call it within `refusals_of_addresses`."""
    answering.answer(credential, words.read(content(), content_type))


# --- managing ---------------------------------------------------------------------------------------------------------


@contextmanager
def _refusals_of_commands() -> Iterator[None]:
    """Turns the core's refusals of a new or changed command into Mattermost's AppErrors."""
    try:
        yield
    except table.TriggerTaken:
        raise _DUPLICATE from None
    except ValueError as error:
        raise _invalid(error) from None
    except Invalid:
        raise _URL_HTTP from None


def create(asked: Asked) -> dict[str, Any]:
    v4.require_integrations(asked.caller, "webhooks:write", _DISABLED)
    sent = asked.object(_NAME)
    _require_own_team(asked, _text(sent, "team_id"))
    wanted = _wanted(sent)
    with _refusals_of_commands():
        return _shown(*service.create(asked.caller, CommandIn.model_validate(wanted)))


def page(asked: Asked) -> list[dict[str, Any]]:
    """The commands of a team, sorted by their triggers. Commands that are built into a client are not among them."""
    v4.require(asked.caller, "webhooks:read")
    team = asked.query.get("team_id", "")
    if not objects.is_id(team):
        raise v4.invalid_parameter("team_id")
    _require_own_team(asked, team)
    commands: list[Command] = []
    after: store.Key | None = None
    while True:
        part, after = service.page(asked.caller, 100, after)
        commands += part
        if after is None:
            return [_shown(command) for command in sorted(commands, key=lambda command: command.trigger)]


def read(asked: Asked) -> dict[str, Any]:
    return _shown(_command(asked, "webhooks:read"))


def change(asked: Asked) -> dict[str, Any]:
    v4.require_integrations(asked.caller, "webhooks:write", _DISABLED)
    sent = asked.object(_NAME)
    if _text(sent, "id") != asked.path["v4_command_id"]:
        raise v4.invalid_body("command_id")
    before = _command(asked, "webhooks:write")
    if _text(sent, "team_id") not in ("", objects.short(asked.caller.workspace_id)):
        raise _OTHER_TEAM
    wanted = _wanted(sent)
    with _refusals_of_commands():
        return _shown(service.edit(asked.caller, before.command_id, CommandPatch.model_validate(wanted)))


def move(asked: Asked) -> dict[str, Any]:
    """Move a command to another team. The workspace is the only team, so nothing changes."""
    sent = asked.object(_NAME)
    _command(asked, "webhooks:write")
    _require_own_team(asked, _text(sent, "team_id"))
    return {"status": "OK"}


def regenerate(asked: Asked) -> dict[str, Any]:
    _, token = service.regenerate(asked.caller, _command(asked, "webhooks:write").command_id)
    return {"token": token}


def delete(asked: Asked) -> dict[str, Any]:
    service.delete(asked.caller, _command(asked, "webhooks:write").command_id)
    return {"status": "OK"}


def autocomplete(asked: Asked) -> list[dict[str, Any]]:
    """The commands that clients suggest to everybody, without the fields that only their owners may see."""
    v4.require(asked.caller, "messages:write")
    _require_own_team(asked, asked.path["team_id"])
    hidden = {"token": "", "creator_id": "", "method": "", "url": "", "username": "", "icon_url": ""}
    return [_shown(command) | hidden for command in service.suggested(asked.caller)]


def suggestions(asked: Asked) -> list[dict[str, Any]]:
    """The suggested commands that begin with the text in `user_input`."""
    v4.require(asked.caller, "messages:write")
    _require_own_team(asked, asked.path["team_id"])
    typed = asked.query.get("user_input", "")
    if not typed:
        raise v4.invalid_parameter("user_input")
    return [
        {
            "Complete": command.trigger,
            "Suggestion": command.trigger,
            "Hint": command.autocomplete_hint or "",
            "Description": command.autocomplete_description or "",
            "IconData": "",
        }
        for command in service.suggested(asked.caller)
        if f"/{command.trigger}".startswith(typed.lower())
    ]


def _require_own_team(asked: Asked, team: str) -> None:
    if team != objects.short(asked.caller.workspace_id):
        raise v4.PERMISSIONS


def _command(asked: Asked, scope: Scope) -> Command:
    """The command in the path. Raises an AppError if it does not exist or the caller may not manage it."""
    v4.require(asked.caller, scope)
    try:
        return service.get_visible(asked.caller, asked.id("v4_command_id", ids.COMMAND))
    except NotFound:
        raise _UNKNOWN from None


# --- executing --------------------------------------------------------------------------------------------------------


def execute(asked: Asked, origin: str) -> dict[str, Any]:
    """Run a command. Returns its receiver's answer, with all of Mattermost's keys, and the trigger id.

    If the receiver fails, raises an AppError with Mattermost's text. `origin` is the deployment's own URL.
    """
    v4.require(asked.caller, "messages:write")
    sent = asked.object(_NAME)
    command_text, channel = _text(sent, "command"), _text(sent, "channel_id")
    if len(command_text) < 2 or not command_text.startswith("/"):
        raise _START
    if not objects.is_id(channel):
        raise v4.invalid_body("channel_id")
    if _text(sent, "team_id") not in ("", objects.short(asked.caller.workspace_id)):
        raise v4.PERMISSIONS
    trigger = (texts.parsed(command_text) or ("", ""))[0]
    chat_id = objects.full(ids.CHAT, channel)
    try:
        v4.require_chat(asked.caller, chat_id)
        command = texts.find(asked.caller, command_text)
        if command is None:
            raise AppError(
                404,
                f"{_EXECUTE}.not_found.app_error",
                f"Command with a trigger of '{trigger}' not found. To send a message beginning with \"/\", try adding "
                "an empty space at the beginning of the message.",
            )
        ran = running.run(asked.caller, chat_id, command, command_text, origin)
    except ReceiverFailed as failed:
        raise _failed(trigger, failed) from None
    except Conflict:
        raise v4.ARCHIVED from None
    if ran.failures:
        raise AppError(
            400,
            f"{_EXECUTE}.create_post_failed.app_error",
            f"Command '{trigger}' failed to post response. Please contact your System Administrator.",
        )
    return ran.answer.shown | {"trigger_id": ran.trigger_id}


def _failed(trigger: str, failed: ReceiverFailed) -> AppError:
    """The AppError for a receiver that failed.

    Its status is a 4xx, because a 5xx would look like a failure of our own.
    """
    if failed.status:
        return AppError(
            400,
            f"{_EXECUTE}.failed_resp.app_error",
            f"Command with a trigger of '{trigger}' returned response {failed.status}.",
        )
    return AppError(400, f"{_EXECUTE}.failed.app_error", f"Command with a trigger of '{trigger}' failed.")


# --- reading ----------------------------------------------------------------------------------------------------------


def _wanted(sent: dict[str, Any]) -> dict[str, Any]:
    """The fields of the command that the body describes. Raises an AppError for a wrong one."""
    trigger, url, method = _text(sent, "trigger").lower(), _text(sent, "url"), _text(sent, "method")
    if not trigger or len(trigger) > MAX_TRIGGER or trigger.startswith("/") or trigger.split() != [trigger]:
        raise _TRIGGER
    if trigger in RESERVED:
        raise _DUPLICATE
    if not url or len(url) > 1024:
        raise _URL
    if method not in _METHODS:
        raise _METHOD
    for name, (longest, error_id, message) in _LONGEST.items():
        if len(_text(sent, name).encode("utf-8", "replace")) > longest:
            raise AppError(400, error_id, message)
    return {
        "trigger": trigger,
        "url": url,
        "method": _METHODS[method],
        "name": _text(sent, "display_name").strip() or None,
        "description": _text(sent, "description") or None,
        "autocomplete": sent.get("auto_complete") is True,
        "autocomplete_hint": _text(sent, "auto_complete_hint") or None,
        "autocomplete_description": _text(sent, "auto_complete_desc") or None,
        "reply_name": _text(sent, "username").strip() or None,
        "reply_avatar_url": _text(sent, "icon_url") or None,
    }


def _invalid(error: ValueError) -> AppError:
    places: Any = getattr(error, "errors", list)()
    field = str(places[0]["loc"][0]) if places and places[0]["loc"] else ""
    name = {"name": "display_name"}.get(field, field)
    if name in _LONGEST:
        return AppError(400, *_LONGEST[name][1:])
    return {"url": _URL_HTTP, "trigger": _TRIGGER}.get(field, v4.invalid_body(_NAME))


# --- showing ----------------------------------------------------------------------------------------------------------


def _shown(command: Command, token: str = "") -> dict[str, Any]:
    """A command in Mattermost's form. `token` is its token if it is new, and "" later."""
    return {
        "id": objects.short(command.command_id),
        "token": token,
        "create_at": objects.milliseconds(command.created_at),
        "update_at": objects.milliseconds(command.updated_at),
        "delete_at": 0,
        "creator_id": objects.short(command.owner),
        "team_id": objects.short(command.workspace_id),
        "trigger": command.trigger,
        "method": _LETTERS[command.method],
        "username": command.reply_name or "",
        "icon_url": command.reply_avatar_url or "",
        "auto_complete": command.autocomplete,
        "auto_complete_desc": command.autocomplete_description or "",
        "auto_complete_hint": command.autocomplete_hint or "",
        "display_name": command.name or "",
        "description": command.description or "",
        "url": command.url,
        "plugin_id": "",
    }

"""The table `commands`, keyed (workspace_id, entry). Two kinds of entry:

- `command/<command_id>`: the command
- `trigger/<live|test>/<trigger>`: reserves a trigger, with the id of its command
"""

from collections.abc import Callable, Iterator

from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.integrations.commands.model import Command

TABLE = "commands"


class TriggerTaken(Conflict):
    """Another command of the workspace has this trigger."""


def _key(workspace_id: str, entry: str) -> store.Key:
    return {"workspace_id": workspace_id, "entry": entry}


def _entry(command_id: str) -> str:
    return f"command/{command_id}"


def _held(trigger: str, *, livemode: bool) -> str:
    return f"trigger/{'live' if livemode else 'test'}/{trigger}"


def get(workspace_id: str, command_id: str) -> Command:
    item = store.get(TABLE, _key(workspace_id, _entry(command_id)))
    if item is None:
        raise NotFound("The command does not exist.")
    return Command.from_item(item)


def of_trigger(workspace_id: str, trigger: str, *, livemode: bool) -> Command | None:
    """The command that has this trigger now, or None. Takes two reads."""
    held = store.get(TABLE, _key(workspace_id, _held(trigger, livemode=livemode)))
    item = store.get(TABLE, _key(workspace_id, _entry(held["command_id"]))) if held else None
    return Command.from_item(item) if item else None


def page(
    workspace_id: str, limit: int, after: store.Key | None, keep: Callable[[Command], bool]
) -> tuple[list[Command], store.Key | None]:
    """A page of the commands that `keep` accepts, newest first, and the key after which the next one begins."""
    page = store.page(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": _entry("")},
        newest_first=True,
        key=("workspace_id", "entry"),
        limit=limit,
        after=after,
        keep=lambda items: [item for item in items if keep(Command.from_item(item))],
    )
    return [Command.from_item(item) for item in page.items], page.last_key


def enabled_of_owner(workspace_id: str, user_id: str) -> Iterator[Command]:
    """Every enabled command that the user owns, live and test."""
    items = store.query_all(
        TABLE,
        "workspace_id = :workspace AND begins_with(entry, :prefix)",
        {":workspace": workspace_id, ":prefix": _entry(""), ":user": user_id},
        where="attribute_not_exists(disabled_reason) AND "
        "(owner_id = :user OR (attribute_not_exists(owner_id) AND created_by = :user))",
    )
    return (Command.from_item(item) for item in items)


def creating(command: Command) -> list[store.Write]:
    item = {**command.to_item(), "entry": _entry(command.command_id)}
    return [store.put(TABLE, item, condition="attribute_not_exists(entry)"), _holding(command)]


def changing(before: Command, after: Command) -> list[store.Write]:
    """The writes that replace a command. Refused with Conflict if the row is not `before` any more, or TriggerTaken."""
    writes = [
        store.put(
            TABLE,
            {**after.to_item(), "entry": _entry(after.command_id)},
            condition="updated_at = :before",
            values={":before": before.updated_at},
        )
    ]
    if before.trigger != after.trigger:
        writes += [_holding(after), _releasing(before)]
    return writes


def disabling(command: Command, reason: str, at: str) -> store.Write:
    """The write that disables a command for `reason` at `at` (ISO). Refused with Conflict if the row has changed."""
    return store.set_values(
        TABLE,
        _key(command.workspace_id, _entry(command.command_id)),
        {"disabled_reason": reason, "disabled_at": at, "updated_at": at},
        condition="updated_at = :before",
        values={":before": command.updated_at},
    )


def deleting(command: Command) -> list[store.Write]:
    deleted = store.delete(
        TABLE,
        _key(command.workspace_id, _entry(command.command_id)),
        condition="updated_at = :before",
        values={":before": command.updated_at},
    )
    return [deleted, _releasing(command)]


def _holding(command: Command) -> store.Write:
    held = _key(command.workspace_id, _held(command.trigger, livemode=command.livemode))
    return store.put(
        TABLE,
        {**held, "command_id": command.command_id},
        condition="attribute_not_exists(entry)",
        refused=TriggerTaken("Another command of this workspace has this trigger."),
    )


def _releasing(command: Command) -> store.Write:
    return store.delete(TABLE, _key(command.workspace_id, _held(command.trigger, livemode=command.livemode)))

"""Commands: create, read, edit, hand over and delete them."""

from dataclasses import replace

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.errors import Invalid, NotFound
from ferryman.identity import idempotency, ownership
from ferryman.identity.audit import service as audit
from ferryman.identity.audit.model import Action
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.integrations.commands import sealing, table
from ferryman.integrations.commands.model import NEEDS, Command
from ferryman.integrations.commands.schema import CommandIn, CommandPatch
from ferryman.integrations.owned import BY_A_USER
from ferryman.outbound import allowed_targets

_OWNER_ROUTE = "/v1/commands/{command_id}/owner"
_REMOVABLE = {
    *("name", "description", "autocomplete_hint", "autocomplete_description", "reply_name", "reply_avatar_url")
}


def create(caller: Caller, wanted: CommandIn, idempotency_key: IdempotencyKey | None = None) -> tuple[Command, str]:
    """A new command and its token. Raises Invalid for a URL that may not be called, and TriggerTaken."""
    url = allowed_targets.checked_url(wanted.url)
    command_id, token, now = ids.new(ids.COMMAND), secrets.new_mattermost_secret(), clock.now_iso()
    command = Command(
        workspace_id=caller.workspace_id,
        command_id=command_id,
        livemode=caller.livemode,
        created_by=caller.user_id,
        created_at=now,
        updated_at=now,
        token=sealing.seal(caller.workspace_id, command_id, 1, token),
        **(wanted.model_dump() | {"url": url}),
    )
    store.commit(
        [
            *idempotency.writes(idempotency_key, command_id),
            *table.creating(command),
            users.acting(caller.workspace_id, caller.user_id, caller.role),
            *_audited(caller, "command.created", command),
        ]
    )
    return command, token


def _audited(caller: Caller, action: Action, command: Command, changed: list[str] | None = None) -> list[store.Write]:
    details = {"trigger": command.trigger, **({"changed": changed} if changed else {})}
    return audit.writes(caller, action, command.command_id, details)


def get_visible(caller: Caller, command_id: str) -> Command:
    """The command, if the caller may manage it (`may_manage`). Raises NotFound otherwise."""
    command = table.get(caller.workspace_id, command_id)
    if not may_manage(caller, command):
        raise NotFound("The command does not exist.")
    return command


def may_manage(caller: Caller, command: Command) -> bool:
    """Whether the caller may manage the command: its owner, or any caller with the scope admin:*.

    A test token may manage test commands only, a live token live ones only.
    """
    return command.livemode == caller.livemode and (caller.is_admin or command.owner == caller.user_id)


def page(caller: Caller, limit: int, after: store.Key | None) -> tuple[list[Command], store.Key | None]:
    """A page of the commands that the caller may manage, newest first, and the key after which the next one begins."""
    return table.page(caller.workspace_id, limit, after, lambda command: may_manage(caller, command))


def suggested(caller: Caller) -> list[Command]:
    """The enabled commands with `autocomplete`, which clients suggest to every user, sorted by trigger."""
    commands: list[Command] = []
    after = None
    while True:
        page, after = table.page(
            caller.workspace_id, 100, after, lambda one: one.livemode == caller.livemode and one.autocomplete
        )
        commands += [command for command in page if command.state == "enabled"]
        if after is None:
            return sorted(commands, key=lambda command: command.trigger)


def edit(caller: Caller, command_id: str, patch: CommandPatch) -> Command:
    """Change a command; its token stays. Returns the changed command.

    Raises NotFound, Invalid for a null that is not allowed or a URL that may not be called, TriggerTaken, and Conflict
    for a command that changed in between, and when enabling one whose owner may not have commands any more.
    """
    before = get_visible(caller, command_id)
    changes = patch.model_dump(exclude_unset=True)
    for name, value in changes.items():
        if value is None and name not in _REMOVABLE:
            raise Invalid("must not be null; leave it out to keep it.", f"/{name}")
    if "url" in changes:
        changes["url"] = allowed_targets.checked_url(changes["url"])
    changed = [name for name, value in changes.items() if value != getattr(before, name)]
    if not changed:
        return before
    writes = []
    now = clock.now_iso()
    state = changes.pop("state", None)
    if state == "enabled":
        writes = [ownership.still_entitled(before.workspace_id, before.owner, NEEDS, _OWNER_ROUTE)]
        changes |= {"disabled_reason": None, "disabled_at": None}
    elif state == "disabled" and before.state == "enabled":
        changes |= {"disabled_reason": BY_A_USER, "disabled_at": now}
    after = replace(before, **changes, updated_at=now)
    store.commit([*table.changing(before, after), *writes, *_audited(caller, "command.edited", after, changed)])
    return after


def hand_over(caller: Caller, command_id: str, user_id: str) -> Command:
    """Give the command another owner. Its state stays.

    Raises NotFound, Invalid for a user who may not own commands, and Conflict if the command or the new owner changed
    after it was read.
    """
    before = get_visible(caller, command_id)
    after = replace(before, owner_id=user_id, updated_at=clock.now_iso())
    audited = audit.writes(caller, "command.handed_over", command_id, {"from": before.owner, "to": user_id})
    taken = ownership.taking_over(before.workspace_id, user_id, NEEDS)
    store.commit([*table.changing(before, after), taken, *audited])
    return after


def regenerate(caller: Caller, command_id: str) -> tuple[Command, str]:
    """Replace the token. Returns the command and the new token, which the next run sends.

    Raises NotFound, and Conflict if the command changed after it was read.
    """
    before = get_visible(caller, command_id)
    token, version = secrets.new_mattermost_secret(), before.token_version + 1
    sealed = sealing.seal(before.workspace_id, command_id, version, token)
    after = replace(before, token=sealed, token_version=version, updated_at=clock.now_iso())
    store.commit([*table.changing(before, after), *_audited(caller, "command.regenerated", after)])
    return after, token


def delete(caller: Caller, command_id: str) -> None:
    """Delete a command. Its trigger is free again, and its reply addresses accept no answers.

    Raises NotFound, and Conflict if the command changed after it was read.
    """
    command = get_visible(caller, command_id)
    store.commit([*table.deleting(command), *_audited(caller, "command.deleted", command)])

"""Disables what a person owns and may not have any more, after their role changed or they were deactivated."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from ferryman import clock, log
from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotFound
from ferryman.identity import ownership
from ferryman.identity.permissions import Scope
from ferryman.identity.tokens import service as tokens
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.integrations.applications import service as applications
from ferryman.integrations.applications import table as applications_table
from ferryman.integrations.applications.model import NEEDS as APPLICATION_NEEDS
from ferryman.integrations.commands import table as commands
from ferryman.integrations.commands.model import NEEDS as COMMAND_NEEDS
from ferryman.integrations.incoming_webhooks import service as incoming_webhooks
from ferryman.integrations.incoming_webhooks import table as incoming_webhooks_table
from ferryman.integrations.incoming_webhooks.model import NEEDS as INCOMING_WEBHOOK_NEEDS
from ferryman.notifications import notices
from ferryman.webhooks.subscriptions import table as webhooks

_TRIES = 3


def follow(owner: User, follow_bot: Callable[[User], None]) -> None:
    """Disable everything that `owner` may not have any more, with the reason, and notify the workspace's admins.

    The caller has already stored the owner's new role and activity. An object that is created at the same time checks
    its owner in its own transaction. Nothing is enabled again when the owner is activated or promoted.

    Webhooks, including bots' callbacks, are disabled before bots, because enabling a bot enables the callbacks that
    were disabled with it. `follow_bot(bot)` disables the tokens and callbacks of a bot that is deactivated here.
    """
    disabled = {
        "webhooks": _disable_webhooks(owner),
        "incoming webhooks": _each(
            owner,
            INCOMING_WEBHOOK_NEEDS,
            incoming_webhooks_table.enabled_of_owner,
            lambda one, reason: store.commit(incoming_webhooks.disabling(one, reason), tries=_TRIES),
        ),
        "commands": _each(
            owner,
            COMMAND_NEEDS,
            commands.enabled_of_owner,
            lambda one, reason: store.commit([commands.disabling(one, reason, clock.now_iso())]),
        ),
        "applications": _each(
            owner,
            APPLICATION_NEEDS,
            applications_table.enabled_of_owner,
            lambda one, reason: store.commit(applications.disabling(one, reason), tries=_TRIES),
        ),
        "bots": _each(
            owner, ownership.OF_BOTS, _active_bots, lambda bot, reason: follow_bot(_deactivated(bot, reason))
        ),
        "bot tokens": _revoke_bot_tokens(owner),
    }
    counts = {name: count for name, count in disabled.items() if count}
    if counts:
        log.event("owner.lost", workspace_id=owner.workspace_id, user_id=owner.user_id, disabled=counts)
        store.commit(notices.telling_admins(owner.workspace_id, _title(owner), _body(counts)))


def _disable_webhooks(owner: User) -> int:
    count = 0
    for webhook in list(webhooks.enabled_of_owner(owner.workspace_id, owner.user_id)):
        reason = ownership.loss(owner, webhook.needs)
        if reason:
            with suppress(webhooks.NotEnabled):
                store.commit([webhooks.disabling(owner.workspace_id, webhook.webhook_id, reason, clock.now_iso())])
                count += 1
    return count


def _active_bots(workspace_id: str, owner_id: str) -> list[User]:
    return [bot for bot in users.bots_of(workspace_id, owner_id) if bot.active]


def _deactivated(bot: User, reason: str) -> User:
    after = replace(bot, active=False, disabled_reason=reason, updated_at=clock.now_iso())
    store.commit(users.changing(bot, after))
    return after


def _revoke_bot_tokens(owner: User) -> int:
    """Revoke the tokens that the owner made for other people's bots. Returns the number of tokens.

    The tokens of the owner's own bots are disabled with the bots.
    """
    reason = ownership.loss(owner, ownership.OF_BOTS)
    if reason is None:
        return 0
    own = {bot.user_id for bot in users.bots_of(owner.workspace_id, owner.user_id)}
    return tokens.revoke_of_bots(owner, reason, but=own)


def _each[T](
    owner: User,
    needs: Scope,
    things_of: Callable[[str, str], Iterable[T]],
    disable: Callable[[T, str], object],
) -> int:
    """Disable each object that `things_of` finds for the owner, and return their number.

    Does nothing for an active owner whose role has the scope `needs`. If another request changes an object at the same
    time, all objects are read and tried again, three times at most.
    """
    reason = ownership.loss(owner, needs)
    if reason is None:
        return 0
    count = 0
    for _ in range(_TRIES):
        refused = False
        for thing in list(things_of(owner.workspace_id, owner.user_id)):
            try:
                disable(thing, reason)
                count += 1
            except (Conflict, NotFound):
                refused = True
        if not refused:
            break
    return count


def _title(owner: User) -> str:
    became = f"now has the role {owner.role}" if owner.active else "was deactivated"
    return f"{owner.name} {became}, and what they may not have any more is disabled"


def _body(counts: dict[str, int]) -> str:
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    return f"{listed}. Hand each over to somebody else and enable it, or delete it."

"""After a leak: lists everything that was created with a token, and ends all of it.

The audit log names the credential that created each object. One pass over it, oldest first, also finds the objects
created with tokens and applications that the leaked token created, because their own records come earlier.
"""

from collections.abc import Callable, Iterator
from typing import Any

from ferryman.aws import dynamodb as store
from ferryman.errors import Conflict, NotAllowed, NotFound, RetryLater
from ferryman.identity.audit import service as audit
from ferryman.identity.audit import table as audit_table
from ferryman.identity.audit.model import Action, AuditRecord
from ferryman.identity.credentials.model import Caller
from ferryman.identity.tokens import service as tokens
from ferryman.identity.users import table as users
from ferryman.identity.users.schema import UserPatch
from ferryman.integrations.applications import service as applications
from ferryman.integrations.bots import service as bots
from ferryman.integrations.cascades import people
from ferryman.integrations.cascades.made import Ending, Kind, Made
from ferryman.integrations.commands import service as commands
from ferryman.integrations.connections import service as connections
from ferryman.integrations.incoming_webhooks import service as incoming_webhooks
from ferryman.notifications import service as notifications
from ferryman.webhooks.subscriptions import table as webhooks

# A regenerated URL or token was shown to the caller like a new one, so it counts as made.
_KINDS: dict[Action, Kind] = {
    "token.created": "token",
    "bot.created": "bot",
    "callback.created": "callback",
    "webhook.created": "webhook",
    "incoming_webhook.created": "incoming_webhook",
    "incoming_webhook.regenerated": "incoming_webhook",
    "application.created": "application",
    "application.token_rotated": "application_token",
    "connection.created": "connection",
    "command.created": "command",
    "notification.created": "notification",
    "user.created": "user",
    "user.invited": "invitation",
}
_MAKERS: frozenset[Kind] = frozenset({"token", "application"})  # audit records of what they create contain their ids
_AT_ONCE = 50  # the most objects that one request ends


def page(caller: Caller, token_id: str, limit: int, after: store.Key | None) -> tuple[list[Made], store.Key | None]:
    """A page of the objects that the token made, oldest first, and the key after which the next one begins."""
    things: list[Made] = []
    for made in _made(caller, token_id):
        if after and made.audit_id <= after["audit_id"]:
            continue
        if len(things) == limit:
            return things, {"audit_id": things[-1].audit_id}
        things.append(made)
    return things, None


def look(caller: Caller, made: Made) -> tuple[bool, str | None]:
    """Whether the object can still be used, and its name. (False, None) if it is gone."""
    try:
        thing = _FIND[made.kind](caller, made.id)
    except NotFound:
        return False, None
    return thing is not None, None if thing is None else _NAMES[made.kind](thing)


def end_all(caller: Caller, token_id: str) -> tuple[list[tuple[Made, Ending]], bool]:
    """Revoke the token and end at most 50 objects that it made.

    Returns each examined object with its Ending, and whether these are all. Raises NotFound for an unknown token,
    NotAllowed for one that the caller may not revoke, and Conflict as `tokens.revoke` does.
    """
    tokens.revoke(caller, token_id)
    results: list[tuple[Made, Ending]] = []
    ended = 0
    for made in _made(caller, token_id):
        if ended == _AT_ONCE:
            return results, False
        ending = _end(caller, made)
        ended += ending == "ended"
        results.append((made, ending))
    store.commit(audit.writes(caller, "token.all_ended", token_id, {"ended": ended}))
    return results, True


def _made(caller: Caller, token_id: str) -> Iterator[Made]:
    token = tokens.get_visible(caller, token_id)
    makers, seen = {token_id}, set[tuple[Kind, str]]()
    for record in audit_table.of_actions(token.workspace_id, token.created_at, list(_KINDS)):
        if record.credential_id not in makers:
            continue
        made = _as_made(record)
        if made.kind in _MAKERS:
            makers.add(made.id)
        if (made.kind, made.id) not in seen:
            seen.add((made.kind, made.id))
            yield made


def _as_made(record: AuditRecord) -> Made:
    return Made(_KINDS[record.action], record.target_id, record.credential_id, record.at, record.audit_id)


def _end(caller: Caller, made: Made) -> Ending:
    if made.kind == "invitation":
        return "invite_again"
    try:
        thing = _FIND[made.kind](caller, made.id)
        if thing is None:
            return "gone"
        _ENDS[made.kind](caller, thing)
    except NotFound:
        return "gone"
    except NotAllowed:
        return "not_allowed"
    except (Conflict, RetryLater):
        return "conflict"
    return "ended"


def _token(caller: Caller, token_id: str) -> Any:
    token = tokens.get_visible(caller, token_id)
    return None if token.revoked_at else token


def _webhook(caller: Caller, webhook_id: str) -> Any:
    webhook = webhooks.get(caller.workspace_id, webhook_id)
    return webhook if webhook.livemode == caller.livemode else None


def _application_token(caller: Caller, application_id: str) -> Any:
    application = applications.get_visible(caller, application_id)
    return application if application.secret_hash else None


def _scheduled(caller: Caller, notification_id: str) -> Any:
    """The notification if it is still scheduled; None if it was sent, because it cannot be taken back."""
    notification = notifications.get_visible(caller, notification_id)
    return notification if notification.state == "scheduled" else None


def _person(caller: Caller, user_id: str) -> Any:
    user = users.get(caller.workspace_id, user_id)
    return user if user.active else None


def _delete_webhook(caller: Caller, webhook: Any) -> None:
    action: Action = "callback.deleted" if webhook.bot_id else "webhook.deleted"
    store.commit([*webhooks.deleting(webhook), *audit.writes(caller, action, webhook.webhook_id)])


_FIND: dict[Kind, Callable[[Caller, str], Any]] = {
    "token": _token,
    "bot": bots.get_visible,
    "callback": _webhook,
    "webhook": _webhook,
    "incoming_webhook": incoming_webhooks.get_visible,
    "application": applications.get_visible,
    "application_token": _application_token,
    "connection": connections.get_visible,
    "command": commands.get_visible,
    "notification": _scheduled,
    "user": _person,
    "invitation": _person,
}
_NAMES: dict[Kind, Callable[[Any], str | None]] = {
    "token": lambda token: str(token.name),
    "bot": lambda bot: str(bot.name),
    "callback": lambda webhook: webhook.name,
    "webhook": lambda webhook: webhook.name,
    "incoming_webhook": lambda webhook: webhook.title or webhook.name,
    "application": lambda application: str(application.app_name),
    "application_token": lambda application: str(application.app_name),
    "connection": lambda connected: str(connected[0].name),
    "command": lambda command: f"/{command.trigger}",
    "notification": lambda one: str(one.title),
    "user": lambda user: str(user.name),
    "invitation": lambda user: str(user.name),
}
_ENDS: dict[Kind, Callable[[Caller, Any], object]] = {
    "token": lambda caller, token: tokens.revoke(caller, token.token_id),
    "bot": lambda caller, bot: bots.delete(caller, bot.user_id),
    "callback": _delete_webhook,
    "webhook": _delete_webhook,
    "incoming_webhook": lambda caller, webhook: incoming_webhooks.revoke(caller, webhook.incoming_webhook_id),
    "application": lambda caller, application: applications.delete(caller, application.application_id),
    "application_token": lambda caller, application: applications.revoke_token(caller, application.application_id),
    "connection": lambda caller, connected: connections.disconnect(caller, connected[0].connection_id),
    "command": lambda caller, command: commands.delete(caller, command.command_id),
    "notification": lambda caller, one: notifications.cancel(caller, one.notification_id),
    "user": lambda caller, user: people.edit(caller, user.user_id, UserPatch(active=False)),
}

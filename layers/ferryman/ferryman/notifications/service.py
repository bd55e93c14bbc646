"""Sending notifications: each person gets an entry in their inbox and an event, in one transaction.

Accepting a notification is one put; the notifier does the rest. Every step can safely be repeated: an entry is put only
if the inbox does not have it, together with its event, whose id is derived from the notification's and the person's.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from ferryman import clock, failures, ids, log
from ferryman.aws import dynamodb as store
from ferryman.errors import Invalid, NotFound, RetryLater
from ferryman.events import table as events
from ferryman.identity import idempotency, ownership, permissions
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.notifications import notices, repeats, table
from ferryman.notifications.events import notified
from ferryman.notifications.inboxes import table as inboxes
from ferryman.notifications.model import GLOBAL_SIGNALS, Notification
from ferryman.notifications.repeats import Repeat
from ferryman.notifications.schema import NotificationIn

_PAGE = 100
_CONCURRENT = 10
_STOP_BEFORE_SECONDS = 10
_YEAR_SECONDS = 366 * 86_400


def create(caller: Caller, wanted: NotificationIn, idempotency_key: IdempotencyKey | None = None) -> Notification:
    """Store a notification, which the notifier sends now or at its time. Returns the notification.

    Raises Invalid for an id that is not an active person's, for a time in the past, and for one more than a year ahead.
    """
    now = clock.now_iso()
    repeat, send_at, starts_at = _times(wanted, now)
    if wanted.user_ids is not None:
        user_ids = {user.user_id for user in _people(users.get_many(caller.workspace_id, wanted.user_ids))}
        for number, user_id in enumerate(wanted.user_ids):
            if user_id not in user_ids:
                raise Invalid("No active person has this id.", f"/user_ids/{number}")
    notification = Notification(
        workspace_id=caller.workspace_id,
        notification_id=ids.new(ids.NOTIFICATION),
        type=wanted.type,
        title=wanted.title,
        body=wanted.body,
        url=wanted.url,
        data=None if wanted.data is None else json.dumps(wanted.data),
        user_ids=wanted.user_ids,
        livemode=caller.livemode,
        state="scheduled",
        send_at=send_at,
        starts_at=starts_at,
        repeat=repeat.to_item() if repeat else None,
        created_by=caller.user_id,
        created_at=now,
        credential_id=caller.credential_id,
    )
    details: dict[str, str | int] = {"type": wanted.type}
    if wanted.user_ids is not None:
        details["people"] = len(wanted.user_ids)
    store.commit(
        [
            *idempotency.writes(idempotency_key, notification.notification_id),
            table.creating(notification),
            *audit.writes(caller, "notification.created", notification.notification_id, details),
        ]
    )
    return notification


def _times(wanted: NotificationIn, now: str) -> tuple[Repeat | None, str, str | None]:
    """The repetition or None, the time of sending, and the announced moment or None (both ISO).

    Raises Invalid for a time in the past or more than a year ahead.
    """
    if wanted.repeat:
        repeat = Repeat(**wanted.repeat.model_dump(), minutes_before=wanted.ahead())
        return repeat, *_following(repeat)
    for name, at in (("send_at", wanted.send_at), ("starts_at", wanted.starts_at)):
        if at and at <= now:
            raise Invalid("must be in the future; leave it out to send at once.", f"/{name}")
        if at and at > clock.iso(clock.now() + _YEAR_SECONDS):
            raise Invalid("must be at most a year ahead.", f"/{name}")
    if wanted.starts_at is None:
        return None, wanted.send_at or now, None
    return None, max(now, clock.iso(clock.seconds(wanted.starts_at) - wanted.ahead() * 60)), wanted.starts_at


def _following(repeat: Repeat) -> tuple[str, str]:
    at, moment = repeats.following(repeat, datetime.fromtimestamp(clock.now(), UTC))
    return clock.iso_of(at), clock.iso_of(moment)


def get_visible(caller: Caller, notification_id: str) -> Notification:
    """The notification, if the caller may see it. Raises NotFound otherwise.

    A caller with `admin:*` sees all notifications, any other caller those that their own user sent. A live credential
    sees live ones only, a test credential test ones only.
    """
    notification = table.get(caller.workspace_id, notification_id)
    mine = caller.is_admin or notification.created_by == caller.user_id
    if not mine or notification.livemode != caller.livemode:
        raise NotFound("The notification does not exist.")
    return notification


def cancel(caller: Caller, notification_id: str) -> Notification:
    """Cancel a notification that was not sent yet, and return it. Cancelling it again changes nothing.

    Raises NotFound, and NotScheduled once its sending began.
    """
    notification = get_visible(caller, notification_id)
    if notification.state != "cancelled":
        store.commit([table.cancelling(notification), *audit.writes(caller, "notification.cancelled", notification_id)])
    return table.get(caller.workspace_id, notification_id)


def send_due(seconds_left: Callable[[], float]) -> int:
    """Send the notifications that are due, until `seconds_left()` gets short. Returns how many were sent.

    If some fail, the others are still sent, and then RetryLater is raised.
    """
    sent, failed = 0, 0
    for workspace_id, notification_id in table.due(clock.now_iso()):
        if seconds_left() < _STOP_BEFORE_SECONDS:
            break
        try:
            send(workspace_id, notification_id, seconds_left)
            sent += 1
        except Exception as error:
            # A notification that fails must not stop the next ones.
            failed += 1
            failures.report("notification.failed", error, notification_id=notification_id)
    if failed:
        raise RetryLater(f"{failed} notifications could not be sent. The log lines notification.failed name them.")
    return sent


def send(workspace_id: str, notification_id: str, seconds_left: Callable[[], float]) -> None:
    """Send a notification to each of its recipients, if it is due.

    If `seconds_left()` gets short, the function stops, and the call of the next minute continues.
    """
    try:
        notification = table.get(workspace_id, notification_id)
    except NotFound:
        return
    if notification.undispatched is None or notification.send_at > clock.now_iso():
        return
    if notification.state == "scheduled":
        try:
            store.commit([table.beginning(notification)])
        except table.NotScheduled:
            return  # it was cancelled, or another invocation began to send it
    count = 0
    with ThreadPoolExecutor(max_workers=_CONCURRENT) as pool:
        for people, reached in _recipients(notification):
            count += sum(pool.map(lambda user: _tell(notification, user), people))
            if reached is not None:
                store.commit([table.reaching(notification, reached)])
                if seconds_left() < _STOP_BEFORE_SECONDS:
                    return
    store.commit([table.finishing(notification), *_next(notification)])
    log.event("notification.sent", workspace_id=workspace_id, notification_id=notification_id, told=count)


def _next(notification: Notification) -> list[store.Write]:
    """The writes that schedule the next notification of a repeating one; empty if it does not repeat.

    Times that were missed are skipped. If the sender was deactivated or may not send notifications any more, the
    repetition ends, and the writes notify owners and admins instead.
    """
    if notification.repeat is None:
        return []
    workspace_id = notification.workspace_id
    senders = users.get_many(workspace_id, [notification.created_by])
    if not senders or ownership.loss(senders[0], "notifications:write"):
        title = f"The notification {notification.title} is not repeated any more"
        body = f"{notification.notification_id}: its sender was deactivated, or may not send notifications now."
        log.event("notification.ended", workspace_id=workspace_id, notification_id=notification.notification_id)
        return notices.telling_admins(workspace_id, title, body) if notification.livemode else []
    send_at, starts_at = _following(Repeat.from_item(notification.repeat))
    following = replace(
        notification,
        notification_id=ids.new(ids.NOTIFICATION),
        state="scheduled",
        send_at=send_at,
        starts_at=starts_at,
        created_at=clock.now_iso(),
        reached=None,
    )
    sender = Caller(
        workspace_id=workspace_id,
        user_id=notification.created_by,
        role=senders[0].role,
        livemode=notification.livemode,
        scopes=frozenset(),
        credential_id=notification.credential_id or "repeat",
    )
    details = {"type": notification.type, "repeats": notification.notification_id}
    audited = audit.writes(sender, "notification.created", following.notification_id, details)
    return [table.creating(following), *audited]


def _recipients(notification: Notification) -> Iterator[tuple[list[User], store.Key | None]]:
    """The recipients, page by page, each with the key of the user after whom to continue; None with the last page."""
    workspace_id = notification.workspace_id
    if notification.user_ids is not None:
        people = {user.user_id: user for user in _people(users.get_many(workspace_id, notification.user_ids))}
        if notification.type in GLOBAL_SIGNALS:
            people |= {user.user_id: user for user in users.of_roles(workspace_id, permissions.OF_GLOBAL_SIGNALS)}
        yield list(people.values()), None
        return
    after = notification.reached
    while True:
        page, after = users.page(workspace_id, _PAGE, after)
        yield _people(page), after
        if after is None:
            return


def _people(candidates: Iterable[User]) -> list[User]:
    return [user for user in candidates if user.active and user.role != "bot"]


def _tell(notification: Notification, user: User) -> bool:
    """Add the notification to one person's inbox and store its event. Returns False if the inbox has it already."""
    event = notified(notification, user.user_id)
    with suppress(inboxes.Exists):
        store.commit([inboxes.creating(notification, user.user_id), events.creating(event)])
        return True
    return False

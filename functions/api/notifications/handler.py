"""Notifications: /v1/notifications for those who send them, /v1/me/notifications for those who get them."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from ferryman.http.api import Api, Call, Id, Idempotent, ThisCall, errors, needs
from ferryman.notifications import service, table
from ferryman.notifications.inboxes import table as inboxes
from ferryman.notifications.inboxes.schema import EntryOut, InboxQuery
from ferryman.notifications.schema import NotificationIn, NotificationOut
from ferryman.schema import Listing, ListQuery

app = Api("Notifications", "Notifications to people, now or at a set time, and each person's inbox.")
handler = app


def _again(call: Call, notification_id: str) -> NotificationOut:
    return NotificationOut.of(service.get_visible(call.caller, notification_id))


@app.post(
    "/v1/notifications",
    summary="Send a notification",
    description="Send either user_ids or everyone. Each person gets the notification once, in the inbox and as an "
    "event for webhooks. Owners, admins and hr_admins always get `team_support.approved`. People who are deactivated "
    "before a scheduled notification is sent do not get it.",
    status_code=201,
    middlewares=[Idempotent(_again)],
)
@needs("notifications:write")
def create_notification(call: ThisCall, data: Annotated[NotificationIn, Body()]) -> NotificationOut:
    return NotificationOut.of(service.create(call.caller, data, call.idempotency_key))


@app.get(
    "/v1/notifications",
    summary="List sent and scheduled notifications",
    description="Newest first. Without admin:*, only those that you sent.",
)
@needs("notifications:write")
def list_notifications(call: ThisCall, query: Annotated[ListQuery, Query()]) -> Listing[NotificationOut]:
    caller = call.caller
    notifications, last = table.page(
        caller.workspace_id,
        None if caller.is_admin else caller.user_id,
        query.limit,
        call.page_start(query),
        livemode=caller.livemode,
    )
    return Listing(items=[NotificationOut.of(one) for one in notifications], next_cursor=call.next_cursor(query, last))


@app.get("/v1/notifications/<notification_id>", summary="Read a sent or scheduled notification")
@needs("notifications:write")
def read_notification(call: ThisCall, notification_id: Id) -> NotificationOut:
    return NotificationOut.of(service.get_visible(call.caller, notification_id))


@app.post(
    "/v1/notifications/<notification_id>/cancel",
    summary="Cancel a scheduled notification",
    description="Fails with 409 once the sending has begun.",
    responses=errors(409),
)
@needs("notifications:write")
def cancel_notification(call: ThisCall, notification_id: Id) -> NotificationOut:
    return NotificationOut.of(service.cancel(call.caller, notification_id))


@app.get(
    "/v1/me/notifications",
    summary="List your own notifications",
    description="Newest first. A test token sees only test notifications.",
)
@needs("notifications:read")
def list_own_notifications(call: ThisCall, query: Annotated[InboxQuery, Query()]) -> Listing[EntryOut]:
    caller = call.caller
    entries, last = inboxes.page(
        caller.workspace_id,
        caller.user_id,
        query.limit,
        call.page_start(query),
        livemode=caller.livemode,
        unread=query.unread,
    )
    return Listing(items=[EntryOut.of(entry) for entry in entries], next_cursor=call.next_cursor(query, last))


@app.post(
    "/v1/me/notifications/<notification_id>/read",
    summary="Mark a notification read",
    description="Marking it again does not change `read_at`.",
)
@needs("notifications:read")
def mark_notification_read(call: ThisCall, notification_id: Id) -> EntryOut:
    caller = call.caller
    return EntryOut.of(inboxes.read(caller.workspace_id, caller.user_id, notification_id, livemode=caller.livemode))

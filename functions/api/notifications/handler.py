"""Notifications: /v1/notifications for those who send them, /v1/me/notifications for those who get them."""

from ferryman.http.api import Api, Call
from ferryman.notifications import service, table
from ferryman.notifications.inboxes import table as inboxes
from ferryman.notifications.inboxes.schema import EntryOut, InboxQuery
from ferryman.notifications.schema import NotificationIn, NotificationOut
from ferryman.schema import Listing, ListQuery

api = Api("Notifications", "Telling people something, now or at a set time; each person's own inbox.")
handler = api


def _replay(call: Call, notification_id: str) -> NotificationOut:
    return NotificationOut.of(service.get_visible(call.caller, notification_id))


@api.post(
    "/v1/notifications",
    scope="notifications:write",
    summary="Send a notification",
    description="To the people in user_ids, or to everyone. Each gets it once, in their notifications and as one "
    "event for their webhooks. `team_support.approved` is told to owners and admins too. With send_at it waits for "
    "its time; who is deactivated by then is left out.",
    takes=NotificationIn,
    gives=NotificationOut,
    status=201,
    replay=_replay,
)
def create_notification(call: Call, data: NotificationIn) -> NotificationOut:
    return NotificationOut.of(service.create(call.caller, data, call.idempotency_key))


@api.get(
    "/v1/notifications",
    scope="notifications:write",
    summary="List sent and scheduled notifications",
    description="Newest first. Without admin:*, only those your own user sent.",
    query=ListQuery,
    gives=Listing[NotificationOut],
)
def list_notifications(call: Call, query: ListQuery) -> Listing[NotificationOut]:
    caller = call.caller
    found, last = table.page(
        caller.workspace_id,
        None if caller.is_admin else caller.user_id,
        query.limit,
        call.page_start(query),
        livemode=caller.livemode,
    )
    return Listing(items=[NotificationOut.of(one) for one in found], next_cursor=call.next_cursor(query, last))


@api.get(
    "/v1/notifications/{notification_id}",
    scope="notifications:write",
    summary="Read a sent or scheduled notification",
    gives=NotificationOut,
)
def read_notification(call: Call, notification_id: str) -> NotificationOut:
    return NotificationOut.of(service.get_visible(call.caller, notification_id))


@api.post(
    "/v1/notifications/{notification_id}/cancel",
    scope="notifications:write",
    summary="Cancel a scheduled notification",
    description="When the answer arrives, nobody will be told. What is being sent or was sent is refused.",
    gives=NotificationOut,
    errors=(409,),
)
def cancel_notification(call: Call, notification_id: str) -> NotificationOut:
    return NotificationOut.of(service.cancel(call.caller, notification_id))


@api.get(
    "/v1/me/notifications",
    scope="notifications:read",
    summary="List your own notifications",
    description="Newest first. A test token sees test notifications only.",
    query=InboxQuery,
    gives=Listing[EntryOut],
)
def list_own_notifications(call: Call, query: InboxQuery) -> Listing[EntryOut]:
    caller = call.caller
    found, last = inboxes.page(
        caller.workspace_id,
        caller.user_id,
        query.limit,
        call.page_start(query),
        livemode=caller.livemode,
        unread=query.unread,
    )
    return Listing(items=[EntryOut.of(entry) for entry in found], next_cursor=call.next_cursor(query, last))


@api.post(
    "/v1/me/notifications/{notification_id}/read",
    scope="notifications:read",
    summary="Mark a notification read",
    description="One that was read before keeps its time.",
    gives=EntryOut,
)
def mark_notification_read(call: Call, notification_id: str) -> EntryOut:
    caller = call.caller
    return EntryOut.of(inboxes.read(caller.workspace_id, caller.user_id, notification_id, livemode=caller.livemode))

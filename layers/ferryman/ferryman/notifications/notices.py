"""Notices that Ferryman itself sends. Light enough for the workers, which know nothing of requests."""

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.notifications import table
from ferryman.notifications.model import MAX_BODY, MAX_TITLE, Notification
from ferryman.webhooks.subscriptions.model import Webhook


def telling_admins(workspace_id: str, title: str, body: str, *also: str) -> list[store.Write]:
    """The writes that tell the active owners and admins of something, and the users whose ids are in `also`."""
    people = {user.user_id for user in users.of_roles(workspace_id, ("owner", "admin"))} | set(also)
    return telling(workspace_id, sorted(people), title, body)


def notice(user: User, title: str) -> list[store.Write]:
    """The writes that tell one person of a change in their account, in the transaction of the change."""
    return telling(user.workspace_id, [user.user_id], title)


def telling(workspace_id: str, user_ids: list[str], title: str, body: str | None = None) -> list[store.Write]:
    """The writes that tell these people, a hundred at most."""
    now = clock.now_iso()
    notification = Notification(
        workspace_id=workspace_id,
        notification_id=ids.new(ids.NOTIFICATION),
        type="system",
        title=title[:MAX_TITLE],
        body=body[:MAX_BODY] if body else None,
        user_ids=user_ids,
        livemode=True,
        state="scheduled",
        send_at=now,
        created_by=user_ids[0],
        created_at=now,
    )
    return [table.creating(notification)]


def telling_of_disabled(webhook: Webhook, reason: str) -> list[store.Write]:
    """The writes that tell of a webhook that was disabled: its owner, and the owners and admins.

    Only the owner is told of a personal webhook and of a test webhook.
    """
    title = f"The webhook {webhook.name or webhook.webhook_id} was disabled"
    body = (
        f"{webhook.webhook_id} was disabled: {reason}. Events that happen meanwhile are held. When its receiver works "
        "again, enable it and choose whether they are delivered."
    )
    if webhook.user_id or not webhook.livemode:
        return telling(webhook.workspace_id, [webhook.owner], title, body)
    return telling_admins(webhook.workspace_id, title, body, webhook.owner)

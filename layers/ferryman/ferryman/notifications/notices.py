"""Notifications that Ferryman itself sends. The module imports little, so that workers can load it."""

from ferryman import clock, ids
from ferryman.aws import dynamodb as store
from ferryman.identity.users import table as users
from ferryman.identity.users.model import User
from ferryman.notifications import table
from ferryman.notifications.model import MAX_BODY, MAX_TITLE, Notification
from ferryman.webhooks.subscriptions.model import Webhook

# A personal webhook holds no events while it is disabled.
_IN_INBOX = "Your notifications have everything that it misses."


def telling_admins(workspace_id: str, title: str, body: str, *also: str) -> list[store.Write]:
    """The writes that notify all active owners and admins, and the users whose ids are in `also`."""
    people = {user.user_id for user in users.of_roles(workspace_id, ("owner", "admin"))} | set(also)
    return telling(workspace_id, sorted(people), title, body)


def notice(user: User, title: str) -> list[store.Write]:
    """The writes that notify one person of a change of their account, for the transaction of the change."""
    return telling(user.workspace_id, [user.user_id], title)


def telling(workspace_id: str, user_ids: list[str], title: str, body: str | None = None) -> list[store.Write]:
    """The writes that notify these users, at most a hundred."""
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


def telling_of_loop(workspace_id: str, handle: str, other_id: str) -> list[store.Write]:
    """The writes that notify owners and admins that a bot and `other_id` mentioned each other too often in a minute.

    `handle` is the bot's; `other_id` is another bot or a program.
    """
    return telling_admins(
        workspace_id,
        f"The bot @{handle} may be in a loop",
        f"{other_id} and @{handle} mentioned each other more than twenty times in a minute. Further mentions of this "
        "minute call nobody. An integration that answers a delivery says so with the header X-FM-Delivery-ID.",
    )


def telling_of_disabled(webhook: Webhook, reason: str, probe_at: str | None) -> list[store.Write]:
    """The writes that notify a webhook's owner, and all owners and admins, that the webhook was disabled.

    The text names the `reason`, and the time of the first probe, `probe_at` (ISO; None: never). See `_telling_of` for
    personal and test webhooks.
    """
    probed = f"It is probed from {_read(probe_at)} on, and enabled when its receiver answers again" if probe_at else ""
    way_back = probed or "Enable it when its receiver works again"
    missed = "Until it is enabled, its events are held. Then choose whether they are delivered."
    body = f"{reason[:1].upper()}{reason[1:]}. {way_back}. {_IN_INBOX if webhook.user_id else missed} {_id_of(webhook)}"
    return _telling_of(webhook, f"The {_kind(webhook)} {webhook.name or webhook.webhook_id} was disabled", body)


def telling_of_return(webhook: Webhook) -> list[store.Write]:
    """The writes that notify a webhook's owner, and all owners and admins, that a probe enabled the webhook again.

    See `_telling_of` for personal and test webhooks.
    """
    since = webhook.holds_from
    held = (
        f"Events since {_read(since)} are held: choose whether they are delivered or skipped." if since else _IN_INBOX
    )
    body = f"Its receiver answered a probe, so it is enabled again. {held} {_id_of(webhook)}"
    return _telling_of(webhook, f"The {_kind(webhook)} {webhook.name or webhook.webhook_id} is back", body)


def _read(moment: str) -> str:
    """An ISO time in the form that people read, such as 2026-11-27 11:45 UTC."""
    return f"{moment[:16].replace('T', ' ')} UTC"


def _id_of(webhook: Webhook) -> str:
    return f"Its id is {webhook.webhook_id}."


def _kind(webhook: Webhook) -> str:
    if webhook.bot_id:
        return "bot's callback"
    return "application's callback" if webhook.application_id else "webhook"


def _telling_of(webhook: Webhook, title: str, body: str) -> list[store.Write]:
    """The writes that notify a webhook's owner and all owners and admins.

    For a personal webhook or a test webhook, they notify its owner only.
    """
    if webhook.user_id or not webhook.livemode:
        return telling(webhook.workspace_id, [webhook.owner], title, body)
    return telling_admins(webhook.workspace_id, title, body, webhook.owner)

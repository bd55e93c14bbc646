"""Decides which webhooks get an event, and on which topics their subscriptions are. Pure."""

from ferryman import clock
from ferryman.events.model import Event
from ferryman.formats import triggers
from ferryman.webhooks.loop_prevention import MAX_HOPS
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.subscriptions.model import BY_PEOPLE, Webhook

# Two functions set the times of a webhook and of a message, each by its own clock. A webhook that seems younger than a
# message by at most this much still gets the message.
CLOCKS_DIFFER_SECONDS = 2


def topics(event: Event) -> list[str]:
    """The topics whose subscriptions an event is matched against.

    They are all chats of the workspace, the event's chat, and the bot, application or person that the event is for.
    """
    names = [webhooks.EVERY_CHAT, *([event.chat_id] if event.chat_id else [])]
    topics_of_event = [webhooks.topic(event.workspace_id, name, livemode=event.livemode) for name in names]
    if event.bot_id:
        topics_of_event.append(webhooks.topic_of_bot(event.workspace_id, event.bot_id, livemode=event.livemode))
    if event.application_id:
        topics_of_event.append(
            webhooks.topic_of_application(event.workspace_id, event.application_id, livemode=event.livemode)
        )
    if event.user_id:
        topics_of_event.append(webhooks.topic_of_user(event.workspace_id, event.user_id, livemode=event.livemode))
    return topics_of_event


def wants(webhook: Webhook, event: Event, members: set[tuple[str, str]]) -> bool:
    """Whether a webhook gets an event. `members` has (chat id, user id) of the members of the event's chat.

    Before each attempt, the deliverer checks again the parts that may have changed: the webhook's state and the
    membership (`checks`).
    """
    event = event.as_told_to(webhook.application_id)
    chain = event.chain or []
    if webhook.webhook_id in chain or len(chain) >= MAX_HOPS:
        return False
    if webhook.livemode != event.livemode or event.type not in webhook.events:
        return False
    if webhook.state != "enabled" or _is_younger(webhook, event):
        return False
    if not event.can_be_rendered(webhook.format):
        return False
    if webhook.is_triggered and not triggers.calls(webhook, event):
        return False
    if webhook.is_global:
        return True
    if webhook.application_id:
        return webhook.application_id == event.application_id
    if webhook.user_id:
        return webhook.user_id == event.user_id
    if webhook.bot_id and webhook.bot_id != event.bot_id:
        return False
    if webhook.bot_id and event.mentioned_by and event.mentioned_by not in (webhook.mentioned_by or BY_PEOPLE):
        return False
    if webhook.chat_ids is not None and event.chat_id not in webhook.chat_ids:
        return False
    return (event.chat_id, webhook.member_id) in members


def _is_younger(webhook: Webhook, event: Event) -> bool:
    """Whether the webhook was made after the event happened, by more than our functions' clocks can differ."""
    if webhook.created_at <= event.created_at:
        return False
    return clock.seconds(webhook.created_at) - clock.seconds(event.created_at) > CLOCKS_DIFFER_SECONDS

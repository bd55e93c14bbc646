"""Finds the bots that a new message mentions.

The dispatcher looks the handles up, so that accepting a message is a single put. A message mentions a bot if the bot is
active and a member of the chat at that moment. A bot cannot mention itself.
"""

from dataclasses import replace

from ferryman import log
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.conversations.messages import mentions
from ferryman.conversations.messages.events import bot_mentioned
from ferryman.events.model import Event
from ferryman.identity import rates
from ferryman.identity.users import table as users
from ferryman.webhooks.subscriptions.model import MentionedBy

CEILING = 20  # the most mentions per minute between a bot and another bot or a program


def events_of(created: Event) -> list[Event]:
    """One event `bot.mentioned` for each bot that a new message mentions; an empty list for any other event.

    Makes at most four batch reads, and no read for a message without an @.
    """
    if created.type != "message.created" or created.chat_id is None or created.test or created.erased_at:
        return []
    message = created.data["message"]
    handles = mentions.handles(message["text"])
    if not handles:
        return []
    author, author_type = message["author"]["id"], message["author"]["type"]
    bots = [
        user
        for user in users.by_handles(created.workspace_id, handles)
        if user.role == "bot" and user.active and user.user_id != author
    ]
    members = chats.memberships(created.workspace_id, {(created.chat_id, bot.user_id) for bot in bots})
    mentioned = [bot for bot in bots if (created.chat_id, bot.user_id) in members]
    if not mentioned:
        return []
    by = _kind(created.workspace_id, author) if author_type == "user" else "program"
    return [
        replace(bot_mentioned(created, bot), mentioned_by=by, mentioned_by_id=author)
        for bot in sorted(mentioned, key=lambda bot: bot.user_id)
    ]


def _kind(workspace_id: str, user_id: str) -> MentionedBy:
    return "bot" if any(user.role == "bot" for user in users.get_many(workspace_id, [user_id])) else "user"


def is_within_ceiling(event: Event) -> bool:
    """Whether an event may be dispatched. Counts a mention of a bot by another bot or a program.

    A pair of bots, or of a bot and a program, may mention each other twenty times a minute, so that two bots cannot
    answer each other for ever. People have no limit, and events that are not mentions always pass. At the first mention
    above the limit, this function notifies the workspace's admins.
    """
    if event.bot_id is None or event.mentioned_by in (None, "user"):
        return True
    pair = "/".join(sorted((event.bot_id, event.mentioned_by_id or "")))
    count = rates.count(f"{event.workspace_id}/{pair}")
    if count <= CEILING:
        return True
    log.warning("mention.dropped", workspace_id=event.workspace_id, event_id=event.event_id, bot_id=event.bot_id)
    if count == CEILING + 1:
        from ferryman.notifications import notices  # rarely needed, so no cold start waits for it

        store.commit(
            notices.telling_of_loop(event.workspace_id, event.data["bot"]["handle"], event.mentioned_by_id or "")
        )
    return False

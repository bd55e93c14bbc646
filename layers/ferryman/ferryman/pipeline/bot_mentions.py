"""From a new message to the bots it mentions.

Handles are looked up here and not when a message is accepted: accepting stays one put. A bot is mentioned when it
is active and belongs to the chat at this moment; what it says itself never mentions it.
"""

from ferryman.conversations.chats import table as chats
from ferryman.conversations.messages import mentions
from ferryman.conversations.messages.events import bot_mentioned
from ferryman.events.model import Event
from ferryman.identity.users import table as users


def events_of(created: Event) -> list[Event]:
    """One `bot.mentioned` for each bot that a new message mentions; none for any other event.

    At most three batch reads, and none for a message without an @.
    """
    if created.type != "message.created" or created.chat_id is None or created.test or created.erased_at:
        return []
    message = created.data["message"]
    handles = mentions.handles(message["text"])
    if not handles:
        return []
    author = message["author"]["id"]
    bots = [
        user
        for user in users.by_handles(created.workspace_id, handles)
        if user.role == "bot" and user.active and user.user_id != author
    ]
    members = chats.memberships(created.workspace_id, {(created.chat_id, bot.user_id) for bot in bots})
    return [
        bot_mentioned(created, bot)
        for bot in sorted(bots, key=lambda bot: bot.user_id)
        if (created.chat_id, bot.user_id) in members
    ]

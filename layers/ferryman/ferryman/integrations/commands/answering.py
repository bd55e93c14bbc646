"""Posts the answers that a command's receiver sends later, to the command's reply address."""

from ferryman import log
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import table as chats
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.model import Message
from ferryman.errors import NotAllowed, NotFound
from ferryman.formats.commands import Answer
from ferryman.identity.credentials.model import Credential
from ferryman.identity.users import table as users
from ferryman.integrations.commands import response_urls, running, table
from ferryman.integrations.commands.running import NotPosted

_TRIES = 10  # parallel answers to the same run change the same count


class CommandGone(NotFound):
    """The command was deleted or disabled after it was run."""


class PersonGone(NotAllowed):
    """The person who ran the command is inactive or has left the chat, or the chat is closed."""


def answer(credential: Credential, asked: Answer) -> list[Message]:
    """Post a later answer and count it, in one transaction. Returns the messages.

    `credential` is that of the reply address. Raises CommandGone, PersonGone, UsedUp, and NotPosted if any message of
    the answer cannot be posted.
    """
    workspace_id, chat_id = credential.workspace_id, credential.chat_id or ""
    try:
        command = table.get(workspace_id, credential.subject_id)
    except NotFound:
        raise CommandGone("The command was deleted.") from None
    if command.state != "enabled":
        raise CommandGone("The command is disabled.")
    people = users.get_many(workspace_id, [credential.user_id])
    try:
        chat, is_member = chats.get_as_member(workspace_id, chat_id, credential.user_id)
    except NotFound:
        raise PersonGone("The chat does not exist.") from None
    if not is_member or not chat.active or not people or not people[0].active:
        raise PersonGone("The person who ran the command cannot speak in the chat any more.")
    prepared = running.prepared(command, asked, chat, credential.user_id, livemode=credential.livemode)
    refused = [reason for reason in prepared if isinstance(reason, str)]
    if refused:
        raise NotPosted(f"A message cannot be posted: {refused[0]}.")
    ready = [message for message in prepared if isinstance(message, Message)]

    def commit() -> None:
        writes = [response_urls.using(credential), *(messages.creating(message) for message in ready)]
        store.commit(writes, tries=_TRIES)

    messages.with_free_ids(ready, commit)
    for message in ready:
        messages.created(message)
        log.event("command.answered", message_id=message.message_id, chat_id=message.chat_id)
    return ready

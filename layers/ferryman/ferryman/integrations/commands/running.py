"""Running a command: calls the command's receiver and posts its answer. The text of the command is not posted.

The receiver must answer within the time of a delivery's attempt. It may send up to five more answers within half an
hour, to the reply address in the request (`response_urls`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ferryman import clock, ids, log, settings
from ferryman.aws import dynamodb as store
from ferryman.conversations.chats import access
from ferryman.conversations.chats import table as chats
from ferryman.conversations.chats.model import Chat
from ferryman.conversations.messages import mentions
from ferryman.conversations.messages import table as messages
from ferryman.conversations.messages.model import Message
from ferryman.errors import FerrymanError, NotFound
from ferryman.formats import commands as words
from ferryman.formats.commands import Answer
from ferryman.formats.interface import Surroundings
from ferryman.identity import idempotency, rates
from ferryman.identity.credentials import secrets
from ferryman.identity.credentials.model import Caller
from ferryman.identity.idempotency import IdempotencyKey
from ferryman.identity.users import table as users
from ferryman.identity.workspaces import table as workspaces
from ferryman.integrations import awaited_answers
from ferryman.integrations.awaited_answers import ReceiverFailed
from ferryman.integrations.commands import response_urls, sealing, texts
from ferryman.integrations.commands.model import Command
from ferryman.outbound import allowed_targets, ssrf_guard
from ferryman.outbound.outcomes import Outcome, Unreachable

# A workspace's limit. Each run occupies a function for as long as an attempt lasts, so the runs occupy forty at most.
RUNS_PER_MINUTE = 300
_MAX_MENTIONS = 20


class NotPosted(FerrymanError):
    """A message of a later answer cannot be posted, so no message of the answer is posted."""


@dataclass(slots=True)
class Ran:
    """A run of a command: the receiver's answer, the messages that were posted, and why others were not."""

    command: Command
    trigger_id: str
    answer: Answer
    messages: list[Message] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)  # why messages were not posted


def run(
    caller: Caller,
    chat_id: str,
    command: Command,
    text: str,
    origin: str,
    idempotency_key: IdempotencyKey | None = None,
) -> Ran:
    """Run a command in a chat that the caller belongs to. `text` is what the caller wrote, such as `/deploy api`.

    `origin` is the API's own address (`https://…`), with which the reply address begins. Raises NotFound for an unknown
    chat, Conflict for a closed one, ReceiverFailed for a missing or unreadable answer, and TooManyRequests beyond the
    workspace's rate.
    """
    chat = access.get_visible(caller, chat_id)
    access.require_open(chat)
    rates.spend_exactly(f"{caller.workspace_id}/commands", RUNS_PER_MINUTE)
    secret, opening = response_urls.opening(caller, chat_id, command)
    store.commit([*idempotency.writes(idempotency_key, command.command_id), opening])
    person = users.get(caller.workspace_id, caller.user_id)
    _, rest = texts.parsed(text) or ("", "")
    trigger_id = secrets.new_mattermost_secret()
    asked = words.Run(
        around=Surroundings(
            workspace_id=caller.workspace_id,
            workspace_name=workspaces.get(caller.workspace_id).name,
            chat_name=chat.handle or ids.ulid(chat_id).lower(),
            author_name=person.handle or ids.ulid(person.user_id).lower(),
            token=sealing.unseal(command),
        ),
        chat_id=chat_id,
        user_id=caller.user_id,
        command=f"/{command.trigger}",
        text=rest,
        trigger_id=trigger_id,
        response_url=f"{origin}/hooks/commands/{secret}",
        mentions=_mentioned(caller.workspace_id, rest),
    )
    outcome = _call(command, asked)
    log.event(
        "command.run",
        workspace_id=command.workspace_id,
        command_id=command.command_id,
        chat_id=chat_id,
        outcome=outcome.error if isinstance(outcome, Unreachable) else outcome.status,
        duration_ms=outcome.duration_ms,
    )
    answer = awaited_answers.read(
        outcome, lambda body: words.read(body.content, body.content_type, is_whole=body.is_whole), "receiver"
    )
    ran = Ran(command, trigger_id, answer)
    ran.messages, ran.failures = post(command, ran.answer, chat, caller.user_id, livemode=caller.livemode)
    return ran


def _mentioned(workspace_id: str, text: str) -> list[tuple[str, str]]:
    handles = mentions.handles(text)[:_MAX_MENTIONS]
    user_id_of = {user.handle: user.user_id for user in users.by_handles(workspace_id, handles)} if handles else {}
    return [(handle, user_id_of[handle]) for handle in handles if handle in user_id_of]


def _call(command: Command, asked: words.Run) -> Outcome:
    from ferryman.outbound import transport  # imports requests, which only runs of commands need

    content, url, is_post = words.encoded(asked), command.url, command.method == "post"
    if not is_post:
        url = f"{url}{'&' if urlsplit(url).query else '?'}{content}"
        if len(url) > ssrf_guard.MAX_URL_CHARACTERS:
            raise ReceiverFailed(f"With its fields the URL is longer than {ssrf_guard.MAX_URL_CHARACTERS} characters.")
    return transport.request(
        "POST" if is_post else "GET",
        url,
        content.encode() if is_post else None,
        words.headers(asked, has_body=is_post),
        allowed_targets=allowed_targets.of_deployment(),
        deadline_seconds=settings.integer("ATTEMPT_TIMEOUT_SECONDS"),
        max_response_bytes=awaited_answers.ANSWER_BYTES,
        response_seconds=awaited_answers.ANSWER_SECONDS,
    )


def post(
    command: Command, answer: Answer, chat: Chat, user_id: str, *, livemode: bool
) -> tuple[list[Message], list[str]]:
    """Post the messages of an answer, each in its own transaction.

    `user_id` is the person who ran the command in `chat`. Returns the messages, and the reasons why others were not
    posted.
    """
    posted, failures = [], []
    for message in prepared(command, answer, chat, user_id, livemode=livemode):
        if isinstance(message, str):
            failures.append(message)
            continue
        _store(message)
        messages.created(message)
        posted.append(message)
        log.event("command.answered", message_id=message.message_id, chat_id=message.chat_id)
    return posted, failures


def _store(message: Message) -> None:
    messages.with_free_ids([message], lambda: store.commit([messages.creating(message)]))


def prepared(command: Command, answer: Answer, chat: Chat, user_id: str, *, livemode: bool) -> list[Message | str]:
    """The messages of an answer, not stored yet; in place of one that cannot be posted, the reason as a text.

    `user_id` is the person who ran the command in `chat`: only this person sees a message that is not `in_channel`. A
    message for another chat requires that the person is a member of that chat.
    """
    new_ids: dict[str, Iterator[str]] = {}  # by chat id; sorted, so that messages keep the answer's order
    messages: list[Message | str] = []
    for asked in answer.messages:
        if asked.refusal or asked.reply is None:
            messages.append(asked.refusal or "it is empty")
            continue
        try:
            target = _target(chat, asked.chat, user_id)
        except NotFound as reason:
            messages.append(str(reason))
            continue
        its_id = target.chat_id
        in_chat = new_ids.setdefault(its_id, iter(ids.new_in_chat(its_id, len(answer.messages))))
        reply = asked.reply
        text, boxes = reply.text, reply.attachments
        if reply.names_people:
            from ferryman.conversations.messages import named_people  # few answers name somebody

            text, boxes = named_people.with_handles(command.workspace_id, text, boxes)
        messages.append(
            Message(
                workspace_id=command.workspace_id,
                chat_id=its_id,
                message_id=next(in_chat),
                text=text,
                attachments=boxes,
                props=reply.props,
                priority=reply.priority,
                origin="reply",
                origin_id=command.command_id,
                author_name=command.reply_name or reply.author_name or command.name or command.trigger,
                author_avatar_url=command.reply_avatar_url or reply.author_avatar_url,
                visible_to=None if asked.in_channel else user_id,
                created_at=clock.now_iso(),
                livemode=livemode,
            )
        )
    return messages


def _target(chat: Chat, other: str, user_id: str) -> Chat:
    if not other or ids.ulid(chat.chat_id).lower() == other:
        return chat
    refused = NotFound("the person does not belong to the chat that it is for, or the chat is not active")
    if not ids.is_id(ids.CHAT, f"{ids.CHAT}_{other.upper()}"):
        raise refused
    try:
        target, is_member = chats.get_as_member(chat.workspace_id, f"{ids.CHAT}_{other.upper()}", user_id)
    except NotFound:
        raise refused from None
    if not is_member or not target.active:
        raise refused
    return target

"""Builds events: adds id, time and audience to the `data` that the builders next to each model put together."""

from typing import Any

from ferryman.events.model import Event, EventType, InternalType


def build(
    type_: EventType | InternalType,
    event_id: str,
    *,
    workspace_id: str,
    livemode: bool,
    at: str,
    data: dict[str, Any],
    chat_id: str | None = None,
    bot_id: str | None = None,
    application_id: str | None = None,
    user_id: str | None = None,
    webhook_id: str | None = None,
    test: bool = False,
    chain: list[str] | None = None,
) -> Event:
    """An event about `data`, which happened at `at` (ISO).

    `chat_id`, `bot_id`, `application_id` and `user_id` decide whose webhooks get the event; with `webhook_id`, only
    that webhook gets it. The webhooks in `chain` do not get it, so that deliveries cannot loop.
    """
    return Event(
        workspace_id=workspace_id,
        event_id=event_id,
        type=type_,
        created_at=at,
        livemode=livemode,
        chat_id=chat_id,
        bot_id=bot_id,
        application_id=application_id,
        user_id=user_id,
        webhook_id=webhook_id,
        test=test or None,
        chain=chain,
        data=data,
    )

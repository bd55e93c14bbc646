"""Incoming webhook: a secret URL that posts to one chat."""

from dataclasses import dataclass

from ferryman.aws import dynamodb as store


@dataclass(slots=True, kw_only=True)
class IncomingWebhook(store.Record):
    workspace_id: str
    incoming_webhook_id: str
    chat_id: str
    name: str
    secret_hash: str
    livemode: bool
    created_by: str
    created_at: str
    updated_at: str | None = None
    avatar_url: str | None = None
    last_used_at: str | None = None

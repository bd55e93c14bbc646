"""Incoming webhook: a secret URL that posts to one chat."""

from dataclasses import dataclass
from typing import Literal

from ferryman.aws import dynamodb as store

# The words in which senders post to the URL, and in which it refuses.
type Flavour = Literal["ferryman", "mattermost", "slack"]


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
    flavour: Flavour = "ferryman"
    chat_locked: bool = False  # posts to its own chat only
    allows_overrides: bool = True  # senders may name another author
    last_used_at: str | None = None

"""Incoming webhook: a secret URL that posts to one chat."""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from ferryman.aws import dynamodb as store
from ferryman.identity.permissions import Scope
from ferryman.integrations.owned import Owned

NEEDS: Scope = "webhooks:write"  # the scope that the role of an incoming webhook's owner must have

# The product whose format posts and error answers have.
type Flavour = Literal["ferryman", "mattermost", "slack"]

# The products whose webhook payloads an incoming webhook of the flavour `ferryman` can accept.
type Source = Literal[
    "github",
    "gitlab",
    "bitbucket",
    "grafana",
    "alertmanager",
    "sentry",
    "jenkins",
    "pagerduty",
    "stripe",
    "aws_sns",
    "datadog",
    "uptime_kuma",
    "jira",
    "generic",
]
ALWAYS_SIGNED: Source = "aws_sns"  # it signs with a key pair, and its certificate is public
NEVER_SIGNED: Source = "jenkins"  # it sends neither a signature nor a secret


class Refusal(TypedDict):
    """A post that was refused."""

    at: str  # ISO 8601
    status: int  # the status of the answer
    reason: str  # the error text of the answer


@dataclass(slots=True, kw_only=True)
class IncomingWebhook(store.Record, Owned):
    """A secret URL and its chat, as an item of the table `incoming_webhooks`."""

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
    title: str | None = None  # its name in lists; `name` is the author of its messages
    description: str | None = None
    flavour: Flavour = "ferryman"
    chat_locked: bool = False  # posts must not name another chat
    allows_overrides: bool = True  # posts may set another author and picture
    source: Source | None = None  # the product whose payloads it accepts, which never changes
    translation: str | None = None  # a JMESPath expression that replaces the source's built-in text
    sealed_sender_secret: bytes | None = None  # the sealed secret with which senders sign
    last_used_at: str | None = None
    refusals: list[Refusal] = field(default_factory=list)  # newest first
    owner_id: str | None = None  # the person to whom it was handed over; None: the creator owns it
    disabled_reason: str | None = None  # while it is set, the URL refuses every post
    disabled_at: str | None = None

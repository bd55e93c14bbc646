"""Incoming webhook: a secret URL that posts to one chat."""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from ferryman.aws import dynamodb as store
from ferryman.identity.permissions import Scope
from ferryman.integrations.owned import Owned

NEEDS: Scope = "webhooks:write"  # the scope that its owner's role must have

# The words in which senders post to the URL, and in which it refuses.
type Flavour = Literal["ferryman", "mattermost", "slack"]

# The products whose own payloads a webhook of the flavour `ferryman` can take.
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
ALWAYS_SIGNED: Source = "aws_sns"  # by a key pair, whose certificate anybody can read
NEVER_SIGNED: Source = "jenkins"  # it sends nothing that a secret could be compared with


class Refusal(TypedDict):
    """A post that was refused."""

    at: str  # ISO 8601
    status: int  # of the answer
    reason: str  # as the sender was told


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
    title: str | None = None  # in lists; `name` is the author of its messages
    description: str | None = None
    flavour: Flavour = "ferryman"
    chat_locked: bool = False  # posts to its own chat only
    allows_overrides: bool = True  # senders may name another author
    source: Source | None = None  # whose payloads it takes; never changes
    translation: str | None = None  # a JMESPath expression instead of the source's own sentences
    sealed_sender_secret: bytes | None = None  # what senders sign with
    last_used_at: str | None = None
    refusals: list[Refusal] = field(default_factory=list)  # the newest first
    owner_id: str | None = None  # to whom it was handed over
    disabled_reason: str | None = None  # its URL accepts nothing while it is set
    disabled_at: str | None = None

"""The connectors: each product that a workspace can connect, as data. A new one is an entry of `CATALOGUE`.

A connector makes an outgoing webhook in the product's format, or an incoming webhook that the product posts to. Its
configuration is a model, whose JSON Schema draws the form. A connector is here only if it works.
"""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from ferryman import ids
from ferryman.events.model import EventType
from ferryman.formats import Format
from ferryman.integrations.incoming_webhooks.model import Source
from ferryman.integrations.incoming_webhooks.schema import IncomingWebhookIn, SenderSecret
from ferryman.schema import Input
from ferryman.webhooks.subscriptions.schema import ChatIds, Events, Url, WebhookIn

type Category = Literal["chat", "automation", "development"]
type Outgoing = ChatConfiguration | AutomationConfiguration

_CHATS = "The chats whose messages are sent; you must belong to each. Left out: every chat, which needs admin:*."


class ChatConfiguration(Input):
    """Messages of some chats go to one channel of the other product."""

    url: Url = Field(title="Incoming webhook URL", description="The URL that the other product gave you. It is secret.")
    chat_ids: ChatIds | None = Field(None, title="Chats", description=_CHATS)


class AutomationConfiguration(Input):
    """Events go to a workflow, with their data as JSON."""

    url: Url = Field(title="Webhook URL", description="The URL that the trigger of your workflow shows.")
    events: Events = Field(["message.created"], title="Events", description="The events that start the workflow.")
    chat_ids: ChatIds | None = Field(None, title="Chats", description=_CHATS)


class PostingConfiguration(Input):
    """The other product posts to one chat, in its own form."""

    chat_id: str = Field(
        title="Chat", pattern=ids.pattern(ids.CHAT), description="The chat that it posts to; you must belong to it."
    )
    sender_secret: SenderSecret | None = Field(
        None,
        title="Secret",
        description="The secret that you give to the product, so that events without it are refused. It is stored "
        "encrypted and never shown; left out in a change, it stays, and null removes it.",
        json_schema_extra={"writeOnly": True},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """One product. `steps` say what a person does in it; a product that posts here gets its URL by connecting."""

    key: str
    name: str
    category: Category
    description: str
    format: Format | None = None  # of the deliveries; None: the product posts here
    source: Source | None = None  # whose payloads the product posts
    configuration: type[Outgoing | PostingConfiguration]
    steps: tuple[str, ...]
    documentation: str  # the product's own page

    def incoming_webhook(self, configuration: PostingConfiguration, name: str) -> IncomingWebhookIn:
        """The incoming webhook that the connector makes. It posts to its own chat only."""
        return IncomingWebhookIn(
            chat_id=configuration.chat_id, name=name, source=self.source, sender_secret=configuration.sender_secret
        )

    def webhook(self, configuration: Outgoing, name: str) -> WebhookIn:
        """The outgoing webhook that the connector makes."""
        return WebhookIn(
            url=configuration.url,
            events=events_of(configuration),
            chat_ids=configuration.chat_ids,
            format=self.format or "ferryman",
            name=name,
        )


def events_of(configuration: Outgoing) -> list[EventType]:
    """The events that a configuration asks for: a chat gets new messages."""
    return configuration.events if isinstance(configuration, AutomationConfiguration) else ["message.created"]


def _chat(key: Format, name: str, steps: tuple[str, ...], documentation: str) -> Connector:
    return Connector(
        key=key,
        name=name,
        category="chat",
        description=f"New messages of chosen chats appear in a channel of {name}.",
        format=key,
        configuration=ChatConfiguration,
        steps=steps,
        documentation=documentation,
    )


def _automation(key: str, name: str, steps: tuple[str, ...], documentation: str) -> Connector:
    return Connector(
        key=key,
        name=name,
        category="automation",
        description=f"Events start a workflow in {name}, with their data as JSON.",
        format="ferryman",
        configuration=AutomationConfiguration,
        steps=steps,
        documentation=documentation,
    )


def _posting(key: Source, name: str, description: str, steps: tuple[str, ...], documentation: str) -> Connector:
    return Connector(
        key=key,
        name=name,
        category="development",
        description=description,
        source=key,
        configuration=PostingConfiguration,
        steps=steps,
        documentation=documentation,
    )


_ALL = (
    _chat(
        "slack",
        "Slack",
        (
            "Create a Slack app at api.slack.com/apps and activate Incoming Webhooks.",
            "Add a webhook to the workspace, and choose the channel.",
            "Copy its URL; it begins with https://hooks.slack.com/services/.",
        ),
        "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
    ),
    _chat(
        "mattermost",
        "Mattermost",
        (
            "Open Integrations, Incoming Webhooks, Add Incoming Webhook.",
            "Choose the channel and save.",
            "Copy the URL. To show our authors' names, let the server's settings override names and pictures.",
        ),
        "https://developers.mattermost.com/integrate/webhooks/incoming/",
    ),
    _chat(
        "teams",
        "Microsoft Teams",
        (
            "In the channel's menu, choose Workflows.",
            "Take the template that posts to a channel when a webhook request is received.",
            "Copy the URL of the trigger.",
        ),
        "https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using",
    ),
    _chat(
        "discord",
        "Discord",
        (
            "Open the channel's settings, Integrations, Webhooks.",
            "Create a webhook and copy its URL.",
        ),
        "https://support.discord.com/hc/articles/228383668-Intro-to-Webhooks",
    ),
    _chat(
        "google_chat",
        "Google Chat",
        (
            "In the space's menu, choose Apps & integrations, Webhooks.",
            "Add a webhook and copy its URL.",
        ),
        "https://developers.google.com/workspace/chat/quickstart/webhooks",
    ),
    _automation(
        "zapier",
        "Zapier",
        (
            "Make a Zap with the trigger Webhooks by Zapier, Catch Hook.",
            "Copy the URL of the trigger and connect.",
            "Send a test here; then test the trigger in Zapier, which learns the fields from it.",
        ),
        "https://help.zapier.com/hc/articles/8496288690317-Trigger-Zaps-from-webhooks",
    ),
    _automation(
        "make",
        "Make",
        (
            "Make a scenario that begins with Webhooks, Custom webhook.",
            "Copy its address and connect.",
            "Let Make determine the data structure, and send a test here.",
        ),
        "https://apps.make.com/gateway",
    ),
    _automation(
        "n8n",
        "n8n",
        (
            "Make a workflow that begins with a Webhook node, with the method POST.",
            "Copy the production URL, activate the workflow and connect.",
            "Send a test here, and look at the execution in n8n.",
        ),
        "https://docs.n8n.io/integrations/builtin/core-nodes/n8n-nodes-base.webhook/",
    ),
    _posting(
        "github",
        "GitHub",
        "Pushes, pull requests, issues, releases, checks and alerts of a repository appear in a chat.",
        (
            "Think of a long random secret and type it below. Connect, and copy the URL that is shown once.",
            "In the repository or the organisation, open Settings, Webhooks, Add webhook.",
            "Paste the URL as Payload URL and the secret as Secret, and choose application/json.",
            "Choose the events and save. GitHub sends a ping, which appears in the chat.",
        ),
        "https://docs.github.com/webhooks/using-webhooks/creating-webhooks",
    ),
    _posting(
        "gitlab",
        "GitLab",
        "Pushes, merge requests, issues, pipelines, releases and comments of a project or a group appear in a chat.",
        (
            "Think of a long random secret and type it below. Connect, and copy the URL that is shown once.",
            "In the project or the group, open Settings, Webhooks, Add new webhook.",
            "Paste the URL, and the secret as Secret token. Choose the triggers and save.",
            "Choose Test, Push events: the push appears in the chat.",
        ),
        "https://docs.gitlab.com/user/project/integrations/webhooks/",
    ),
    _posting(
        "grafana",
        "Grafana",
        "Alerts that fire or are resolved appear in a chat.",
        (
            "Think of a long random secret and type it below. Connect, and copy the URL that is shown once.",
            "In Grafana, open Alerting, Contact points, and add one with the integration Webhook.",
            "Paste the URL, and the secret as Secret under HMAC signature; leave the headers there empty.",
            "Press Test: an alert appears in the chat. Name the contact point in a notification policy.",
        ),
        "https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/",
    ),
    _posting(
        "sentry",
        "Sentry",
        "New, resolved and assigned issues, and alerts, appear in a chat.",
        (
            "Connect without a secret, and copy the URL that is shown once.",
            "In Sentry, open Settings, Developer Settings, and create an internal integration.",
            "Paste the URL as Webhook URL, switch on Alert Rule Action, and choose the resources.",
            "Save, copy the Client Secret, and set it as the secret here.",
            "Name the integration as an action of an alert rule.",
        ),
        "https://docs.sentry.io/organization/integrations/integration-platform/webhooks/",
    ),
)
CATALOGUE: dict[str, Connector] = {connector.key: connector for connector in _ALL}


def schema(connector: Connector) -> dict[str, Any]:
    """The JSON Schema of a connector's configuration."""
    return connector.configuration.model_json_schema()

"""The connectors, as data: each is a product that a workspace can connect, and an entry of `CATALOGUE`.

A connector makes an outgoing webhook in the product's format, or an incoming webhook to which the product posts, or
connects by OAuth. Its `configuration` is a Pydantic model; the console draws a form from the model's JSON Schema.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, JsonValue

from ferryman import ids
from ferryman.events.model import EventType
from ferryman.formats import Format
from ferryman.integrations.connections.oauth import providers
from ferryman.integrations.connections.oauth.providers import Provider
from ferryman.integrations.incoming_webhooks.model import Source
from ferryman.integrations.incoming_webhooks.schema import IncomingWebhookIn, SenderSecret
from ferryman.schema import Input, Url, distinct
from ferryman.webhooks.subscriptions.schema import ChatIds, Events, WebhookIn

type Category = Literal["chat", "automation", "development", "accounting", "crm"]
type Outgoing = ChatConfiguration | AutomationConfiguration

_A_URL: dict[str, JsonValue] = {"format": "uri"}  # so that a form checks it while it is typed
_CHATS = "The chats whose messages are sent. You must belong to each. Left empty: every chat, which needs an admin."


class ChatConfiguration(Input):
    """Messages of some chats go to one channel of the other product."""

    url: Url = Field(
        title="Incoming webhook URL",
        description="The URL that the other product gave you. It is secret.",
        json_schema_extra=_A_URL,
    )
    chat_ids: ChatIds | None = Field(None, title="Chats", description=_CHATS)


class AutomationConfiguration(Input):
    """Events go to a workflow, with their data as JSON."""

    url: Url = Field(
        title="Webhook URL", description="The URL that the trigger of your workflow shows.", json_schema_extra=_A_URL
    )
    events: Events = Field(["message.created"], title="Events", description="The events that start the workflow.")
    chat_ids: ChatIds | None = Field(None, title="Chats", description=_CHATS)


class PostingConfiguration(Input):
    """The other product posts its own payloads to one chat."""

    chat_id: str = Field(
        title="Chat",
        pattern=ids.pattern(ids.CHAT),
        description="The chat to which the product posts. You must belong to it.",
    )
    sender_secret: SenderSecret | None = Field(
        None,
        title="Secret",
        description="The secret that you also give to the product; events without it are refused. It is stored "
        "encrypted and never shown. When you edit the connection, an empty field keeps the current one.",
        json_schema_extra={"writeOnly": True},
    )


def _without_identity(scope: str) -> str:
    if scope == "openid":
        raise ValueError("is not allowed: it is for signing in, and a connection needs access only")
    return scope


# The characters of RFC 6749 section 3.3.
type _Scope = Annotated[
    str, Field(min_length=1, max_length=200, pattern=r"^[!#-\[\]-~]+$"), AfterValidator(_without_identity)
]
type _Scopes = Annotated[list[_Scope], Field(min_length=1, max_length=50), AfterValidator(distinct)]


class OAuthConfiguration(Input):
    """The app that you registered with the other product, and what it may do there."""

    client_id: str = Field(
        title="Client ID", min_length=1, max_length=256, pattern=r"^[!-~]+$", description="The app's public name."
    )
    client_secret: Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[!-~]+$")] | None = Field(
        None,
        title="Client secret",
        description="The app's secret. It is stored encrypted and never shown. When you edit the connection, an empty "
        "field keeps the current one.",
        json_schema_extra={"writeOnly": True},
    )
    scopes: _Scopes | None = Field(
        None,
        title="Scopes",
        description="The scopes to request, as the product names them. Left empty: the fewest that are useful.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """One product that can be connected. `steps` tell a person what to do in that product."""

    key: str
    name: str
    category: Category
    description: str
    format: Format | None = None  # the format of deliveries; None: nothing is delivered to the product
    source: Source | None = None  # the payloads that the product posts to Ferryman
    provider: Provider | None = None  # the issuer of the tokens, if the product connects by OAuth
    configuration: type[Outgoing | PostingConfiguration | OAuthConfiguration]
    steps: tuple[str, ...]
    documentation: str  # the product's own page

    def incoming_webhook(self, configuration: PostingConfiguration, name: str) -> IncomingWebhookIn:
        """The request for the connector's incoming webhook, to which the product posts. Creates nothing."""
        return IncomingWebhookIn(
            chat_id=configuration.chat_id, name=name, source=self.source, sender_secret=configuration.sender_secret
        )

    def webhook(self, configuration: Outgoing, name: str) -> WebhookIn:
        """The request for the connector's outgoing webhook. Creates nothing."""
        return WebhookIn(
            url=configuration.url,
            events=events_of(configuration),
            chat_ids=configuration.chat_ids,
            format=self.format or "ferryman",
            name=name,
        )


def events_of(configuration: Outgoing) -> list[EventType]:
    """The event types of a configuration; always new messages for a chat product."""
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


def _oauth(
    key: str,
    name: str,
    category: Category,
    provider: Provider,
    account: str,
    steps: tuple[str, ...],
    documentation: str,
) -> Connector:
    return Connector(
        key=key,
        name=name,
        category=category,
        description=f"Ferryman keeps, renews and checks an approved connection to {account}, and gives your programs "
        "its access token. It moves no data itself.",
        provider=provider,
        configuration=OAuthConfiguration,
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
    _oauth(
        "jira",
        "Jira",
        "development",
        providers.JIRA,
        "Jira Cloud sites",
        (
            "At developer.atlassian.com/console/myapps, create an OAuth 2.0 integration.",
            "Under Permissions, add the Jira API and the scopes that you want.",
            "Under Authorization, configure OAuth 2.0 (3LO) with the callback URL that is shown here.",
            "Under Settings, copy the Client ID and the Secret. Connect, and approve it in Atlassian.",
        ),
        "https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/",
    ),
    _oauth(
        "hubspot",
        "HubSpot",
        "crm",
        providers.HUBSPOT,
        "a HubSpot account",
        (
            "In a HubSpot developer account, create an app that signs in by OAuth.",
            "Add the callback URL that is shown here as a redirect URL, and the scopes that you want besides oauth.",
            "Copy the app's Client ID and Client secret, and name the same scopes below. Connect, and approve it.",
        ),
        "https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens",
    ),
    _oauth(
        "quickbooks",
        "QuickBooks Online",
        "accounting",
        providers.QUICKBOOKS,
        "a QuickBooks Online company",
        (
            "At developer.intuit.com, create an app with the scope QuickBooks Online Accounting.",
            "Under Production, Keys & OAuth, add the callback URL that is shown here as a redirect URI.",
            "Copy the production Client ID and Client Secret. Connect, and choose the company in Intuit.",
        ),
        "https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0",
    ),
    _oauth(
        "xero",
        "Xero",
        "accounting",
        providers.XERO,
        "Xero organisations",
        (
            "At developer.xero.com/app/manage, create an app of the type Web app.",
            "Add the callback URL that is shown here as a redirect URI.",
            "Under Configuration, copy the Client id and generate a client secret. Connect, and choose the "
            "organisations in Xero.",
        ),
        "https://developer.xero.com/documentation/guides/oauth2/auth-flow/",
    ),
)
CATALOGUE: dict[str, Connector] = {connector.key: connector for connector in _ALL}


def schema(connector: Connector) -> dict[str, Any]:
    """The JSON Schema of a connector's configuration."""
    return connector.configuration.model_json_schema()

"""URLs of this deployment that other programs call: of an incoming webhook, and of OAuth's callback."""

from ferryman import ids
from ferryman.http.call import Call
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook

# A page of the console. It sends its query to `POST /v1/connections/callback`.
CALLBACK = "/settings/integrations/connections/callback"


def callback_url(call: Call) -> str:
    """The URL to which a product sends the browser after a person approved or refused a connection."""
    return f"{call.base_url()}{CALLBACK}"


def url_of(call: Call, webhook: IncomingWebhook, secret: str) -> str:
    """The URL of an incoming webhook with this secret. For the flavour `slack` it has the form of Slack's URLs."""
    path = f"/services/T{ids.ulid(webhook.workspace_id)}/B{ids.ulid(webhook.incoming_webhook_id)}/"
    return f"{call.base_url()}{path if webhook.flavour == 'slack' else '/hooks/'}{secret}"

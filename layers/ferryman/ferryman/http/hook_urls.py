"""The secret URL of an incoming webhook, as it is shown once."""

from ferryman import ids, settings
from ferryman.http.call import Call
from ferryman.integrations.incoming_webhooks.model import IncomingWebhook


def url_of(call: Call, webhook: IncomingWebhook, secret: str) -> str:
    """The URL on the host that the request came to, or on the deployment's own. Slack's flavour has Slack's form."""
    path = f"/services/T{ids.ulid(webhook.workspace_id)}/B{ids.ulid(webhook.incoming_webhook_id)}/"
    base = settings.optional("PUBLIC_URL") or call.origin()
    return f"{base}{path if webhook.flavour == 'slack' else '/hooks/'}{secret}"

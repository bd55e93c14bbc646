"""The delivery log of the workspace's webhooks, and sending again: deliveries, retries and replays."""

from ferryman.dialects.fluxdesk import addresses
from ferryman.http import delivery_routes
from ferryman.http.api import Api
from ferryman.http.webhook_owners import workspace

app = Api(
    "Deliveries",
    "The deliveries of each webhook, attempt by attempt, and sending them again.",
    aliases=addresses.WEBHOOKS,
)
handler = app

delivery_routes.show(app, workspace.OWNER)

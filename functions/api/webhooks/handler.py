"""The workspace's outgoing webhooks: /v1/webhooks, FluxDesk's address of them, and the types of events."""

from ferryman.dialects.fluxdesk import addresses
from ferryman.events import catalogue
from ferryman.events.schema import EventTypeOut
from ferryman.http import webhook_routes
from ferryman.http.api import SIGNED_IN, Api, needs
from ferryman.http.webhook_owners import workspace
from ferryman.schema import Listing

app = Api(
    "Webhooks",
    "Outgoing webhooks: signed deliveries of events to your own endpoints.",
    aliases=addresses.WEBHOOKS,
)
handler = app

webhook_routes.manage(app, workspace.MANAGEMENT)


@app.get("/v1/event-types", summary="List event types", description="Every type with its JSON Schema and an example.")
@needs(SIGNED_IN)
def list_event_types() -> Listing[EventTypeOut]:
    return Listing(items=[EventTypeOut.of(type_) for type_ in catalogue.TYPES])

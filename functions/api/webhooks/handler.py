"""The workspace's outgoing webhooks: /v1/webhooks, FluxDesk's address of them, and the types of events."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from ferryman.dialects.fluxdesk import addresses
from ferryman.events import catalogue
from ferryman.events.schema import EventTypeOut
from ferryman.http import webhook_routes
from ferryman.http.api import SIGNED_IN, Api, Id, ThisCall, errors, needs
from ferryman.http.webhook_owners import workspace
from ferryman.identity.users.schema import OwnerIn
from ferryman.schema import Listing
from ferryman.webhooks.subscriptions import service
from ferryman.webhooks.subscriptions.schema import WebhookOut

app = Api(
    "Webhooks",
    "Outgoing webhooks: signed deliveries of events to your own endpoints.",
    aliases=addresses.WEBHOOKS,
)
handler = app

webhook_routes.manage(app, workspace.MANAGEMENT)


@app.put(
    "/v1/webhooks/<webhook_id>/owner",
    summary="Hand an outgoing webhook over",
    description="Any webhook but a personal one. The new owner is an active person whose role may have it; a webhook "
    "of some chats hears of those that the owner belongs to. A disabled webhook stays disabled: enable it afterwards.",
    responses=errors(409),
)
@needs("admin:*")
def hand_over_webhook(call: ThisCall, webhook_id: Id, data: Annotated[OwnerIn, Body()]) -> WebhookOut:
    return WebhookOut.of(service.hand_over(call.caller, webhook_id, data.user_id))


@app.get("/v1/event-types", summary="List event types", description="Every type with its JSON Schema and an example.")
@needs(SIGNED_IN)
def list_event_types() -> Listing[EventTypeOut]:
    return Listing(items=[EventTypeOut.of(type_) for type_ in catalogue.TYPES])

"""The workspace's outgoing webhooks, the check of receivers' URLs, and the event types.

Routes: /v1/webhooks and the address that another product's clients use for it, /v1/receiver-urls, /v1/event-types.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Body
from ferryman.dialects import addresses
from ferryman.errors import Invalid
from ferryman.events import catalogue
from ferryman.events.schema import EventTypeOut
from ferryman.http import webhook_routes
from ferryman.http.api import SIGNED_IN, Api, Id, ThisCall, errors, needs
from ferryman.http.call import OwnerIn
from ferryman.http.webhook_owners import workspace
from ferryman.outbound import allowed_targets
from ferryman.schema import Listing
from ferryman.webhooks import connectivity
from ferryman.webhooks.connectivity_schema import ReceiverUrlIn, ReceiverUrlOut, SentOut
from ferryman.webhooks.subscriptions import service
from ferryman.webhooks.subscriptions.deletion_schema import DeletionIn, DeletionOut, DeletionsOut
from ferryman.webhooks.subscriptions.schema import WebhookOut

app = Api(
    "Webhooks",
    "Outgoing webhooks: signed deliveries of events to your own endpoints.",
    aliases=addresses.WEBHOOKS,
)
handler = app

# Create, list, read, edit, delete, rotate and test: http/webhook_routes.py has these routes and their texts, and
# http/webhook_owners/workspace.py the paths, the scopes and the words that only they have.
webhook_routes.manage(app, workspace.MANAGEMENT)


@app.post(
    "/v1/webhooks/delete",
    summary="Delete many outgoing webhooks",
    description="Each by itself; the answer says what became of each. Deliveries that wait are cancelled.",
)
@needs("webhooks:write")
def delete_webhooks(call: ThisCall, data: Annotated[DeletionIn, Body()]) -> DeletionsOut:
    results = service.delete_many(call.caller, data.ids)
    return DeletionsOut(results=[DeletionOut(id=one, status=status) for one, status in results.items()])


@app.post(
    "/v1/webhooks/<webhook_id>/send",
    summary="Check that an outgoing webhook can be reached",
    description="Sends a small JSON body without a signature and answers with what the receiver said. This is not a "
    "delivery: it is not logged, not retried, and a failure does not count. POST …/test sends a signed one.",
)
@needs("webhooks:write", plan=workspace.OWNER.plan)
def send(call: ThisCall, webhook_id: Id) -> SentOut:
    return SentOut.of(connectivity.send(call.caller, service.get_visible(call.caller, webhook_id)))


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


@app.post(
    "/v1/receiver-urls/check",
    summary="Check the URL of a receiver",
    description="By the rule that creating a webhook, a command, an application or a connection applies, for forms "
    "that say what is wrong while somebody types. The name is not resolved and nothing is called: every attempt judges "
    "the addresses behind the name anew.",
)
@needs(SIGNED_IN)
def check_receiver_url(data: Annotated[ReceiverUrlIn, Body()]) -> ReceiverUrlOut:
    try:
        return ReceiverUrlOut(ok=True, url=allowed_targets.checked_url(data.url), detail=None)
    except Invalid as refused:
        return ReceiverUrlOut(ok=False, url=None, detail=str(refused))


@app.get("/v1/event-types", summary="List event types", description="Every type with its JSON Schema and an example.")
@needs(SIGNED_IN)
def list_event_types() -> Listing[EventTypeOut]:
    return Listing(items=[EventTypeOut.of(type_) for type_ in catalogue.TYPES])

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
from ferryman.webhooks.connectivity_schema import ReceiverUrlIn, ReceiverUrlOut, SentOut
from ferryman.webhooks.subscriptions import service
from ferryman.webhooks.subscriptions.deletion_schema import DeletionIn, DeletionOut, DeletionsOut
from ferryman.webhooks.subscriptions.schema import WebhookOut

app = Api(
    "Webhooks",
    "Outgoing webhooks, which deliver signed events to your URLs.",
    aliases=addresses.WEBHOOKS,
)
handler = app

# Create, list, read, edit, delete, rotate and test: http/webhook_routes.py has these routes and their texts, and
# http/webhook_owners/workspace.py the paths, the scopes and the words that only they have.
webhook_routes.manage(app, workspace.MANAGEMENT)


@app.post(
    "/v1/webhooks/delete",
    summary="Delete many outgoing webhooks",
    description="The answer has a result for each webhook. Waiting deliveries are cancelled.",
)
@needs("webhooks:write")
def delete_webhooks(call: ThisCall, data: Annotated[DeletionIn, Body()]) -> DeletionsOut:
    results = service.delete_many(call.caller, data.ids)
    return DeletionsOut(results=[DeletionOut(id=one, status=status) for one, status in results.items()])


@app.post(
    "/v1/webhooks/<webhook_id>/send",
    summary="Check that the receiver of an outgoing webhook answers",
    description="Sends a small unsigned JSON body and returns the receiver's answer. This is not a delivery: it is "
    "not logged or retried, and a failure is not counted. POST …/test sends a signed test.",
)
@needs("webhooks:write", plan=workspace.OWNER.plan)
def send(call: ThisCall, webhook_id: Id) -> SentOut:
    from ferryman.webhooks import connectivity  # imports an HTTP client, which no other of these routes needs

    return SentOut.of(connectivity.send(call.caller, service.get_visible(call.caller, webhook_id)))


@app.put(
    "/v1/webhooks/<webhook_id>/owner",
    summary="Hand an outgoing webhook over",
    description="Not for personal webhooks. The new owner must be an active person whose role may own the webhook. "
    "A webhook with chat_ids gets only events of chats to which its owner belongs. A disabled webhook stays disabled.",
    responses=errors(409),
)
@needs("admin:*")
def hand_over_webhook(call: ThisCall, webhook_id: Id, data: Annotated[OwnerIn, Body()]) -> WebhookOut:
    return WebhookOut.of(service.hand_over(call.caller, webhook_id, data.user_id))


@app.post(
    "/v1/receiver-urls/check",
    summary="Check the URL of a receiver",
    description="Applies the rules for the URL of a webhook, command, application or connection, for example while "
    "a person types it in a form. The host name is not resolved, and nothing is called; each attempt checks the IP "
    "addresses of the host.",
)
@needs(SIGNED_IN)
def check_receiver_url(data: Annotated[ReceiverUrlIn, Body()]) -> ReceiverUrlOut:
    try:
        return ReceiverUrlOut(ok=True, url=allowed_targets.checked_url(data.url), detail=None)
    except Invalid as refused:
        return ReceiverUrlOut(ok=False, url=None, detail=str(refused))


@app.get("/v1/event-types", summary="List event types", description="Each type has its JSON Schema and an example.")
@needs(SIGNED_IN)
def list_event_types() -> Listing[EventTypeOut]:
    return Listing(items=[EventTypeOut.of(type_) for type_ in catalogue.TYPES])

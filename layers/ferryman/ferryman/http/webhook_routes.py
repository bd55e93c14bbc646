"""One set of routes for every kind of outgoing webhook: workspace, personal, and bots' callbacks.

An `Owner` and its `Management` (webhook_owners/) give the routes their paths, models and functions. `manage` registers
the routes of the webhooks, and `delivery_routes.show` those of their deliveries.
"""

from typing import Annotated

from aws_lambda_powertools.event_handler import Depends
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from ferryman.http.api import Api, Call, Idempotent, ThisCall, errors, needs
from ferryman.http.webhook_owners import Management
from ferryman.schema import Listing
from ferryman.webhooks import signing
from ferryman.webhooks.deliveries import service as deliveries
from ferryman.webhooks.deliveries.schema import DeliveryOut
from ferryman.webhooks.replays import held_events
from ferryman.webhooks.subscriptions import service
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import WebhookCreated, WebhookOut


def _created(webhook: Webhook, secret: str | None = None) -> WebhookCreated:
    created = WebhookCreated.of(webhook)
    created.secret = secret
    if webhook.is_triggered and secret:
        created.token = signing.token([secret])
    return created


def manage(app: Api, management: Management) -> None:
    """Register the routes that create, list, read, edit, delete and test an owner's webhooks and rotate secrets."""
    owner = management.owner

    def again(call: Call, webhook_id: str, **_path: str) -> WebhookCreated:
        return _created(owner.read(call, webhook_id))

    @app.post(
        owner.webhooks,
        summary=f"Create {owner.title}",
        description=management.created,
        operation_id=f"create_{owner.noun}",
        status_code=201,
        middlewares=[Idempotent(again)],
    )
    @needs(owner.writes, plan=owner.plan)
    def create(call: ThisCall, data: Annotated[management.takes, Body()]) -> WebhookCreated:  # type: ignore[name-defined]
        return _created(*management.create(call, data))

    @app.get(
        owner.webhooks,
        summary=f"List {owner.title.partition(' ')[2]}s",
        description=f"Newest first. {management.listed}",
        operation_id=f"list_{owner.noun}s",
    )
    @needs(owner.reads, plan=owner.plan)
    def list_(call: ThisCall, query: Annotated[management.query, Query()]) -> Listing[WebhookOut]:  # type: ignore[name-defined]
        page, last = management.page(call, query, call.page_start(query))
        return Listing(items=management.shown(page), next_cursor=call.next_cursor(query, last))

    @app.get(owner.webhook, summary=f"Read {owner.title}", operation_id=f"read_{owner.noun}")
    @needs(owner.reads, plan=owner.plan)
    def read(webhook: Annotated[Webhook, Depends(owner.this_webhook)]) -> WebhookOut:
        return management.shown([webhook])[0]

    @app.patch(
        owner.webhook,
        summary=f"Edit {owner.title}",
        description="A new URL keeps the signing secret. state: enabled enables a disabled webhook.",
        operation_id=f"edit_{owner.noun}",
        responses=errors(409),
    )
    @needs(owner.writes, plan=owner.plan)
    def edit(call: ThisCall, data: Annotated[management.changes, Body()]) -> WebhookOut:  # type: ignore[name-defined]
        webhook = management.edit(call, owner.webhook_id(call), data)
        if choice := getattr(data, "held", None):
            webhook = held_events.decide(call.caller, webhook, choice)
        return WebhookOut.of(webhook)

    @app.delete(
        owner.webhook,
        summary=f"Delete {owner.title}",
        description="Waiting deliveries are cancelled. The delivery log can no longer be read.",
        operation_id=f"delete_{owner.noun}",
        status_code=204,
        responses=errors(409),
    )
    @needs(owner.writes)
    def delete(call: ThisCall) -> None:
        management.delete(call, owner.webhook_id(call))

    _care(app, management)


def _care(app: Api, management: Management) -> None:
    """Register the routes that rotate a signing secret, and the one that sends a test."""
    owner = management.owner

    @app.post(
        f"{owner.webhook}/rotate-secret",
        summary=f"Rotate the signing secret of {owner.title}",
        description="The new secret is shown only once. Until the overlap ends, deliveries are signed with both "
        "secrets. A signature that allows a single secret uses the old one, and the new one is pending.",
        operation_id=f"rotate_{owner.noun}_secret",
        responses=errors(409),
    )
    @needs(owner.writes, plan=owner.plan)
    def rotate_secret(
        call: ThisCall,
        webhook: Annotated[Webhook, Depends(owner.this_webhook)],
        data: Annotated[management.rotation, Body()],  # type: ignore[name-defined]
    ) -> WebhookCreated:
        return _created(*service.rotate_secret(call.caller, webhook, data.overlap_hours))

    @app.post(
        f"{owner.webhook}/expire-old-secret",
        summary=f"End the secret rotation of {owner.title}",
        description="From the next attempt on, only the new secret signs, also if it was pending.",
        operation_id=f"expire_old_{owner.noun}_secret",
        responses=errors(409),
    )
    @needs(owner.writes, plan=owner.plan)
    def expire_old_secret(call: ThisCall, webhook: Annotated[Webhook, Depends(owner.this_webhook)]) -> WebhookOut:
        return WebhookOut.of(service.expire_old_secret(call.caller, webhook))

    @app.post(
        f"{owner.webhook}/test",
        summary=f"Send a test delivery to {owner.title}",
        description='The test is signed like any delivery and marked with `"test": true` and X-FM-Webhook-Test. It '
        "is not retried, and a failure is not counted. Read the delivery to see its result.",
        operation_id=f"test_{owner.noun}",
        status_code=202,
    )
    @needs(owner.writes, plan=owner.plan)
    def send_test(
        call: ThisCall,
        webhook: Annotated[Webhook, Depends(owner.this_webhook)],
        data: Annotated[management.test, Body()],  # type: ignore[name-defined]
    ) -> DeliveryOut:
        return DeliveryOut.of(deliveries.send_test(call.caller, webhook, data.event_type), webhook)

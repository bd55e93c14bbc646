"""The kinds of owners of outgoing webhooks. Each module here is one kind, with its own set of routes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import Request

from ferryman.aws import dynamodb as store
from ferryman.errors import NotFound
from ferryman.http.call import Call
from ferryman.identity.permissions import Scope
from ferryman.identity.plans import Plan
from ferryman.schema import Input, ListQuery
from ferryman.webhooks.deliveries import service as deliveries_service
from ferryman.webhooks.deliveries import table as deliveries
from ferryman.webhooks.deliveries.model import Delivery
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import RotationIn, WebhookOut


@dataclass(frozen=True, kw_only=True)
class Owner:
    """One kind of webhooks: the paths of its routes, their scopes and plan, and the function that reads a webhook."""

    webhooks: str  # the rule of the list: /v1/bots/<bot_id>/callbacks
    webhook: str  # the rule of one webhook
    delivery: str  # the rule of one delivery
    replay: str  # the path parameter of a replay
    noun: str  # in names of operations: callback
    log_noun: str  # the same in names of delivery operations; empty for the workspace's own webhooks
    title: str  # in summaries: a bot callback
    reads: Scope
    writes: Scope
    plan: Plan | None = None  # the plan that every route except deletion needs
    read: Callable[[Call, str], Webhook]  # raises NotFound for a webhook that the caller may not see

    def webhook_id(self, call: Call) -> str:
        """The id of the webhook that the request names."""
        return call.id(_last_parameter(self.webhook))

    def this_webhook(self, request: Request) -> Webhook:
        """The webhook that the request names. Raises NotFound."""
        call: Call = request.context["call"]
        return self.read(call, self.webhook_id(call))

    def this_delivery(self, request: Request) -> tuple[Delivery, Webhook]:
        """The delivery that the request names, and its webhook. Raises NotFound."""
        call: Call = request.context["call"]
        delivery_id = call.id(_last_parameter(self.delivery))
        if not self.delivery.startswith(f"{self.webhook}/"):
            return deliveries_service.get_visible(call.caller, delivery_id)
        webhook = self.this_webhook(request)
        delivery = deliveries.get(webhook.workspace_id, delivery_id)
        if delivery.webhook_id != webhook.webhook_id:
            raise NotFound("The delivery does not exist.")
        return delivery, webhook


@dataclass(frozen=True, kw_only=True)
class Management:
    """How the webhooks of one kind are created, listed and changed: their models, texts and functions."""

    owner: Owner
    created: str  # the description of the creating route
    listed: str  # the part of the list's description that says who sees which webhooks
    takes: type[Input]
    changes: type[Input]
    test: type[Input]  # with the field `event_type`
    rotation: type[RotationIn] = RotationIn
    create: Callable[[Call, Any], tuple[Webhook, str]]
    query: type[ListQuery] = ListQuery  # the filters of the list
    page: Callable[[Call, Any, store.Key | None], tuple[list[Webhook], store.Key | None]]
    edit: Callable[[Call, str, Any], Webhook]
    delete: Callable[[Call, str], None]
    shown: Callable[[list[Webhook]], list[WebhookOut]] = lambda webhooks: [WebhookOut.of(one) for one in webhooks]


def _last_parameter(rule: str) -> str:
    return rule.rpartition("<")[2].partition(">")[0]

"""A connectivity check: one small POST to a webhook's URL without a signature, whose outcome the caller sees at once.

The check is not a delivery: it is not in the delivery log, is not retried, and does not count towards disabling. It
goes through the same SSRF guard as a delivery.
"""

import json

from ferryman import clock, log, settings
from ferryman.aws import dynamodb as store
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.outbound import allowed_targets, transport
from ferryman.outbound.outcomes import Outcome, Unreachable
from ferryman.webhooks.subscriptions.model import Webhook


def send(caller: Caller, webhook: Webhook) -> Outcome:
    """Call the webhook's URL once, whether or not the webhook is enabled. Returns the outcome."""
    body = {
        "type": "connectivity.check",
        "text": "Ferryman checks that this address can be reached. This request is not signed.",
        "webhook_id": webhook.webhook_id,
        "sent_at": clock.now_iso(),
    }
    store.commit(audit.writes(caller, "webhook.checked", webhook.webhook_id))
    outcome = transport.post(
        webhook.url,
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        allowed_targets=allowed_targets.of_deployment(),
        deadline_seconds=settings.integer("ATTEMPT_TIMEOUT_SECONDS"),
    )
    log.event(
        "webhook.checked",
        workspace_id=webhook.workspace_id,
        webhook_id=webhook.webhook_id,
        outcome=outcome.error if isinstance(outcome, Unreachable) else outcome.status,
        duration_ms=outcome.duration_ms,
    )
    return outcome

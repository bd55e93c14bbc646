"""A person's decision about the events that a webhook missed while it was disabled: deliver them, or discard them.

`pipeline.held` finds the events and delivers them.
"""

from ferryman.aws import dynamodb as store
from ferryman.identity.audit import service as audit
from ferryman.identity.credentials.model import Caller
from ferryman.webhooks.replays import table
from ferryman.webhooks.replays.model import new_replay
from ferryman.webhooks.subscriptions import table as webhooks
from ferryman.webhooks.subscriptions.model import Webhook
from ferryman.webhooks.subscriptions.schema import Held


def decide(caller: Caller, webhook: Webhook, choice: Held) -> Webhook:
    """Start to deliver the events that a webhook missed while it was disabled, oldest first; or discard them.

    `choice` says which. Returns the changed webhook. Raises Conflict if another request decided at the same time.
    """
    writes = [webhooks.decided(webhook), *audit.writes(caller, "webhook.edited", webhook.webhook_id, {"held": choice})]
    if choice == "deliver":
        job = new_replay(caller, webhook)
        job.held, job.since, job.until = True, webhook.held_from, webhook.held_until
        writes.append(table.creating(job))
    store.commit(writes)
    return webhooks.get(webhook.workspace_id, webhook.webhook_id)
